"""What was brought in mid-way begins nothing by itself (contracts 3, import)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from journeys import db
from journeys.calendars import days_at
from journeys.conditions import Ask
from journeys.enrollments import coming
from journeys.enrollments.entering import LEVELS
from journeys.enrollments.subjects import picked
from journeys.enrollments.taking import unsaved
from journeys.models import (
    Contact,
    Enrollment,
    JourneyVersion,
    NextScenario,
    StageTransition,
    VersionStatus,
)


def keep_out(accounts: Collection[int], now: datetime) -> int:
    """Whoever of these accounts would come into a journey now stays out of it; how many.

    As if it had been published with `enroll: new` at this moment: they may come in once they have
    stopped to match and match again.
    """
    staying = [
        row for version, found in _coming(accounts, now) for row in _out(version, found, now)
    ]
    return db.insert(staying, ignore_conflicts=True)


def coming_at_once(accounts: Collection[int], now: datetime) -> int:
    """How many of these accounts' people begin a journey at the next tick."""
    return sum(found.count() for _version, found in _coming(accounts, now))


def _coming(
    accounts: Collection[int], now: datetime
) -> Iterator[tuple[JourneyVersion, QuerySet[Any]]]:
    """The journeys that take in whoever matches, and whom of these accounts they would take in."""
    if not accounts:
        return
    ask = Ask(now=now, days=days_at(now))
    published = JourneyVersion.objects.filter(status=VersionStatus.PUBLISHED)
    for version in published.select_related("journey__product"):
        if version.program["door"]["kind"] in LEVELS:
            rows = coming(version, ask)
            of = "account_id__in" if rows.model is Contact else "pk__in"
            yield version, rows.filter(**{of: accounts})


def _out(version: JourneyVersion, found: QuerySet[Any], now: datetime) -> Iterable[Enrollment]:
    for candidate in picked(found):
        row = unsaved(version, candidate, 0, now)
        row.status, row.due_at = Enrollment.Status.OUT, None
        yield row


def say_nothing_of_the_past(moves: Sequence[StageTransition], now: datetime) -> int:
    """A deadline that was over before the customer came leads on to nothing; how many."""
    today = days_at(now).local_date(now)
    rows = [
        NextScenario(
            subscription_id=move.subscription_id,
            account_id=move.account_id,
            seq=move.seq,
            stage=move.to_stage,
            kind=NextScenario.Kind.FAILURE,
            journey_key="",
            decided_at=now,
            done_at=now,
            outcome="import",
        )
        for move in moves
        if move.due_on is not None and move.due_on < today
    ]
    return db.insert(rows, ignore_conflicts=True)
