"""What `message` and `journey` have in common: spells of time, of any of somebody's rows.

Always met or not met: where there is no row, nothing was sent and nobody was in.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.lookups import IsNull
from django.utils.translation import gettext as _

from journeys.conditions.asking import Ask, Row, Subject, outer
from journeys.conditions.counting import there_is
from journeys.conditions.errors import ConditionError
from journeys.conditions.tree import Evidence, History, Leaf, Verdict
from journeys.models import Enrollment, Message

NEWEST = 5
ENROLLMENT_OF: Mapping[Any, str] = {Message: "enrollment_id", Enrollment: "pk"}


@dataclass(frozen=True)
class Spell:
    """From when on (and until when) a row made the leaf true; what can be shown of it."""

    begun: datetime
    ended: datetime | None
    shown: Mapping[str, Any]
    contact: int | None = None
    subscription: int | None = None
    enrollment: int | None = None


class Spells(Leaf):
    """Whether a row of the subject's makes the leaf true at the moment asked about."""

    #: The journey's key; empty inside a journey, where the enrollment's own rows are meant.
    journey: str

    @abstractmethod
    def rows(self, ask: Ask) -> list[QuerySet[Any]]:
        """Rows that make it true at `ask.now`; more than one query when they live in more tables."""

    @abstractmethod
    def spells(self, ids: Iterable[int | None], ask: Ask) -> Iterable[tuple[int | None, Spell]]:
        """Every spell that had begun by `ask.now`, with its account, of these accounts."""

    def holds(self, spell: Spell, at: datetime, ask: Ask) -> bool:
        """Whether a spell makes it true at a moment."""
        return spell.begun <= at and (spell.ended is None or spell.ended > at)

    def ends(self, spell: Spell, ask: Ask) -> Iterator[datetime]:
        """When a spell may stop to make it true."""
        if spell.ended is not None:
            yield spell.ended

    def check(self, kind: str, path: str) -> None:
        if not self.journey and kind != "enrollment":
            message = _("Name the journey; only inside a journey its own is meant.")
            raise ConditionError(message, path, code="bad_subject")

    def predicate(self, want: bool, ask: Ask, subject: Subject) -> Q:
        met = Q()
        for rows in self.rows(ask):
            met |= there_is(rows.filter(self._whose(subject, rows)).order_by().values("pk"))
        return met if want else ~met

    def _whose(self, subject: Subject, rows: QuerySet[Any]) -> Q:
        """Rows of the contact, or of any of the account's; of the contract or of none (1.9)."""
        whose = Q(account_id=outer(subject.account))
        if subject.contact is not None:
            # an enrollment of the account itself has no contact: then any of the account's counts
            own = outer(subject.contact)
            whose &= Q(contact_id=own) | Q(IsNull(own, True))
        if not self.journey:
            assert subject.enrollment is not None  # noqa: S101 -- `check` refused the others
            return whose & Q(**{ENROLLMENT_OF[rows.model]: outer(subject.enrollment)})
        if subject.subscription is None:
            return whose
        contract = outer(subject.subscription)
        its = Q(subscription_id=None) | Q(subscription_id=contract) | Q(IsNull(contract, True))
        return whose & its

    def histories(self, rows: Sequence[Row], ask: Ask, *, detail: bool) -> Mapping[int, History]:
        of_account: dict[int | None, list[Spell]] = defaultdict(list)
        for account, spell in self.spells([row.account for row in rows], ask):
            of_account[account].append(spell)
        return {
            row.id: _Spelled(
                self, [s for s in of_account.get(row.account, ()) if self._is_of(row, s)], ask
            )
            for row in rows
        }

    def _is_of(self, row: Row, spell: Spell) -> bool:
        if row.contact is not None and spell.contact != row.contact:
            return False
        if not self.journey:
            return spell.enrollment is not None and spell.enrollment == row.enrollment
        return row.subscription is None or spell.subscription in (None, row.subscription)


class _Spelled(History):
    """The spells of one row's subject."""

    def __init__(self, leaf: Spells, of: list[Spell], ask: Ask) -> None:
        self.leaf, self.of, self.ask = leaf, of, ask

    def verdict(self, at: datetime) -> Verdict:
        return Verdict.of(any(self.leaf.holds(spell, at, self.ask) for spell in self.of))

    def moments(self) -> Iterable[datetime]:
        for spell in self.of:
            yield spell.begun
            yield from self.leaf.ends(spell, self.ask)

    def evidence(self, at: datetime) -> Evidence:
        past = sorted((s for s in self.of if s.begun <= at), key=lambda s: s.begun, reverse=True)
        found = any(self.leaf.holds(spell, at, self.ask) for spell in past)
        return Evidence(found, tuple(s.shown for s in past[:NEWEST]), len(past))
