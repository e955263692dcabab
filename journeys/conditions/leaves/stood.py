"""What a question about a trait has in common: whose it is, and what stood at a moment (1.11).

Read from the dated changes, never from the cache on the noun: the newest change that had happened
by the moment asked about, among those known then.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact
from django.utils.translation import gettext as _

from journeys.conditions.asking import Ask, Row, Subject, outer
from journeys.conditions.counting import there_is
from journeys.conditions.dialect import among
from journeys.conditions.errors import ConditionError
from journeys.conditions.stages import subscriptions
from journeys.conditions.tree import AnyOf, Evidence, History, Leaf, Verdict, combined
from journeys.models import Subscription, TraitChange

NOUNS = ("account", "contact", "subscription")
UNKNOWN = -1


class Stood(Leaf):
    """A question to the value of one trait as it stood; unknown where the value says nothing."""

    of: str
    name: str

    @abstractmethod
    def verdict_sql(self, ask: Ask) -> Any:
        """1, 0 or NULL for the `value` of a change, at `ask.now`."""

    @abstractmethod
    def judge(self, value: Any, at: datetime, ask: Ask) -> bool | None:
        """The same in memory; None for a value that says nothing."""

    @abstractmethod
    def edges(self, value: Any, ask: Ask) -> Iterator[datetime]:
        """When the verdict about a value that stays as it is may change."""

    #: What a value that was never told says.
    @property
    def missing(self) -> bool | None:
        return None

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
        newest = Subquery(
            self.changes(ask, subject_id).values(
                stood=Coalesce(self.verdict_sql(ask), Value(UNKNOWN))
            )[:1],
            output_field=IntegerField(),
        )
        return newest if self.missing is None else Coalesce(newest, Value(int(self.missing)))

    def changes(self, ask: Ask, subject_id: Any) -> Any:
        """The changes of the trait of one noun, the one that holds first."""
        return TraitChange.objects.filter(
            ask.known(), of=self.of, subject_id=subject_id, name=self.name,
            occurred_at__lte=ask.now,
        ).order_by("-occurred_at", "-id")  # fmt: skip

    # --- in memory ----------------------------------------------------------------------------
    def histories(self, rows: Sequence[Row], ask: Ask, *, detail: bool) -> Mapping[int, History]:
        subjects = {row.id: self._subjects(row) for row in rows}
        if self.of == "subscription" and any(row.subscription is None for row in rows):
            subjects = _all_subscriptions(rows, ask)
        values = told(self.of, self.name, [pk for ids in subjects.values() for pk in ids], ask)
        return {
            row.id: _Values(self, [values.get(pk, []) for pk in subjects[row.id]], ask)
            for row in rows
        }

    def _subjects(self, row: Row) -> list[int]:
        pk = {"account": row.account, "contact": row.contact, "subscription": row.subscription}
        found = pk[self.of]
        return [] if found is None else [found]


def told(
    of: str, name: str, ids: Iterable[int], ask: Ask
) -> Mapping[int, list[tuple[datetime, Any]]]:
    """Each noun's values of a trait, oldest first, by one SELECT."""
    changes = TraitChange.objects.filter(
        ask.known(), among("subject_id", ids), of=of, name=name, occurred_at__lte=ask.now
    ).order_by("occurred_at", "id")
    values: dict[int, list[tuple[datetime, Any]]] = defaultdict(list)
    for subject_id, at, value in changes.values_list("subject_id", "occurred_at", "value"):
        values[subject_id].append((at, value))
    return values


def _all_subscriptions(rows: Sequence[Row], ask: Ask) -> dict[int, list[int]]:
    """The subscriptions of each row's account, for rows that are about no single one."""
    of_account: dict[int, list[int]] = defaultdict(list)
    live = Subscription.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=ask.now),
        among("account_id", [row.account for row in rows]),
    )
    for pk, account in live.values_list("pk", "account_id"):
        of_account[account].append(pk)
    return {
        row.id: [row.subscription] if row.subscription else of_account.get(row.account or 0, [])
        for row in rows
    }


class _Values(History):
    """The values of one trait over time, of one noun or of several."""

    def __init__(self, leaf: Stood, of_each: list[list[tuple[datetime, Any]]], ask: Ask) -> None:
        self.leaf, self.of_each, self.ask = leaf, of_each, ask

    def verdict(self, at: datetime) -> Verdict:
        each = [
            Verdict.of(self.leaf.judge(stood_at(changes, at), at, self.ask))
            for changes in self.of_each
        ]
        if len(each) == 1:
            return each[0]
        return combined(AnyOf(()), each) if each else Verdict.of(_of_nobody(self.leaf))

    def moments(self) -> Iterable[datetime]:
        for changes in self.of_each:
            for at, value in changes:
                yield at
                yield from self.leaf.edges(value, self.ask)

    def evidence(self, at: datetime) -> Evidence:
        past = sorted(
            (change for changes in self.of_each for change in changes if change[0] <= at),
            key=lambda change: change[0],
            reverse=True,
        )
        rows = tuple({"at": when, "value": value} for when, value in past[:5])
        found = [stood_at(changes, at) for changes in self.of_each]
        return Evidence(found[0] if len(found) == 1 else (found or None), rows, len(past))


def _of_nobody(leaf: Stood) -> bool | None:
    """Without the noun the value is missing; a noun that may be one of many is simply unknown."""
    return None if leaf.of == "subscription" else leaf.missing


def stood_at(changes: list[tuple[datetime, Any]], at: datetime) -> Any:
    """The value that stood at a moment; None before the first."""
    value = None
    for when, changed in changes:
        if when > at:
            break
        value = changed
    return value
