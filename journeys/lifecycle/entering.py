"""Contracts that have begun enter the first stage of their product's route."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from journeys import db, ledger
from journeys.calendars import days_at
from journeys.models import LifecycleVersion, Stage, StageTransition, Subscription, VersionStatus
from journeys.timing import Days, span


def due_on(
    stage: Stage, started_at: datetime | None, entered_at: datetime, days: Days
) -> date | None:
    """The local day by whose end a stage should be left (R10); None without a limit."""
    if not stage.limit:
        return None
    begins = started_at if stage.limit_from == "start" and started_at else entered_at
    length = span(stage.limit)
    day = days.local_date(begins)
    return days.add(day, length.days) if length.delta is None else day + length.delta


def start_subscriptions(now: datetime) -> int:
    """Put every live subscription without a stage, whose start has come, on its route.

    effective_at is the contract's start, however late the tick (contracts 3). One row each.
    """
    started = 0
    published = LifecycleVersion.objects.filter(status=VersionStatus.PUBLISHED).select_related(
        "lifecycle"
    )
    for version in published:
        waiting = Subscription.objects.filter(
            product=version.lifecycle.product_id,
            stage=None,
            ended_at=None,
            started_at__lte=now,
        )
        entering = list(db.hold(waiting.order_by("pk")))
        if entering:
            first = version.stages.order_by("position")[0]
            _enter(entering, first, version, now)
            started += len(entering)
    return started


def _enter(
    subscriptions: list[Subscription], stage: Stage, version: LifecycleVersion, now: datetime
) -> None:
    days = days_at(now)
    moves, changes = [], []
    for sub in subscriptions:
        start = sub.started_at or now
        due = due_on(stage, sub.started_at, start, days)
        moves.append(
            StageTransition(
                subscription=sub,
                account_id=sub.account_id,
                version_id=version.pk,
                seq=1,
                to_stage=stage.key,
                to_stage_name=stage.name,
                effective_at=start,
                decided_at=now,
                due_on=due,
                cause=StageTransition.Cause.START,
            )
        )
        changes.append(placed(sub, stage, version, start, due))
    db.insert(moves)
    # "+": SQLite must find the rows by their keys, not walk all without a stage for each of them
    db.update(Subscription, changes, only_where="t.stage_id IS NULL")
    ledger.write(
        ledger.about_subscription(
            sub, now, ledger.Verdict.ADVANCED, ledger.Reason.STARTED, rule=stage.key
        )
        for sub in subscriptions
    )


def placed(
    sub: Subscription,
    stage: Stage,
    version: LifecycleVersion,
    entered_at: datetime,
    due: date | None,
) -> dict[str, object]:
    """The columns of a subscription that has just entered a stage."""
    return {
        "id": sub.pk,
        "version_id": version.pk,
        "stage_id": stage.pk,
        "stage_entered_at": entered_at,
        "stage_due_on": due,
        "original_due_on": due,
    }


def newest_seq(subscription_ids: Iterable[int]) -> dict[int, int]:
    """The number of the last move of each subscription."""
    rows = StageTransition.objects.filter(subscription_id__in=list(subscription_ids), corrects=None)
    found: dict[int, int] = {}
    for sub_id, seq in rows.values_list("subscription_id", "seq"):
        found[sub_id] = max(seq, found.get(sub_id, 0))
    return found
