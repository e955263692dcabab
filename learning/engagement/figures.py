"""The report: a line for each item, and everything together. 13 queries, however much there is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from learning.engagement import happened
from learning.engagement.asking import Question
from learning.engagement.audience import Audience, audience, is_asked_for
from learning.engagement.happened import Looks, Pair
from learning.engagement.items import Item, Kind, published
from learning.engagement.leaving import Leaving, by_account, leaving
from learning.engagement.proving import GOAL, Acting, Deeds, Proof, proofs
from learning.engagement.stays import Route, Stay, route

ENOUGH = 20  # below that a share says more than is known (R80, design 1.4)


@dataclass(frozen=True)
class Share:
    """`part` of `whole`; `percent` only where `whole` is large enough for one."""

    part: int
    whole: int

    @property
    def percent(self) -> int | None:
        return (200 * self.part + self.whole) // (2 * self.whole) if self.whole >= ENOUGH else None


@dataclass(frozen=True)
class Line:
    """One item's people (and companies). `completed` and `acting` are None where nothing tells."""

    item: Item
    targeted: int
    reached: frozenset[int]
    readers: dict[int, datetime]
    completed: frozenset[int] | None
    acting: Acting | None
    leaving: Leaving

    @property
    def viewed(self) -> Share:
        """Really looked at it, of those it is meant for (R73)."""
        return Share(len(self.readers), self.targeted)

    @property
    def done(self) -> Share | None:
        """Came to its end, of those who viewed it."""
        return None if self.completed is None else Share(len(self.completed), len(self.readers))

    @property
    def acted(self) -> Share | None:
        """Went on to the next action, of those it reached."""
        return None if self.acting is None else Share(len(self.acting.acted), len(self.reached))

    @property
    def left(self) -> Share:
        """Companies that went on, of those that looked at it in the stage."""
        return Share(len(self.leaving.left), len(self.leaving.looked))


@dataclass(frozen=True)
class Whole:
    """Every person and company once, over all lines."""

    accounts: int
    targeted: int
    reached: Share
    viewed: Share
    completed: Share
    acted: Share  # of those reached by an item whose next action leaves a trace
    left: Share
    may_still_act: int
    may_still_leave: int


@dataclass(frozen=True)
class Report:
    """All that the page, the list of companies and the sheet show."""

    question: Question
    lines: tuple[Line, ...]
    whole: Whole
    people: Audience
    route: Route
    brought: Counter[Pair]


@dataclass(frozen=True)
class _Material:
    """What was read, by item where it belongs to one."""

    question: Question
    people: Audience
    looks: Looks
    opened: Mapping[UUID, Sequence[int]]
    brought: Mapping[UUID, Sequence[int]]
    finished: frozenset[Pair]
    proofs: Mapping[UUID, Proof]
    deeds: Deeds
    stays: Mapping[int, Sequence[Stay]]


def report(question: Question) -> Report:
    """The figures that answer `question`; 13 queries."""
    way = route(question.now)
    people = audience(question, way)
    items = published()
    looks = happened.looks(question)
    brought = happened.brought(items, question)
    found = proofs(items)
    facts = happened.facts([GOAL, *(proof.fact for proof in found.values())], question)
    material = _Material(
        question=question,
        people=people,
        looks=looks,
        opened=_by_item(looks.opened),
        brought=_by_item(brought),
        finished=happened.finished(question),
        proofs=found,
        deeds=Deeds(facts, looks),
        stays=by_account(way.stays),
    )
    lines = tuple(_line(item, material) for item in items if is_asked_for(item, question))
    return Report(question, lines, _whole(lines, people), people, way, brought)


def _by_item(pairs: Iterable[Pair]) -> Mapping[UUID, Sequence[int]]:
    found: dict[UUID, list[int]] = defaultdict(list)
    for key, contact in pairs:
        found[key].append(contact)
    return found


def _line(item: Item, of: _Material) -> Line:
    accounts = of.people.account_of
    opened = [c for c in of.opened.get(item.key, ()) if of.people.is_meant(item, c)]
    sent = [c for c in of.brought.get(item.key, ()) if of.people.is_meant(item, c)]
    firsts = {contact: of.looks.first(item.key, contact) for contact in opened}
    readers = {contact: first for contact, first in firsts.items() if first is not None}
    proof = of.proofs.get(item.key)
    return Line(
        item=item,
        targeted=of.people.count(item),
        reached=frozenset([*opened, *sent]),
        readers=readers,
        completed=_completed(item, readers, of),
        acting=of.deeds.acting(proof, readers, accounts, of.question) if proof else None,
        leaving=leaving(item, readers, of.looks, of.stays, accounts, of.question),
    )


def _completed(item: Item, readers: Iterable[int], of: _Material) -> frozenset[int] | None:
    """A lesson by its completion; an article by having had every block on the screen."""
    if item.kind == Kind.LESSON:
        return frozenset(c for c in readers if (item.key, c) in of.finished)
    if not item.blocks:
        return None
    seen = of.looks.blocks
    return frozenset(c for c in readers if item.blocks <= seen.get((item.key, c), frozenset()))


def _whole(lines: Sequence[Line], people: Audience) -> Whole:
    targeted = people.anyone([line.item for line in lines])
    reached = _together(line.reached for line in lines)
    readers = _together(line.readers for line in lines)
    completed = _together(line.completed or () for line in lines)
    asked = _together(line.reached for line in lines if line.acting)
    acted = _together(line.acting.acted for line in lines if line.acting)
    may_still = _together(line.acting.may_still for line in lines if line.acting)
    looked = _together(line.leaving.looked for line in lines)
    left = _together(line.leaving.left for line in lines)
    leaving_on = _together(line.leaving.may_still for line in lines)
    return Whole(
        accounts=len(people.accounts(targeted)),
        targeted=len(targeted),
        reached=Share(len(reached), len(targeted)),
        viewed=Share(len(readers), len(targeted)),
        completed=Share(len(completed), len(readers)),
        acted=Share(len(acted), len(asked)),
        left=Share(len(left), len(looked)),
        may_still_act=len(may_still - acted),
        may_still_leave=len(leaving_on - left),
    )


def _together(groups: Iterable[Iterable[int]]) -> set[int]:
    return {one for group in groups for one in group}
