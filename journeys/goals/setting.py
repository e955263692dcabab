"""The customer's own aims: one to three numbers, from where to where, by when (R12)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from journeys import db, facts, people
from journeys.goals.measuring import ATTAINMENT, tell_attainment
from journeys.models import Contact, Goal, Subscription

MOST = 3
COUNT = "goals.count"


class GoalRefused(ValueError):
    """An aim that cannot be set, in a sentence."""


@transaction.atomic
def set_goal(
    *,
    subscription: Subscription,
    contact: Contact | None,
    metric: str,
    unit: str,
    baseline: Decimal,
    target: Decimal,
    target_on: date | None,
    now: datetime,
) -> Goal:
    """Set an aim of a contract, agreed by `contact`; it takes the place of one with that measure.

    Writes the goal, the contract's trait `goals.count` and the fact `goal.set` together.
    GoalRefused for a blank measure, an aim that is where one stands already, or a fourth aim.
    """
    measure = metric.strip()
    if not measure or baseline == target:
        raise GoalRefused(_("An aim needs a measure, and a target that is not where you stand."))
    db.hold(Subscription.objects.filter(pk=subscription.pk)).get()
    live = Goal.objects.filter(subscription=subscription, replaced_at=None)
    live.filter(metric=measure).update(replaced_at=now)
    count = live.count() + 1
    if count > MOST:
        raise GoalRefused(_("At most %(n)d aims at a time keep their weight.") % {"n": MOST})
    goal = Goal.objects.create(
        subscription=subscription,
        metric=measure,
        unit=unit,
        baseline=baseline,
        target=target,
        target_on=target_on,
        agreed_at=now,
        agreed_by=contact,
    )
    people.set_traits([(subscription, {COUNT: count}, now)], received_at=now)
    if ATTAINMENT in subscription.traits:
        tell_attainment({subscription.pk: now}, now)
    facts.record(
        name="goal.set",
        occurred_at=now,
        received_at=now,
        account_id=subscription.account_id,
        contact_id=contact.pk if contact else None,
        product=subscription.product.key,
        properties=_said(goal),
    )
    return goal


def _said(goal: Goal) -> dict[str, str | float | None]:
    return {
        "goal": str(goal.uid),
        "metric": goal.metric,
        "unit": goal.unit,
        "baseline": float(goal.baseline),
        "target": float(goal.target),
        "target_on": goal.target_on.isoformat() if goal.target_on else None,
    }
