"""`stage`: where a subscription is on its route, for how long, or where it was (contracts 1.12).

Always met or not met: who is in no stage is not in this one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db.models import Case, Exists, IntegerField, OuterRef, Q, Subquery, When
from django.db.models.lookups import Exact
from django.utils.translation import gettext as _

from journeys.conditions.asking import Ask, Row, Subject
from journeys.conditions.at import At
from journeys.conditions.counting import there_is
from journeys.conditions.stages import Standing, moves, standings, subscriptions
from journeys.conditions.tree import Evidence, History, Leaf, Verdict
from journeys.conditions.windows import back, drops_out, read_span
from journeys.conditions.words import span_in_words
from journeys.timing import Span

FIELDS = ("is", "was", "for_at_least", "product")


@dataclass(frozen=True)
class StageLeaf(Leaf):
    """In a stage (for so long), or ever there up to now."""

    head: ClassVar[str] = "stage"
    stage: str
    was: bool = False
    for_at_least: Span | None = None
    product: str = ""

    @classmethod
    def read(cls, at: At) -> Self:
        given = at.fields(FIELDS)
        words = [word for word in ("is", "was") if word in given]
        if len(words) != 1:
            at.refuse("missing_field", _("Write either “is” or “was”."), FIELDS)
        was = words == ["was"]
        if was and "for_at_least" in given:
            given["for_at_least"].refuse("conflict", _("“for_at_least” goes with “is”."))
        return cls(
            given[words[0]].text(),
            was,
            read_span(given["for_at_least"]) if "for_at_least" in given else None,
            given["product"].text() if "product" in given else "",
        )

    def body(self) -> Any:
        body = {"was" if self.was else "is": self.stage}
        if self.for_at_least:
            body["for_at_least"] = self.for_at_least.text
        return body | ({"product": self.product} if self.product else {})

    def check(self, kind: str, path: str) -> None:
        """Anybody can be asked: an account and a contact about any of the account's contracts."""

    # --- in SQL -------------------------------------------------------------------------------
    def predicate(self, want: bool, ask: Ask, subject: Subject) -> Q:
        rows = subscriptions(subject, ask, self.product)
        if self.was:
            there = Exists(moves(ask, subscription=OuterRef("pk"), to_stage=self.stage).order_by())
            met = there_is(rows.filter(there).values("pk"))
        else:
            met = there_is(rows.filter(Exact(self._is(ask), 1)).values("pk"))
        return met if want else ~met

    def _is(self, ask: Ask) -> Subquery:
        """1 when the move that holds went there, long enough ago; 0 or NULL else."""
        there = Q(to_stage=self.stage)
        if self.for_at_least:
            there &= Q(effective_at__lte=back(ask.now, self.for_at_least, ask.days))
        newest = moves(ask, subscription=OuterRef("pk")).values(
            found=Case(When(there, then=1), default=0, output_field=IntegerField())
        )
        return Subquery(newest[:1], output_field=IntegerField())

    # --- in memory ----------------------------------------------------------------------------
    def histories(self, rows: Sequence[Row], ask: Ask, *, detail: bool) -> Mapping[int, History]:
        found = standings(rows, ask, self.product)
        return {row.id: _Stays(self, found[row.id], ask) for row in rows}

    # --- in words -----------------------------------------------------------------------------
    def sentence(self, evidence: Evidence) -> str:
        said = {
            "found": (evidence.found or {}).get("stage") or _("no stage"),
            "wanted": self.stage,
            "span": span_in_words(self.for_at_least.text) if self.for_at_least else "",
        }
        if self.was:
            return _("In the stage %(found)s (wanted: to have been in %(wanted)s)") % said
        if self.for_at_least:
            return _("In the stage %(found)s (wanted: %(wanted)s for at least %(span)s)") % said
        return _("In the stage %(found)s (wanted: %(wanted)s)") % said


class _Stays(History):
    """The routes of the subscriptions behind one row."""

    def __init__(self, leaf: StageLeaf, of: list[Standing], ask: Ask) -> None:
        self.leaf, self.of, self.ask = leaf, of, ask

    def verdict(self, at: datetime) -> Verdict:
        return Verdict.of(any(self._there(s, at) for s in self.of if s.lives(at)))

    def _there(self, standing: Standing, at: datetime) -> bool:
        if self.leaf.was:
            return standing.path.was(self.leaf.stage, at)
        move = standing.path.current(at)
        if move is None or move.stage != self.leaf.stage:
            return False
        length = self.leaf.for_at_least
        return length is None or move.at <= back(at, length, self.ask.days)

    def moments(self) -> Iterable[datetime]:
        for standing in self.of:
            if standing.ended_at:
                yield standing.ended_at
            for move in standing.path.moves:
                yield move.at
                if self.leaf.for_at_least:
                    yield from drops_out(move.at, self.leaf.for_at_least, self.ask.days)

    def evidence(self, at: datetime) -> Evidence:
        moved = [(m.at, m.stage) for s in self.of for m in s.path.moves if m.at <= at]
        moved.sort(reverse=True)
        now_in = [m for s in self.of if s.lives(at) and (m := s.path.current(at))]
        there = [m for m in now_in if m.stage == self.leaf.stage] or now_in
        found = {"stage": there[0].stage, "since": there[0].at} if there else None
        rows = tuple({"at": when, "stage": stage} for when, stage in moved[:5])
        return Evidence(found, rows, len(moved))
