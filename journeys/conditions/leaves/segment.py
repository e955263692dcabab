"""`segment`: a saved condition (contracts 1). Always met or not met: who cannot be judged is not in.

An author names it by its key. The stored tree holds what the segment said when it was read, so
that a journey keeps asking what it was published with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db.models import Q
from django.db.models.lookups import Exact, IsNull
from django.utils.translation import gettext as _

from journeys.conditions.apart import Apart, Ids
from journeys.conditions.asking import Ask, Row, Subject, here, one_of_kind
from journeys.conditions.at import At
from journeys.conditions.checking import check
from journeys.conditions.compiling import compile
from journeys.conditions.dialect import Truth
from journeys.conditions.errors import ConditionError
from journeys.conditions.memory import Memory
from journeys.conditions.segments import Saved, known_keys, saved
from journeys.conditions.tree import Evidence, History, Leaf, Node, Verdict, depth, leaves, stored

SUBJECTS = ("account", "contact", "subscription")
PINNED = ("key", "name", "subject", "is")
NEWEST = 5
#: A deeper one is asked apart on SQLite.
DEEPEST_INLINE = 3


@dataclass(frozen=True)
class SegmentLeaf(Leaf):
    """Whether the subject belongs to a segment, as the segment stood when the tree was read."""

    head: ClassVar[str] = "segment"
    key: str
    name: str
    subject: str
    condition: Node

    # --- reading ------------------------------------------------------------------------------
    @classmethod
    def read(cls, at: At) -> Self:
        return cls._pinned(at) if isinstance(at.raw, dict) else cls._named(at)

    @classmethod
    def _pinned(cls, at: At) -> Self:
        given = at.fields(PINNED, required=PINNED)
        key, subject = given["key"].text(), given["subject"].choice(SUBJECTS)
        node = given["is"].read_saved(given["is"].inside(key))
        check(node, subject, given["is"].path)
        return cls(key, given["name"].text(), subject, node)

    @classmethod
    def _named(cls, at: At) -> Self:
        key = at.text()
        found: Saved | None = saved(key)
        if found is None:
            at.refuse("unknown_segment", _("There is no segment “%s”.") % key, known_keys())
        if key in at.trail:
            chain = " → ".join([*at.trail[at.trail.index(key) :], key])
            at.refuse("cycle", _("A segment cannot stand inside itself: %s.") % chain)
        inner = replace(at, raw=found.condition)
        node = at.read_saved(inner.inside(key))
        check(node, found.subject, at.path)
        return cls(key, found.name, found.subject, node)

    def body(self) -> Any:
        return {
            "key": self.key, "name": self.name, "subject": self.subject,
            "is": stored(self.condition),
        }  # fmt: skip

    @property
    def inner(self) -> tuple[Node, ...]:
        return (self.condition,)

    def check(self, kind: str, path: str) -> None:
        if kind not in ("enrollment", self.subject):
            said = {"key": self.key, "of": self.subject, "kind": kind}
            message = _("The segment “%(key)s” is of a %(of)s, but a %(kind)s is asked about.")
            raise ConditionError(message % said, path, code="bad_subject")

    # --- in SQL -------------------------------------------------------------------------------
    def predicate(self, want: bool, ask: Ask, subject: Subject) -> Q:
        column = here(getattr(subject, self.subject))
        about = _about(self.subject, subject)
        met = compile(self.condition, True, ask, about)
        if subject.in_segment or depth(self.condition) > DEEPEST_INLINE:
            met = Q(Apart(met, [(column, self._ids(ask))]))
        met &= Q(IsNull(column, False))
        if want:
            return met
        return Q(Exact(Truth(met), 0))

    def _ids(self, ask: Ask) -> Ids:
        of = one_of_kind(self.subject)
        within = replace(of, in_segment=True)
        met = of.every().filter(compile(self.condition, True, ask, within))
        return lambda: met.values_list("pk", flat=True)

    # --- in memory ----------------------------------------------------------------------------
    def histories(self, rows: Sequence[Row], ask: Ask, *, detail: bool) -> Mapping[int, History]:
        nouns = {row.id: getattr(row, self.subject) for row in rows}
        own = one_of_kind(self.subject).rows(pk for pk in nouns.values() if pk is not None)
        memory = Memory(self.condition, own, ask, detail=detail)
        return {row.id: _Belonging(self, nouns[row.id], memory) for row in rows}

    # --- in words -----------------------------------------------------------------------------
    def sentence(self, evidence: Evidence) -> str:
        if evidence.found["belongs"]:
            return _("In the segment “%s”") % self.name
        return _("Not in the segment “%s”") % self.name


def _about(kind: str, subject: Subject) -> Subject:
    """The noun itself, out of the context it is asked in: a segment says the same everywhere."""
    same = subject.kind == kind
    return Subject(
        kind=kind,
        account=subject.account,
        contact=subject.contact if kind == "contact" else None,
        subscription=subject.subscription if kind == "subscription" else None,
        product_id=subject.product_id if same and kind == "subscription" else None,
        known_since=subject.known_since if same else None,
        is_person=subject.is_person,
        in_segment=True,
    )


class _Belonging(History):
    """What the segment's condition said of one noun over time."""

    def __init__(self, leaf: SegmentLeaf, noun: int | None, memory: Memory) -> None:
        self.leaf, self.noun, self.memory = leaf, noun, memory

    def verdict(self, at: datetime) -> Verdict:
        return Verdict.of(
            self.noun is not None and self.memory.verdict(self.noun, at) is Verdict.MET
        )

    def moments(self) -> Iterable[datetime]:
        return () if self.noun is None else self.memory.moments(self.noun)

    def evidence(self, at: datetime) -> Evidence:
        found = {"segment": self.leaf.key, "belongs": self.verdict(at) is Verdict.MET}
        if self.noun is None:
            return Evidence(found)
        each = [
            self.memory.history(leaf, self.noun).evidence(at)
            for leaf in {leaf.digest: leaf for leaf in leaves(self.leaf.condition)}.values()
        ]
        rows = sorted(
            (row for one in each for row in one.rows if "at" in row),
            key=lambda row: row["at"],
            reverse=True,
        )
        return Evidence(found, tuple(rows[:NEWEST]), sum(one.count for one in each))
