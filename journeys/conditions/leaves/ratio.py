"""`ratio`: one number over another (contracts 1). Unknown when the lower one is 0 or missing.

Each is the number of an event's facts (or of different ones, or their sum) or a number kept as a
trait. Compared exactly: 3 of 5 is 0.6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from operator import and_, or_
from typing import Any, ClassVar, Self

from django.db.models import FloatField, Q, Subquery
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
)
from django.utils.translation import gettext as _

from journeys.conditions.asking import Ask, Row, Subject, outer
from journeys.conditions.at import At
from journeys.conditions.counting import Quantifier
from journeys.conditions.errors import ConditionError
from journeys.conditions.leaves.event import EventLeaf
from journeys.conditions.leaves.event_history import shown_number
from journeys.conditions.leaves.stood import NOUNS, stood_at, told
from journeys.conditions.numbers import NumberIn, Ratio, compared
from journeys.conditions.operators import kind_of, plain
from journeys.conditions.tree import Evidence, History, Leaf, Verdict
from journeys.conditions.words import ratio_in_words
from journeys.models import TraitChange

SIGNS = ("gt", "gte", "lt", "lte", "eq")
FIELDS = ("of", "to", *SIGNS)
#: A sign's lookup, and the one of its opposite: a sign that is NULL satisfies neither.
_LOOKUPS: dict[str, tuple[Any, Any]] = {
    "gt": (GreaterThan, LessThanOrEqual),
    "gte": (GreaterThanOrEqual, LessThan),
    "lt": (LessThan, GreaterThanOrEqual),
    "lte": (LessThanOrEqual, GreaterThan),
}


@dataclass(frozen=True)
class Facts:
    """The number of an event's facts."""

    event: EventLeaf

    @classmethod
    def read(cls, at: At) -> Self:
        for word in ("count", "every", "in_a_row", "assume_history"):
            if isinstance(at.raw, dict) and word in at.raw:
                here = at.below(at.raw[word], word)
                here.refuse("conflict", _("A ratio compares the number itself."))
        event = EventLeaf.read(at)
        if isinstance(event.by, Quantifier):
            at.refuse("conflict", _("A ratio counts the facts of the account or of one contact."))
        return cls(replace(event, counts_all=True))

    def body(self) -> dict[str, Any]:
        return {"event": self.event.body()}

    def check(self, kind: str, path: str) -> None:
        self.event.check(kind, f"{path}.event")

    def expression(self, ask: Ask, subject: Subject) -> Any:
        return self.event.number(ask, subject)

    def histories(self, rows: Sequence[Row], ask: Ask, *, detail: bool) -> Mapping[int, Any]:
        return self.event.histories(rows, ask, detail=detail)


@dataclass(frozen=True)
class Trait:
    """A number kept as a trait; anything else is missing."""

    of: str
    name: str

    @classmethod
    def read(cls, at: At) -> Self:
        given = at.fields(("of", "name"), required=("of", "name"))
        return cls(given["of"].choice(NOUNS), given["name"].text())

    def body(self) -> dict[str, Any]:
        return {"trait": {"of": self.of, "name": self.name}}

    def check(self, kind: str, path: str) -> None:
        if self.of not in ("account", kind) and kind != "enrollment":
            message = _("The trait of a %(of)s cannot be asked of a %(kind)s here.")
            raise ConditionError(
                message % {"of": self.of, "kind": kind}, f"{path}.trait.of", code="bad_subject"
            )

    def expression(self, ask: Ask, subject: Subject) -> Any:
        changes = TraitChange.objects.filter(
            ask.known(), of=self.of, name=self.name, occurred_at__lte=ask.now,
            subject_id=outer(getattr(subject, self.of)),
        ).order_by("-occurred_at", "-id")  # fmt: skip
        number = changes.values(number=NumberIn("value", ()))
        return Subquery(number[:1], output_field=FloatField())

    def histories(self, rows: Sequence[Row], ask: Ask, *, detail: bool) -> Mapping[int, Any]:
        ids = {row.id: getattr(row, self.of) for row in rows}
        values = told(self.of, self.name, [pk for pk in ids.values() if pk is not None], ask)
        return {row.id: _Numbers(values.get(ids[row.id] or 0, [])) for row in rows}


