"""The facts behind an `event` leaf, in memory: how many lay in its window at any moment."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from journeys.conditions.asking import Ask, Row
from journeys.conditions.counting import Count, Distinct, Quantifier
from journeys.conditions.dialect import among
from journeys.conditions.members import Person, members
from journeys.conditions.numbers import total
from journeys.conditions.operators import kind_of, plain
from journeys.conditions.stages import Move, Standing, standings
from journeys.conditions.tree import Evidence, History, Verdict
from journeys.conditions.windows import BEGINNING, ENROLLMENT, STAGE, drops_out

if TYPE_CHECKING:
    from journeys.conditions.leaves.event import EventLeaf

NEWEST = 5
#: A window's start, whether that moment itself counts, and the end of a full period.
Edges = tuple[datetime, bool, datetime | None]


class Fact(NamedTuple):
    """When it happened, what makes it different (`distinct`), and what can be shown of it."""

    at: datetime
    product: str
    value: Any
    shown: Mapping[str, Any] | None


def gather(
    leaf: EventLeaf, rows: Sequence[Row], ask: Ask, *, detail: bool
) -> Mapping[int, History]:
    """Each row's history, by at most three SELECTs: facts, people, stages."""
    stays = standings(rows, ask, leaf.product) if _in_stage(leaf) else {}
    own = {row.id: row.subscription is not None or leaf.product for row in rows}
    windows = {
        r.id: _Window(leaf, r, stays[r.id] if stays and own[r.id] else [], ask) for r in rows
    }
    if isinstance(leaf.by, Quantifier):
        people = members(leaf.by.role, rows, ask)
        ids = [person.id for those in people.values() for person in those]
        facts = _facts(leaf, "contact_id", ids, ask, detail=detail)
        return {
            row.id: _ByPeople(
                leaf, windows[row.id],
                {p: _Timeline(leaf, row, facts.get(p.id, [])) for p in people.get(row.account, ())},
            )
            for row in rows
        }  # fmt: skip
    column, owner = ("account_id", _account) if leaf.by == "account" else ("contact_id", _contact)
    facts = _facts(leaf, column, [owner(row) for row in rows], ask, detail=detail)
    return {
        row.id: _Counted(leaf, windows[row.id], _Timeline(leaf, row, facts.get(owner(row), [])))
        for row in rows
    }


def _in_stage(leaf: EventLeaf) -> bool:
    return leaf.within is not None and leaf.within.text == STAGE


def _account(row: Row) -> int | None:
    return row.account


def _contact(row: Row) -> int | None:
    return row.contact


def _facts(
    leaf: EventLeaf, column: str, ids: Iterable[int | None], ask: Ask, *, detail: bool
) -> Mapping[int | None, list[Fact]]:
    """Facts by owner, oldest first, by one SELECT."""
    differs = _amount(leaf.sum) if leaf.sum else _difference(leaf.distinct, ask)
    wants_properties = detail or bool(leaf.sum or (leaf.distinct and leaf.distinct.path))
    columns = [column, "occurred_at", "product", *(["properties"] if wants_properties else [])]
    found = leaf.facts(ask).filter(among(column, ids)).order_by("occurred_at", "id")
    plain = leaf.within is None and leaf.distinct is None and leaf.row is None and not leaf.sum
    plain = plain and not leaf.counts_all
    if not detail and plain:
        # of each owner only as many as can decide: what is left out could not change a verdict
        nth = Window(
            RowNumber(), partition_by=[F(column), F("product")], order_by=["occurred_at", "id"]
        )
        found = found.annotate(nth=nth).filter(nth__lte=leaf.count.decides)
    if detail:
        columns += ["contact__name", "contact__user_id"]
    facts: dict[int | None, list[Fact]] = defaultdict(list)
    for owner, at, product, *more in found.values_list(*columns):
        value = differs(at, more[0] if more else {})
        if value is not None:
            shown = _shown(leaf.name, at, *more) if detail else None
            facts[owner].append(Fact(at, product, value, shown))
    return facts


def _shown(name: str, at: datetime, properties: Any, who: str | None, user: str | None) -> Any:
    return {"at": at, "name": name, "who": who or user or "", "properties": properties}


