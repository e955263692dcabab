"""Facts from inside the house."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from journeys import db
from journeys.facts import times
from journeys.models import Account, Contact, Event, Receipt
from journeys.people import Delivered, Roster, canonical, deliverables

HOUSE = "junro"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened at `occurred_at` (aware), about a contact, an account, or nobody.

    Without `account_id` it is a fact of the contact's account. With a `message_id` it happens
    once.
    """

    name: str
    occurred_at: datetime
    account_id: int | None = None
    contact_id: int | None = None
    product: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    message_id: str | None = None


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
    """Record that one thing happened: `record_all` of one fact. None when it was known already."""
    fact = Fact(name, occurred_at, account_id, contact_id, product, properties or {}, message_id)
    return record_all([fact], received_at=received_at, source=source)[0]


@transaction.atomic
def record_all(
    facts: Sequence[Fact], *, received_at: datetime, source: str = HOUSE
) -> list[Event | None]:
    """Record what happened, in the caller's transaction if there is one; the facts' rows.

    None stands for a fact whose message id was recorded before. A time that cannot be true becomes
    `received_at`, flagged (I5). Sets known_since, deliverables and their traits as the HTTP door
    does. The number of statements does not depend on the number of facts.
    """
    accounts, contacts = _named(facts)
    fresh = _sign(facts, source, received_at)
    events = [
        _event(fact, accounts, contacts, received_at, source) if new else None
        for fact, new in zip(facts, fresh, strict=True)
    ]
    recorded = [event for event in events if event is not None]
    db.insert_known(recorded)
    _spread(recorded, received_at, source)
    return events


def _named(facts: Iterable[Fact]) -> tuple[dict[int, Account], dict[int, Contact]]:
    """Whom the facts name, each once; at most two SELECTs. DoesNotExist when one is not there."""
    said = list(facts)
    wanted = {fact.contact_id for fact in said if fact.contact_id is not None}
    contacts = Contact.objects.in_bulk(wanted) if wanted else {}
    if missing := wanted - contacts.keys():
        raise Contact.DoesNotExist(f"No contact has the id {min(missing)}.")
    wanted = {fact.account_id for fact in said if fact.account_id is not None}
    wanted |= {one.account_id for one in contacts.values() if one.account_id is not None}
    accounts = Account.objects.in_bulk(wanted) if wanted else {}
    if missing := wanted - accounts.keys():
        raise Account.DoesNotExist(f"No account has the id {min(missing)}.")
    return accounts, contacts


def _event(
    fact: Fact,
    accounts: Mapping[int, Account],
    contacts: Mapping[int, Contact],
    received_at: datetime,
    source: str,
) -> Event:
    contact = contacts[fact.contact_id] if fact.contact_id is not None else None
    account_id = fact.account_id or (contact.account_id if contact else None)
    clamped = not times.EARLIEST <= fact.occurred_at <= received_at + times.AHEAD
    return Event(
        name=fact.name,
        account=accounts[account_id] if account_id is not None else None,
        contact=contact,
        product=fact.product,
        occurred_at=received_at if clamped else fact.occurred_at,
        received_at=received_at,
        properties=dict(fact.properties),
        source=source,
        flags=[times.CLAMPED] if clamped else [],
    )


def _spread(events: Sequence[Event], received_at: datetime, source: str) -> None:
    """What else is true now: since when they are known, and what state a deliverable is in."""
    roster = Roster(received_at, source)
    roster.contracts.locked = True
    delivered: list[Delivered] = []
    for event in events:
        for noun in (event.account, event.contact):
            if noun is not None:
                roster.seen(noun, event.occurred_at)
        if event.account is not None and event.name == deliverables.NAME:
            fact = deliverables.read(
                event.account, event.product, event.properties, event.occurred_at
            )
            delivered += [fact] if fact else []
    roster.read_contracts(delivered)
    roster.settle()
    roster.write()


def _sign(facts: Sequence[Fact], source: str, received_at: datetime) -> list[bool]:
    """Which facts are news: those without a message id, and the first under each new one."""
    first: dict[str, int] = {}
    for place, fact in enumerate(facts):
        if fact.message_id is not None:
            first.setdefault(fact.message_id, place)
    ours = db.insert_new(
        [
            Receipt(
                source=source,
                message_id=message_id,
                body_hash=_hash(facts[place]),
                received_at=received_at,
            )
            for message_id, place in sorted(first.items())
        ],
        "message_id",
    )
    return [
        fact.message_id is None or (fact.message_id in ours and first[fact.message_id] == place)
        for place, fact in enumerate(facts)
    ]


def _hash(fact: Fact) -> str:
    return hashlib.sha256(canonical((fact.name, dict(fact.properties)))).hexdigest()
