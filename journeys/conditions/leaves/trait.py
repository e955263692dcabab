"""`trait`: what is known of an account, a contact or a subscription, as it stood (1.2, 1.3, 1.11).

Read from the dated changes, never from the cache on the noun: the newest change that had happened
by the moment asked about, among those known then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db.models import IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.utils.translation import gettext as _

from journeys.conditions.asking import Ask, Row, Subject, outer
from journeys.conditions.at import At
from journeys.conditions.counting import there_is
from journeys.conditions.dialect import Verdict01, among
from journeys.conditions.errors import ConditionError
from journeys.conditions.operators import WORDS, Operators
from journeys.conditions.stages import subscriptions
from journeys.conditions.tree import AnyOf, Evidence, History, Leaf, Verdict, combined
from journeys.conditions.words import operators_in_words, value_in_words
from journeys.models import Subscription, TraitChange

NOUNS = ("account", "contact", "subscription")
FIELDS = ("of", "name", *WORDS)
UNKNOWN = -1


@dataclass(frozen=True)
class TraitLeaf(Leaf):
    """A trait compared. Missing, null or of another type: unknown."""

    head: ClassVar[str] = "trait"
    of: str
    name: str
    operators: Operators

    @classmethod
    def read(cls, at: At) -> Self:
        given = at.fields(FIELDS, required=("of", "name"))
        of, name = given.pop("of").choice(NOUNS), given.pop("name").text()
        if not given:
            at.refuse("missing_field", _("An operator is needed here."), WORDS)
        return cls(of, name, Operators.of_fields(given))

    def body(self) -> Any:
        return {"of": self.of, "name": self.name} | self.operators.body()

    def check(self, kind: str, path: str) -> None:
        if self.of == "contact" and kind not in ("contact", "enrollment"):
            message = _("A contact's trait asks about a contact; for an account use “people”.")
            raise ConditionError(message, f"{path}.of", code="bad_subject")

    # --- in SQL -------------------------------------------------------------------------------
    def predicate(self, want: bool, ask: Ask, subject: Subject) -> Q:
        if self.of == "subscription" and subject.kind != "subscription":
            return self._of_any(want, ask, subject)
        column = {
            "account": subject.account,
            "contact": subject.contact,
            "subscription": subject.subscription,
        }[self.of]
        assert column is not None  # noqa: S101 -- `check` refused the others
        return Q(Exact(self._stood(ask, outer(column)), int(want)))

    def _of_any(self, want: bool, ask: Ask, subject: Subject) -> Q:
        """Of the contract the subject is about, else of any of the account's, as `any` joins them."""
        rows = subscriptions(subject, ask).values("pk")
        stood = Coalesce(self._stood(ask, OuterRef("pk")), Value(UNKNOWN))
        if want:
            return there_is(rows.filter(Exact(stood, 1)))
        return there_is(rows) & ~there_is(rows.filter(~Q(Exact(stood, 0))))

    def _stood(self, ask: Ask, subject_id: Any) -> Any:
        """1 or 0 for the value as it stood, anything else when it says nothing."""
        changes = TraitChange.objects.filter(
            ask.known(), of=self.of, subject_id=subject_id, name=self.name,
            occurred_at__lte=ask.now,
        ).order_by("-occurred_at", "-id")  # fmt: skip
        verdict = Verdict01("value", (), self.operators)
        newest = Subquery(
            changes.values(stood=Coalesce(verdict, Value(UNKNOWN)))[:1],
            output_field=IntegerField(),
        )
        missing = self.operators.verdict(None)
        return newest if missing is None else Coalesce(newest, Value(int(missing)))

    # --- in memory ----------------------------------------------------------------------------
    def histories(self, rows: Sequence[Row], ask: Ask, *, detail: bool) -> Mapping[int, History]:
        subjects = {row.id: self._subjects(row) for row in rows}
        changes = TraitChange.objects.filter(
            ask.known(), of=self.of, name=self.name, occurred_at__lte=ask.now
        ).order_by("occurred_at", "id")
        if self.of == "subscription" and any(row.subscription is None for row in rows):
            subjects, which = _all_subscriptions(rows, ask)
        else:
            which = among("subject_id", [pk for ids in subjects.values() for pk in ids])
        values: dict[int, list[tuple[datetime, Any]]] = defaultdict(list)
        for subject_id, at, value in changes.filter(which).values_list(
            "subject_id", "occurred_at", "value"
        ):
            values[subject_id].append((at, value))
        return {
            row.id: _Values(self, [values.get(pk, []) for pk in subjects[row.id]]) for row in rows
        }

    def _subjects(self, row: Row) -> list[int]:
        pk = {"account": row.account, "contact": row.contact, "subscription": row.subscription}
        found = pk[self.of]
        return [] if found is None else [found]

    # --- in words -----------------------------------------------------------------------------
    def sentence(self, evidence: Evidence) -> str:
        return _("%(name)s: %(found)s (wanted: %(wanted)s)") % {
            "name": self.name,
            "found": value_in_words(evidence.found),
            "wanted": operators_in_words(self.operators),
        }


def _all_subscriptions(rows: Sequence[Row], ask: Ask) -> tuple[dict[int, list[int]], Q]:
    """The subscriptions of each row's account, for rows that are about no single one."""
    of_account: dict[int, list[int]] = defaultdict(list)
    live = Subscription.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=ask.now),
        among("account_id", [row.account for row in rows]),
    )
    for pk, account in live.values_list("pk", "account_id"):
        of_account[account].append(pk)
    subjects = {
        row.id: [row.subscription] if row.subscription else of_account.get(row.account or 0, [])
        for row in rows
    }
    return subjects, among("subject_id", [pk for ids in subjects.values() for pk in ids])


class _Values(History):
    """The values of one trait over time, of one noun or of several."""

    def __init__(self, leaf: TraitLeaf, of_each: list[list[tuple[datetime, Any]]]) -> None:
        self.leaf, self.of_each = leaf, of_each

    def verdict(self, at: datetime) -> Verdict:
        judge = self.leaf.operators.verdict
        each = [Verdict.of(judge(_stood(changes, at))) for changes in self.of_each]
        if len(each) == 1:
            return each[0]
        return combined(AnyOf(()), each) if each else Verdict.of(_of_nobody(self.leaf))

    def moments(self) -> Iterable[datetime]:
        return (at for changes in self.of_each for at, _value in changes)

    def evidence(self, at: datetime) -> Evidence:
        past = sorted(
            (change for changes in self.of_each for change in changes if change[0] <= at),
            key=lambda change: change[0],
            reverse=True,
        )
        rows = tuple({"at": when, "value": value} for when, value in past[:5])
        found = [_stood(changes, at) for changes in self.of_each]
        return Evidence(found[0] if len(found) == 1 else (found or None), rows, len(past))


def _of_nobody(leaf: TraitLeaf) -> bool | None:
    """Without the noun the value is missing; a noun that may be one of many is simply unknown."""
    return None if leaf.of == "subscription" else leaf.operators.verdict(None)


def _stood(changes: list[tuple[datetime, Any]], at: datetime) -> Any:
    value = None
    for when, changed in changes:
        if when > at:
            break
        value = changed
    return value
