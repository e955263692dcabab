"""Where a customer stands on the way to its aims, and the contract's trait that says so.

`goals.attainment` is the share of the way from baseline to target: 0 where one began, 1 at the
target. Of several aims the one that is furthest behind counts, and one that was never measured
stands at 0: only when all are reached is it 1. It is missing until something was measured.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from journeys import db, people
from journeys.models import Goal, GoalMeasurement, Subscription, User

ATTAINMENT = "goals.attainment"
LARGEST = Decimal(10) ** 10


class MeasureRefused(ValueError):
    """A value that cannot be kept, in a sentence."""


@transaction.atomic
def measure(
    *,
    goal: Goal,
    value: Decimal,
    occurred_at: datetime,
    received_at: datetime,
    by: User | None = None,
) -> GoalMeasurement:
    """Keep a measured value of an aim and bring `goals.attainment` up to date."""
    if not value.is_finite() or abs(value) >= LARGEST:
        raise MeasureRefused(_("The value must be a number of at most ten digits."))
    db.hold(Subscription.objects.filter(pk=goal.subscription_id)).get()
    made = GoalMeasurement.objects.create(
        goal=goal,
        value=value,
        occurred_at=occurred_at,
        received_at=received_at,
        by_user_id=by.pk if by else None,
    )
    tell_attainment({goal.subscription_id: occurred_at}, received_at)
    return made


def tell_attainment(since: Mapping[int, datetime], received_at: datetime) -> None:
    """Say how far the aims of these contracts are reached, from these moments on.

    Every moment after it at which an aim was set, replaced or measured is told anew, so that late
    values end in the same history. A constant number of statements.
    """
    if not since:
        return
    contracts = Subscription.objects.in_bulk(since)
    goals: defaultdict[int, list[Goal]] = defaultdict(list)
    for goal in Goal.objects.filter(subscription__in=since).order_by("pk"):
        goals[goal.subscription_id].append(goal)
    measured: defaultdict[int, list[GoalMeasurement]] = defaultdict(list)
    rows = GoalMeasurement.objects.filter(goal__subscription__in=since)
    for row in rows.order_by("occurred_at", "pk"):
        measured[row.goal_id].append(row)
    said: list[tuple[Any, dict[str, Any], datetime]] = []
    for pk, first in since.items():
        of = goals[pk]
        before = _attainment(of, measured, first, inclusive=False)
        for moment in _moments(of, measured, first):
            share = _attainment(of, measured, moment)
            if share is not None or before is not None:
                said.append((contracts[pk], {ATTAINMENT: share}, moment))
            before = share
    people.set_traits(said, received_at=received_at)


def _moments(
    goals: Sequence[Goal], measured: Mapping[int, Iterable[GoalMeasurement]], first: datetime
) -> list[datetime]:
    moments = {goal.agreed_at for goal in goals}
    moments |= {goal.replaced_at for goal in goals if goal.replaced_at}
    moments |= {row.occurred_at for goal in goals for row in measured.get(goal.pk, ())}
    return sorted(moment for moment in moments if moment >= first)


def _attainment(
    goals: Iterable[Goal],
    measured: Mapping[int, Sequence[GoalMeasurement]],
    moment: datetime,
    *,
    inclusive: bool = True,
) -> float | None:
    """The share reached at a moment (or just before it), by the aim furthest behind."""
    shares: list[Decimal] = []
    anything = False
    for goal in goals:
        if goal.agreed_at > moment or (goal.replaced_at and goal.replaced_at <= moment):
            continue
        values = [
            row.value
            for row in measured.get(goal.pk, ())
            if row.occurred_at < moment or (inclusive and row.occurred_at == moment)
        ]
        anything = anything or bool(values)
        shares.append(_share(goal, values[-1]) if values else Decimal(0))
    return round(float(min(shares)), 4) if anything else None


def _share(goal: Goal, value: Decimal) -> Decimal:
    return (value - goal.baseline) / (goal.target - goal.baseline)
