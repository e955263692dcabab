"""Ends of tasks: the return condition came true, somebody said it is done, nobody needs it now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from journeys import conditions, db, ledger
from journeys.calendars import days_at
from journeys.conditions import ENROLLMENT, SUBSCRIPTION, Ask
from journeys.ledger import Reason, Verdict
from journeys.models import Enrollment, PlayTask, User
from journeys.plays import path
from journeys.plays.opening import about

State = PlayTask.State
WAITING_FOR = "task"
#: How a task that ended is written into the ledger.
VERDICTS = {
    State.DONE: Verdict.DONE,
    State.RETURNED: Verdict.RETURNED,
    State.CANCELLED: Verdict.CANCELLED,
}


class AlreadyClosed(ValueError):
    """Somebody, or the return condition, was quicker."""


@transaction.atomic
def settle(now: datetime) -> int:
    """End what ended by itself; how many tasks. Statements: constant + distinct return conditions.

    A contract that ended needs nobody any more; a hand-off whose return condition is met leads
    back to the route.
    """
    is_over = ExpressionWrapper(
        Q(subscription__ended_at__isnull=False) & Q(subscription__ended_at__lte=now),
        output_field=BooleanField(),
    )
    rows = _open().annotate(is_over=is_over).filter(Q(is_over=True) | Q(holds=True))
    tasks: list[Any] = list(db.skip_locked(rows.order_by("pk")))
    over = [task for task in tasks if task.is_over]
    _close(over, now, State.CANCELLED, Reason.CONTRACT_ENDED)
    waiting = [task for task in tasks if not task.is_over]
    back = _met(waiting, Ask(now=now, days=days_at(now))) if waiting else []
    _close(back, now, State.RETURNED, Reason.CONDITION_MET)
    return len(over) + len(back)


def _open() -> QuerySet[PlayTask]:
    return PlayTask.objects.filter(state=State.OPEN)


def _met(tasks: Sequence[PlayTask], ask: Ask) -> list[PlayTask]:
    """Those whose return condition is met: one SELECT for each distinct condition and subject."""
    groups: dict[tuple[str, str], list[PlayTask]] = defaultdict(list)
    trees: dict[tuple[str, str], conditions.Node] = {}
    for task in tasks:
        kind = "enrollment" if task.enrollment_id else "subscription"
        tree = conditions.parse(task.return_when, subject=kind)
        group = (kind, conditions.hash_of(tree))
        trees[group] = tree
        groups[group].append(task)
    found: list[PlayTask] = []
    for (kind, digest), group_tasks in groups.items():
        subject = ENROLLMENT if kind == "enrollment" else SUBSCRIPTION
        ids = {_asked_about(task) for task in group_tasks} - {0}
        met = conditions.matching(trees[kind, digest], ids, ask, subject)
        found += [task for task in group_tasks if _asked_about(task) in met]
    return sorted(found, key=lambda task: task.pk)


def _asked_about(task: PlayTask) -> int:
    return task.enrollment_id or task.subscription_id or 0


def _close(
    tasks: Sequence[PlayTask], now: datetime, state: State, reason: Reason, by: User | None = None
) -> None:
    """Write the end of open tasks, let their enrollments and contracts go on, and say why."""
    if not tasks:
        return
    db.update(
        PlayTask,
        [
            {
                "id": task.pk, "state": state, "closed_at": now,
                "closed_by_id": by.pk if by else None, "outcome": task.outcome,
                "minutes_spent": task.minutes_spent, "note": task.note,
            }
            for task in tasks
        ],
    )  # fmt: skip
    _wake([task for task in tasks if task.holds and task.enrollment_id], now)
    path.bring_back({t.subscription_id for t in tasks if t.holds and t.subscription_id}, now)
    seen = {"by": str(by)} if by else {}
    ledger.write(
        about(task, now, VERDICTS[state], reason, **seen, **_outcome(task)) for task in tasks
    )


def _outcome(task: PlayTask) -> dict[str, str]:
    return {"outcome": task.outcome} if task.outcome else {}


def _wake(tasks: Sequence[PlayTask], now: datetime) -> None:
    """Make due the enrollments that rest at these tasks' steps."""
    steps = {task.enrollment_id: task.step_id for task in tasks}
    rows = Enrollment.objects.filter(
        pk__in=steps, status=Enrollment.Status.IN, waiting_for=WAITING_FOR
    )
    resting = [pk for pk, step in rows.values_list("pk", "step_id") if steps[pk] == step]
    db.update(Enrollment, [{"id": pk, "due_at": now} for pk in resting])


def settled_in(enrollments: Collection[Enrollment], now: datetime) -> dict[int, datetime | None]:
    """Per enrollment that rests at a task: when that ended, or None; one SELECT.

    A step whose task could not begin is over at once.
    """
    steps = {e.pk: e.step_id for e in enrollments}
    rows = PlayTask.objects.filter(enrollment_id__in=steps, holds=True).order_by("pk")
    ended = {
        pk: closed_at
        for pk, step, closed_at in rows.values_list("enrollment_id", "step_id", "closed_at")
        if pk and steps[pk] == step
    }
    return {pk: ended.get(pk, now) for pk in steps}


# --- by a person ----------------------------------------------------------------------------------
@transaction.atomic
def start(task: PlayTask, now: datetime, by: User) -> PlayTask:
    """Somebody takes it in hand: theirs from now on. AlreadyClosed when it has ended."""
    task = _mine(task)
    if task.started_at is None:
        task.started_at, task.started_by, task.owner = now, by, by
        task.save(update_fields=["started_at", "started_by", "owner"])
    return task


@transaction.atomic
def finish(
    task: PlayTask,
    now: datetime,
    by: User,
    *,
    outcome: str = "",
    minutes: int | None = None,
    note: str = "",
) -> PlayTask:
    """Somebody says it is done: a hand-off leads back to the route (R84). AlreadyClosed if ended.

    Without `minutes` the play's own count is taken.
    """
    task = _mine(task)
    task.outcome = outcome or PlayTask.Outcome.REACHED
    task.minutes_spent = task.text.get("minutes", 0) if minutes is None else minutes
    task.note = note
    _close([task], now, State.DONE, Reason.BY_HAND, by)
    return PlayTask.objects.get(pk=task.pk)


@transaction.atomic
def cancel(task: PlayTask, now: datetime, by: User, *, note: str = "") -> PlayTask:
    """Nobody needs it any more. AlreadyClosed when it has ended."""
    task = _mine(task)
    task.outcome, task.note = PlayTask.Outcome.NOT_NEEDED, note
    _close([task], now, State.CANCELLED, Reason.BY_HAND, by)
    return PlayTask.objects.get(pk=task.pk)


def _mine(task: PlayTask) -> PlayTask:
    held = db.locked(PlayTask.objects.filter(pk=task.pk)).get()
    if held.state != State.OPEN:
        raise AlreadyClosed(str(held.get_state_display()))
    return held