def _amount(path: Sequence[str]) -> Callable[[datetime, Any], Any]:
    """The number a fact adds; None for a fact without one."""

    def amount(_at: datetime, properties: Any) -> Any:
        found = _scalar(properties, path)
        return found[1] if found and found[0] == "number" else None

    return amount


def _difference(distinct: Distinct | None, ask: Ask) -> Callable[[datetime, Any], Any]:
    """What makes one fact different from another; None for a fact that does not count."""
    if distinct is None:
        return lambda at, _properties: True
    if distinct.counts_days:
        zone = ZoneInfo(distinct.zone or ask.zone)
        return lambda at, _properties: at.astimezone(zone).date()
    path = distinct.path
    return lambda _at, properties: _scalar(properties, path)


def _scalar(properties: Any, path: Sequence[str]) -> Any:
    for key in path:
        properties = properties.get(key) if isinstance(properties, dict) else None
    kind = kind_of(properties)
    return (kind, plain(properties)) if kind in ("text", "number", "boolean") else None


class _Timeline:
    """One owner's facts in time order, of the product asked about."""

    def __init__(self, leaf: EventLeaf, row: Row, facts: list[Fact]) -> None:
        product = leaf.product or row.product
        self.facts = [f for f in facts if not product or f.product in ("", product)]
        self.times = [fact.at for fact in self.facts]
        self.differs, self.adds = leaf.distinct is not None, bool(leaf.sum)

    def inside(self, window: Edges | None, at: datetime) -> list[Fact]:
        """The facts after the window's start (or at it, when it is a first stage's) up to `at`.

        A full period has an end of its own, which lies outside.
        """
        if window is None:
            return []
        start, closed, end = window
        first = (bisect_left if closed else bisect_right)(self.times, start)
        last = bisect_right(self.times, at) if end is None else bisect_left(self.times, end)
        return self.facts[first:last]

    def crossings(self, count: Count) -> Iterator[datetime]:
        """When the number of all facts so far came to the least, and when it passed the most."""
        seen: set[Any] = set()
        for number, fact in enumerate(self.facts, start=1):
            so_far = len(seen) + (fact.value not in seen) if self.differs else number
            seen.add(fact.value)
            if so_far == count.least or so_far - 1 == count.most:
                yield fact.at

    def number(self, window: Edges | None, at: datetime) -> float:
        inside = self.inside(window, at)
        if self.adds:
            return total(fact.value for fact in inside)
        return len({fact.value for fact in inside}) if self.differs else len(inside)


@dataclass(frozen=True)
class _Window:
    """A leaf's window for one subject, at any moment."""

    leaf: EventLeaf
    row: Row
    stays: list[Standing]
    ask: Ask

    def all_at(self, at: datetime) -> list[Edges | None]:
        """The windows in each of which the count must hold: one, or the full periods."""
        if self.leaf.row is None:
            return [self.at(at)]
        return [(start, True, end) for start, end in self.leaf.row.spans(at, self.ask.zone)]

    def at(self, at: datetime) -> Edges | None:
        """Its start and whether that moment itself counts; None where there is no window."""
        within = self.leaf.within
        if within is None:
            return BEGINNING, True, None
        if within.span is not None:
            return self.leaf.start(self.ask, at), False, None
        if within.text == ENROLLMENT:
            return (self.row.entered_at, False, None) if self.row.entered_at else None
        move = self._move(at)
        return (move.at, move.is_first, None) if move else None

    def _move(self, at: datetime) -> Move | None:
        found = (s.path.current(at) for s in self.stays if s.lives(at))
        return next((move for move in found if move), None)

    def known_long(self, at: datetime) -> bool:
        """Whether the subject was known before the window began."""
        since = self.row.known_since
        return since is not None and since <= self.leaf.start(self.ask, at)

    def moments(self, facts: _Timeline) -> Iterator[datetime]:
        """When a number of these facts in the window may come to satisfy the count, or cease to."""
        if self.leaf.row is not None:
            yield from self.leaf.row.ends_after(facts.times, self.ask.zone)
            return
        if self.leaf.within is None and not self.leaf.sum and not self.leaf.counts_all:
            yield from facts.crossings(self.leaf.count)
            return
        yield from facts.times
        yield from self._edges(facts.times)

    def _edges(self, times: Iterable[datetime]) -> Iterator[datetime]:
        """When each of these drops out of the window, when tenure suffices, when stages change."""
        span = self.leaf.within.span if self.leaf.within else None
        if span is not None:
            for moment in times:
                yield from drops_out(moment, span, self.ask.days)
            if self.row.known_since and self.leaf.asks_for_tenure:
                yield from drops_out(self.row.known_since, span, self.ask.days)
        for standing in self.stays:
            yield from (move.at for move in standing.path.moves)


