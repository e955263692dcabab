""" "X is in state Y": facts that become a trait of the contract and a row of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from journeys.models import Account, Contact, Deliverable, Event, Subscription
from journeys.people.changes import Changes
from journeys.people.traits import Traits

NAME = "deliverable.changed"
PREFIX = "deliverable."


@dataclass(frozen=True, slots=True)
class Delivered:
    account: Account
    product: str
    key: str
    state: str
    at: datetime


def trait(key: str) -> str:
    """The contract's trait that holds a deliverable's state (contracts 1.14)."""
    return f"{PREFIX}{key}"


def read(
    account: Account, product: str, properties: Mapping[str, Any], moment: datetime
) -> Delivered | None:
    """What a `deliverable.changed` fact says; None when it does not say it in texts."""
    key, state = properties.get("deliverable"), properties.get("state")
    if not all(isinstance(one, str) and 0 < len(one) <= 100 for one in (key, state)):
        return None
    return Delivered(account, product, str(key), str(state), moment)


def missed(begun: Sequence[Subscription], placed: Mapping[UUID, Contact]) -> Iterator[Delivered]:
    """Facts that were here before the contracts just begun; one SELECT if there may be any."""
    accounts = {c.account.pk: c.account for c in begun if c.account.pk}
    homes = {contact.pk: contact.account for contact in placed.values() if contact.pk}
    if not accounts and not homes:
        return
    whose = Q(account_id__in=accounts) | Q(account_id=None, contact_id__in=homes)
    for event in Event.objects.filter(whose, name=NAME).order_by("occurred_at", "pk"):
        account = accounts.get(event.account_id or 0) or homes.get(event.contact_id or 0)
        if account and (fact := read(account, event.product, event.properties, event.occurred_at)):
            yield fact


def fit(traits: Traits, changes: Changes) -> None:
    """Bring the rows up to date with the traits that changed; one SELECT if any did."""
    changed = {
        (uid, name): traits.timelines[uid, name]
        for uid, names in traits.changed.items()
        for name in names
        if name.startswith(PREFIX) and isinstance(traits.subjects[uid], Subscription)
    }
    if not changed:
        return
    contracts: dict[UUID, Any] = {uid: traits.subjects[uid] for uid, _name in changed}
    ids = [contract.pk for contract in contracts.values() if contract.pk]
    there = {
        (row.subscription_id, trait(row.key)): row
        for row in Deliverable.objects.filter(subscription_id__in=ids)
    }
    for (uid, name), timeline in changed.items():
        if not isinstance(timeline.last, str):
            continue
        contract = contracts[uid]
        row = there.get((contract.pk, name))
        if row is None:
            row = Deliverable(subscription=contract, key=name.removeprefix(PREFIX))
            changes.add(row)
        changes.set(row, state=timeline.last[:100], changed_at=timeline.since)
