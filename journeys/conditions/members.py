"""An account's people over time, for the quantifiers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from journeys.conditions.asking import Ask, Row
from journeys.conditions.dialect import among
from journeys.models import Membership


@dataclass(frozen=True)
class Person:
    """A contact and when it was there in the role asked about."""

    id: int
    name: str
    known_since: datetime | None
    stays: tuple[tuple[datetime, datetime | None], ...]

    def is_there(self, at: datetime) -> bool:
        return any(begun <= at and (end is None or end > at) for begun, end in self.stays)

    def moments(self) -> Iterator[datetime]:
        for begun, end in self.stays:
            yield begun
            if end is not None:
                yield end


def members(role: str, rows: Sequence[Row], ask: Ask) -> Mapping[int | None, list[Person]]:
    """Everybody who was in the role by the moment asked about, by account, by one SELECT."""
    found = Membership.objects.filter(
        ask.known(), among("account_id", [row.account for row in rows]),
        role=role, from_at__lte=ask.now,
    ).order_by("contact__kana", "contact__name", "contact_id", "from_at")  # fmt: skip
    stays: dict[int, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    about: dict[int, tuple[int, str, datetime | None]] = {}
    for account, contact, name, user, since, begun, end, end_known in found.values_list(
        "account_id", "contact_id", "contact__name", "contact__user_id", "contact__known_since",
        "from_at", "to_at", "ended_received_at",
    ):  # fmt: skip
        known = end is not None and (end_known is None or ask.knew(end_known))
        stays[contact].append((begun, end if known else None))
        about[contact] = (account, name or user, since)
    people: dict[int | None, list[Person]] = defaultdict(list)
    for contact, (account, name, since) in about.items():
        people[account].append(Person(contact, name, since, tuple(stays[contact])))
    return people
