"""The people behind a `people` leaf, in memory, each judged by `who` at any moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from journeys.conditions.asking import Ask, Row
from journeys.conditions.members import Person, members
from journeys.conditions.memory import Memory
from journeys.conditions.tree import Evidence, History, Verdict

if TYPE_CHECKING:
    from journeys.conditions.leaves.people import PeopleLeaf


def gather(
    leaf: PeopleLeaf, rows: Sequence[Row], ask: Ask, *, detail: bool
) -> Mapping[int, History]:
    """Each row's history: the people by one SELECT, and what `who` needs for all of them."""
    people = members(leaf.quantifier.role, rows, ask)
    asked = [
        (row, person, _as_row(number, row, person))
        for number, (row, person) in enumerate(
            (row, person) for row in rows for person in people.get(row.account, ())
        )
    ]
    memory = Memory(leaf.who, [one for _r, _p, one in asked], ask) if leaf.who else None
    found: dict[int, list[_Judged]] = {row.id: [] for row in rows}
    for row, person, one in asked:
        found[row.id].append(_Judged(person, one.id, memory))
    return {row.id: _Quantified(leaf, found[row.id]) for row in rows}


def _as_row(number: int, row: Row, person: Person) -> Row:
    """The person as a subject, in the context of the contract that is asked about."""
    return Row(
        id=number,
        account=row.account,
        contact=person.id,
        subscription=row.subscription,
        product=row.product,
        known_since=person.known_since,
        entered_at=row.entered_at,
        enrollment=row.enrollment,
    )


@dataclass(frozen=True)
class _Judged:
    person: Person
    row_id: int
    memory: Memory | None

    def meets(self, at: datetime) -> bool:
        return self.memory is None or self.memory.verdict(self.row_id, at) is Verdict.MET


class _Quantified(History):
    """How many of an account's people met `who`."""

    def __init__(self, leaf: PeopleLeaf, people: list[_Judged]) -> None:
        self.leaf, self.people = leaf, people

    def _there(self, at: datetime) -> list[_Judged]:
        return [one for one in self.people if one.person.is_there(at)]

    def verdict(self, at: datetime) -> Verdict:
        there = self._there(at)
        meeting = sum(one.meets(at) for one in there)
        return Verdict.of(self.leaf.quantifier.holds(meeting, len(there)))

    def moments(self) -> Iterable[datetime]:
        for one in self.people:
            yield from one.person.moments()
            if one.memory:
                yield from one.memory.moments(one.row_id)

    def evidence(self, at: datetime) -> Evidence:
        there = self._there(at)
        names = [one.person.name for one in there if one.meets(at)]
        missing = [one.person.name for one in there if not one.meets(at)]
        found = {"meeting": len(names), "people": len(there), "names": names, "missing": missing}
        return Evidence(found, (), len(there))
