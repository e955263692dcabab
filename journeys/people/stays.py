"""A person's time in accounts and in roles there, as rows with from and to. Pure (I4).

The rows are Membership instances, saved or not; `note` hears of each that must be written.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from journeys.models import Account, Contact, Membership

Span = tuple[datetime, datetime | None]


class Stays:
    """One user id's stays in accounts, in the order they began; one account at a time."""

    def __init__(
        self,
        rows: Iterable[Membership],
        note: Callable[..., Any],
        received_at: datetime,
        said: Mapping[UUID, Iterable[datetime]] | None = None,
    ) -> None:
        self.rows = sorted(rows, key=lambda row: row.from_at)
        # When a group call named the account of which contact.
        self.said = defaultdict(list, {uid: sorted(at) for uid, at in (said or {}).items()})
        self.note = note
        self.received_at = received_at

    def __bool__(self) -> bool:
        return bool(self.rows)

    @property
    def first(self) -> Membership:
        return self.rows[0]

    @property
    def last(self) -> Membership:
        return self.rows[-1]

    def at(self, moment: datetime) -> Membership:
        """The stay that held then: the last that had begun, else the first."""
        return self.rows[max(0, self._index(moment) - 1)]

    def of(self, contact: Contact) -> list[Span]:
        return [(row.from_at, row.to_at) for row in self.rows if row.contact is contact]

    def enter(self, contact: Contact, account: Account, moment: datetime) -> list[Membership]:
        """`contact` is in `account` from `moment`; the new rows.

        A late move holds until the next time the older account was confirmed.
        """
        index = self._index(moment)
        before = self.rows[index - 1] if index else None
        after = self.rows[index] if index < len(self.rows) else None
        if before is not None and not _holds(before, moment):
            before = None
        insort(self.said[contact.uid], moment)
        if before is not None and before.account is account:
            return []
        until = after.from_at if after else None
        again = self._confirmed(before.contact, moment, until) if before else None
        new: list[Membership] = []
        if again is None and after is not None and after.account is account:
            self.note(after, from_at=moment)
        else:
            new.append(self._row(contact, account, moment, again or until))
        if before is not None:
            if again is not None:
                new.append(self._row(before.contact, before.account, again, before.to_at))
            self.note(before, to_at=moment, ended_received_at=self.received_at)
        self.rows[index:index] = new
        return new

    def _confirmed(
        self, contact: Contact, moment: datetime, until: datetime | None
    ) -> datetime | None:
        later = next((t for t in self.said[contact.uid] if t > moment), None)
        return later if later and (until is None or later < until) else None

    def _row(
        self, contact: Contact, account: Account, start: datetime, end: datetime | None
    ) -> Membership:
        return Membership(
            contact=contact,
            account=account,
            from_at=start,
            received_at=self.received_at,
            to_at=end,
            ended_received_at=None if end is None else self.received_at,
        )

    def reach_back(self, account: Account, moment: datetime) -> bool:
        """The first stay began earlier than was known, when it is in this account."""
        if self.first.account is not account or moment >= self.first.from_at:
            return False
        self.note(self.first, from_at=moment)
        return True

    def _index(self, moment: datetime) -> int:
        return bisect_right(self.rows, moment, key=lambda row: row.from_at)


def _holds(row: Membership, moment: datetime) -> bool:
    return row.to_at is None or row.to_at > moment


def role_spans(
    said: Sequence[tuple[datetime, Sequence[str]]], stays: Iterable[Span]
) -> dict[str, list[Span]]:
    """When which role was held: the dated lists of roles, cut to the stays in the account."""
    held: defaultdict[str, list[Span]] = defaultdict(list)
    ends = [moment for moment, _roles in said[1:]]
    for (start, names), end in zip(said, [*ends, None], strict=False):
        for name in names:
            spans = held[name]
            if spans and spans[-1][1] == start:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
    bounds = list(stays)
    return {
        name: [cut for span in spans for bound in bounds if (cut := _cut(span, bound))]
        for name, spans in held.items()
    }


def _cut(span: Span, bound: Span) -> Span | None:
    start = max(span[0], bound[0])
    ends = [end for end in (span[1], bound[1]) if end is not None]
    end = min(ends) if ends else None
    return None if end is not None and end <= start else (start, end)


def fit_roles(
    contact: Contact,
    rows: Iterable[Membership],
    wanted: dict[str, list[Span]],
    note: Callable[..., Any],
    received_at: datetime,
) -> list[Membership]:
    """Bring the role rows of a contact to the wanted spans; the rows that are new."""
    by_role: defaultdict[str, list[Membership]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.from_at):
        by_role[row.role].append(row)
    new: list[Membership] = []
    for role in by_role.keys() | wanted.keys():
        spans, there = wanted.get(role, []), by_role[role]
        for row, (start, end) in zip(there, spans, strict=False):
            _note_span(row, start, end, note, received_at)
        for row in there[len(spans) :]:
            _note_span(row, row.from_at, row.from_at, note, received_at)
        new += [
            Membership(
                contact=contact,
                account=contact.account,
                role=role,
                from_at=start,
                received_at=received_at,
                to_at=end,
                ended_received_at=None if end is None else received_at,
            )
            for start, end in spans[len(there) :]
        ]
    return new


def _note_span(
    row: Membership,
    start: datetime,
    end: datetime | None,
    note: Callable[..., Any],
    received_at: datetime,
) -> None:
    known = row.ended_received_at if row.to_at == end else received_at
    note(row, from_at=start, to_at=end, ended_received_at=None if end is None else known)