@dataclass(frozen=True)
class RatioLeaf(Leaf):
    """`of` over `to`, compared with one or more numbers that must all hold."""

    head: ClassVar[str] = "ratio"
    of: Facts | Trait
    to: Facts | Trait
    signs: tuple[tuple[str, float], ...]

    @classmethod
    def read(cls, at: At) -> Self:
        given = at.fields(FIELDS, required=("of", "to"))
        of, to = _measure(given.pop("of")), _measure(given.pop("to"))
        if not given:
            at.refuse("missing_field", _("An operator is needed here."), SIGNS)
        return cls(of, to, tuple(sorted((word, at.number()) for word, at in given.items())))

    def body(self) -> Any:
        return {"of": self.of.body(), "to": self.to.body()} | dict(self.signs)

    def check(self, kind: str, path: str) -> None:
        self.of.check(kind, f"{path}.of")
        self.to.check(kind, f"{path}.to")

    # --- in SQL -------------------------------------------------------------------------------
    def predicate(self, want: bool, ask: Ask, subject: Subject) -> Q:
        of, to = (one.expression(ask, subject) for one in (self.of, self.to))
        each = [_test(word, Ratio(of, to, number), want) for word, number in self.signs]
        return reduce(and_ if want else or_, each)

    # --- in memory ----------------------------------------------------------------------------
    def histories(self, rows: Sequence[Row], ask: Ask, *, detail: bool) -> Mapping[int, History]:
        of, to = (one.histories(rows, ask, detail=detail) for one in (self.of, self.to))
        return {row.id: _Compared(self, of[row.id], to[row.id]) for row in rows}

    # --- in words -----------------------------------------------------------------------------
    def sentence(self, evidence: Evidence) -> str:
        return ratio_in_words(_named(self.of), _named(self.to), evidence.found, self.signs)


def _measure(at: At) -> Facts | Trait:
    given = at.fields(("event", "trait"))
    if len(given) != 1:
        at.refuse(
            "one_head", _("One event or one number trait is needed here."), ("event", "trait")
        )
    return Facts.read(given["event"]) if "event" in given else Trait.read(given["trait"])


def _named(measure: Facts | Trait) -> str:
    return measure.name if isinstance(measure, Trait) else measure.event.name


def _test(word: str, sign: Ratio, want: bool) -> Q:
    if word == "eq":
        return Q(Exact(sign, 0)) if want else Q(LessThan(sign, 0)) | Q(GreaterThan(sign, 0))
    return Q(_LOOKUPS[word][0 if want else 1](sign, 0))


def _holds(word: str, sign: int) -> bool:
    return {"gt": sign > 0, "gte": sign >= 0, "lt": sign < 0, "lte": sign <= 0, "eq": sign == 0}[
        word
    ]


class _Numbers:
    """A trait's numbers over time, in the shape of an event's."""

    def __init__(self, changes: list[tuple[datetime, Any]]) -> None:
        self.changes = changes

    def number(self, at: datetime) -> float | None:
        value = stood_at(self.changes, at)
        return plain(value) if kind_of(value) == "number" else None

    def moments(self) -> Iterable[datetime]:
        return (at for at, _value in self.changes)

    def evidence(self, at: datetime) -> Evidence:
        past = [(when, value) for when, value in reversed(self.changes) if when <= at]
        rows = tuple({"at": when, "value": value} for when, value in past[:5])
        return Evidence(self.number(at), rows, len(past))


class _Compared(History):
    def __init__(self, leaf: RatioLeaf, of: Any, to: Any) -> None:
        self.leaf, self.of, self.to = leaf, of, to

    def verdict(self, at: datetime) -> Verdict:
        of, to = self.of.number(at), self.to.number(at)
        signs = [(word, compared(of, to, number)) for word, number in self.leaf.signs]
        if any(sign is None for _word, sign in signs):
            return Verdict.UNKNOWN
        return Verdict.of(all(_holds(word, sign or 0) for word, sign in signs))

    def moments(self) -> Iterable[datetime]:
        yield from self.of.moments()
        yield from self.to.moments()

    def evidence(self, at: datetime) -> Evidence:
        parts = [self.of.evidence(at), self.to.evidence(at)]
        of, to = self.of.number(at), self.to.number(at)
        found = {
            "of": None if of is None else shown_number(of),
            "to": None if to is None else shown_number(to),
            "ratio": of / to if to and of is not None else None,
        }
        rows = sorted((r for p in parts for r in p.rows), key=lambda row: row["at"], reverse=True)
        return Evidence(found, tuple(rows[:5]), sum(part.count for part in parts))
