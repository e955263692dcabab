"""One fact from inside the house."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from journeys import db
from journeys.facts import times
from journeys.models import Account, Contact, Event, Receipt
from journeys.people import Roster, canonical, deliverables

HOUSE = "junro"


@transaction.atomic
def record(
    *,
    name: str,
    occurred_at: datetime,
    received_at: datetime,
    account_id: int | None = None,
    contact_id: int | None = None,
    product: str = "",
    properties: Mapping[str, Any] | None = None,
    source: str = HOUSE,
    message_id: str | None = None,
) -> Event | None:
    """Record that something happened, in the caller's transaction if there is one.

    Without `account_id` it is a fact of the contact's account. Times are aware; one that cannot be
    true becomes `received_at`, flagged (I5). With a `message_id` it happens once: None when it was
    recorded before. Sets known_since, deliverables and their traits as the HTTP door does.
    """
    said = dict(properties or {})
    if message_id is not None and not _sign(source, message_id, (name, said), received_at):
        return None
    clamped = not times.EARLIEST <= occurred_at <= received_at + times.AHEAD
    moment = received_at if clamped else occurred_at
    contact = _found(Contact, contact_id)
    account = _found(Account, account_id or (contact.account_id if contact else None))
    event = Event.objects.create(
        name=name,
        account=account,
        contact=contact,
        product=product,
        occurred_at=moment,
        received_at=received_at,
        properties=said,
        source=source,
        flags=[times.CLAMPED] if clamped else [],
    )
    _spread(event, account, contact)
    return event


def _spread(event: Event, account: Account | None, contact: Contact | None) -> None:
    """What else is true now: since when they are known, and what state a deliverable is in."""
    roster = Roster(event.received_at, event.source)
    roster.contracts.locked = True
    for noun in (account, contact):
        if noun is not None:
            roster.seen(noun, event.occurred_at)
    delivered = []
    if account is not None and event.name == deliverables.NAME:
        fact = deliverables.read(account, event.product, event.properties, event.occurred_at)
        delivered = [fact] if fact else []
    roster.read_contracts(delivered)
    roster.settle()
    roster.write()


def _found(model: type[Any], pk: int | None) -> Any:
    return None if pk is None else model.objects.get(pk=pk)


def _sign(source: str, message_id: str, body: object, received_at: datetime) -> bool:
    receipt = Receipt(
        source=source,
        message_id=message_id,
        body_hash=hashlib.sha256(canonical(body)).hexdigest(),
        received_at=received_at,
    )
    return bool(db.insert([receipt], ignore_conflicts=True))