def _with_tenure(
    leaf: EventLeaf, window: _Window, answer: bool, at: datetime, number: float
) -> Verdict:
    """What was not seen may have been too early to be known (contracts 1.6)."""
    if leaf.asks_for_tenure and not window.known_long(at):
        if leaf.is_absence and answer:
            return Verdict.UNKNOWN
        if not leaf.is_absence and not answer and not leaf.count.exceeded(number):
            return Verdict.UNKNOWN
    return Verdict.of(answer)


class _Counted(History):
    """The facts of one account or contact."""

    def __init__(self, leaf: EventLeaf, window: _Window, facts: _Timeline) -> None:
        self.leaf, self.window, self.facts = leaf, window, facts

    def verdict(self, at: datetime) -> Verdict:
        numbers = [self.facts.number(window, at) for window in self.window.all_at(at)]
        answer = all(self.leaf.count.holds(number) for number in numbers)
        return _with_tenure(self.leaf, self.window, answer, at, numbers[-1])

    def number(self, at: datetime) -> float:
        """The number itself, for a ratio."""
        return self.facts.number(self.window.at(at), at)

    def moments(self) -> Iterable[datetime]:
        return self.window.moments(self.facts)

    def evidence(self, at: datetime) -> Evidence:
        windows = self.window.all_at(at)
        inside = [fact for window in windows for fact in self.facts.inside(window, at)]
        numbers = [shown_number(self.facts.number(window, at)) for window in windows]
        found: Any = numbers[0]
        if self.leaf.row is not None:
            holding = sum(self.leaf.count.holds(number) for number in numbers)
            found = {"holding": holding, "numbers": numbers}
        return Evidence(found, _newest(inside), len(inside))


class _ByPeople(History):
    """The facts of each of an account's people."""

    def __init__(
        self, leaf: EventLeaf, window: _Window, people: Mapping[Person, _Timeline]
    ) -> None:
        self.leaf, self.window, self.people = leaf, window, people

    def _meeting(self, at: datetime, window: Edges | None) -> dict[Person, bool]:
        holds = self.leaf.count.holds
        return {
            person: holds(facts.number(window, at))
            for person, facts in self.people.items()
            if person.is_there(at)
        }

    def verdict(self, at: datetime) -> Verdict:
        assert isinstance(self.leaf.by, Quantifier)  # noqa: S101 -- gather chose this class
        each = [self._meeting(at, window) for window in self.window.all_at(at)]
        answers = [self.leaf.by.holds(sum(one.values()), len(one)) for one in each]
        if None in answers:
            return Verdict.UNKNOWN
        answer = all(answers)
        return _with_tenure(self.leaf, self.window, answer, at, 0)

    def moments(self) -> Iterable[datetime]:
        for person, facts in self.people.items():
            yield from person.moments()
            yield from self.window.moments(facts)

    def evidence(self, at: datetime) -> Evidence:
        windows = self.window.all_at(at)
        inside = sorted(
            (
                fact
                for person, facts in self.people.items()
                if person.is_there(at)
                for window in windows
                for fact in facts.inside(window, at)
            ),
            key=lambda fact: fact.at,
        )
        meeting = self._meeting(at, windows[-1])
        found = {
            "meeting": sum(meeting.values()),
            "people": len(meeting),
            "names": sorted(p.name for p, meets in meeting.items() if meets),
            "missing": sorted(p.name for p, meets in meeting.items() if not meets),
        }
        return Evidence(found, _newest(inside), len(inside))


def _newest(inside: Sequence[Fact]) -> tuple[Mapping[str, Any], ...]:
    return tuple(fact.shown for fact in reversed(inside[-NEWEST:]) if fact.shown)


def shown_number(number: float) -> float:
    """A sum without its empty decimals."""
    return int(number) if float(number).is_integer() else number
