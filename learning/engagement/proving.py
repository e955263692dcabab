"""Whether a reader went on to the next action: by a fact, or by opening the page it leads to."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from journeys import conditions
from learning.engagement.asking import ANSWERED_WITHIN, Question
from learning.engagement.happened import Fact, Looks
from learning.engagement.items import Item

GOAL = "goal.set"


@dataclass(frozen=True)
class Proof:
    """A fact's name with what must be true of it, or the pages one of which must be viewed."""

    fact: str = ""
    where: tuple[tuple[str, Any], ...] = ()  # path, journeys.conditions' operators
    pages: frozenset[UUID] = frozenset()

    def holds(self, properties: Mapping[str, object]) -> bool:
        return all(ops.verdict(_at(properties, path)) is True for path, ops in self.where)


def proofs(items: Sequence[Item]) -> dict[UUID, Proof]:
    """How each item's next action is proved; those that cannot be are left out."""
    pages: dict[str, set[UUID]] = defaultdict(set)
    for item in items:
        for target in item.targets:
            pages[target].add(item.key)
        if item.course:
            pages[f"course:{item.course}"].add(item.key)
    found = {item.key: _proof(item, pages) for item in items}
    return {key: proof for key, proof in found.items() if proof is not None}


def _proof(item: Item, pages: Mapping[str, set[UUID]]) -> Proof | None:
    """`done_by` says most; else what the next action leads to, if that leaves a trace."""
    if item.done_by:
        return _fact(item.done_by)
    if item.next_to == "goal":
        return Proof(fact=GOAL)
    if leads_to := pages.get(item.next_to, set()) - {item.key}:
        return Proof(pages=frozenset(leads_to))
    return None


def _fact(done_by: Mapping[str, Any]) -> Proof | None:
    where = {"where": done_by["where"]} if done_by.get("where") else {}
    try:
        leaf: Any = conditions.parse({"event": {"name": done_by["event"], **where}})
    except conditions.ConditionError:
        return None
    return Proof(fact=leaf.name, where=leaf.where)


def _at(properties: object, path: str) -> object:
    """The value under a dotted path; None where there is none."""
    for step in path.split("."):
        properties = properties.get(step) if isinstance(properties, Mapping) else None
    return properties


@dataclass(frozen=True)
class Acting:
    """Readers who went on within seven days of their first view, and who still may."""

    acted: frozenset[int]
    may_still: frozenset[int]


class Deeds:
    """When what proves something happened, by company and by person."""

    def __init__(self, facts: Mapping[str, Sequence[Fact]], looks: Looks) -> None:
        self.facts = facts
        self.looks = looks
        self._times: dict[Proof, dict[tuple[str, int], list[datetime]]] = {}

    def acting(
        self, proof: Proof, readers: Mapping[int, datetime], accounts: Mapping[int, int],
        question: Question,
    ) -> Acting:  # fmt: skip
        """What became of `readers` (contact → first view), `accounts` being their companies."""
        acted, may_still = set(), set()
        for contact, seen_at in readers.items():
            ends = seen_at + ANSWERED_WITHIN
            if any(_between(times, seen_at, ends) for times in self._of(proof, contact, accounts)):
                acted.add(contact)
            elif ends > question.now:
                may_still.add(contact)
        return Acting(frozenset(acted), frozenset(may_still))

    def _of(
        self, proof: Proof, contact: int, accounts: Mapping[int, int]
    ) -> list[Sequence[datetime]]:
        if proof.pages:
            return [self.looks.at.get((page, contact), ()) for page in proof.pages]
        if proof not in self._times:
            self._times[proof] = self._happened(proof)
        times = self._times[proof]
        whose = (("account", accounts[contact]), ("contact", contact))
        return [times.get(who, []) for who in whose]

    def _happened(self, proof: Proof) -> dict[tuple[str, int], list[datetime]]:
        found: dict[tuple[str, int], list[datetime]] = defaultdict(list)
        for fact in self.facts.get(proof.fact, ()):
            if proof.holds(fact.properties):
                if fact.account_id is not None:
                    found["account", fact.account_id].append(fact.at)
                if fact.contact_id is not None:
                    found["contact", fact.contact_id].append(fact.at)
        return found


def _between(times: Sequence[datetime], after: datetime, until: datetime) -> bool:
    """Whether one of the ordered `times` lies after `after` and not after `until`."""
    place = bisect_right(times, after)
    return place < len(times) and times[place] <= until
