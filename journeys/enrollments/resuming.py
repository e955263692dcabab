"""Going on after a pause, with a choice for what came due meanwhile (R33, R36).

one by one   steps that came due are taken now, letters keep the time they had left; the limits and
             slots let them out one at a time
skip stale   what is past its expires_after is dropped by the step or the slot that would say it
from now     whoever was waiting waits on for as long as was left when the pause began; what
             happened meanwhile begins nothing
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from journeys import db, permission
from journeys.models import Account, Enrollment, Message, Pause, User

Overdue = Pause.Overdue
State = Message.State
BATCH = 5_000


def choice(said: str | None) -> Overdue:
    """A form's answer; without one that can be read what came due is delivered one by one."""
    return Overdue(said) if said in Overdue.values else Overdue.ONE_BY_ONE


@transaction.atomic
def resume(
    *, scope: Pause.Scope, ref: str, now: datetime, overdue: Overdue, by: User | None = None
) -> bool:
    """End a pause; False when there was none. Nothing leaves here: the next tick goes on."""
    pause = Pause.objects.select_for_update().filter(scope=scope, ref=ref, to_at=None).first()
    if pause is None:
        return False
    permission.unpause(scope, ref, now)
    Pause.objects.filter(pk=pause.pk).update(overdue=overdue, ended_by=by)
    if overdue == Overdue.ONE_BY_ONE:
        _write(Enrollment, _taken_now(pause, now))
        _write(Message, _longer(pause, now))
    elif overdue == Overdue.FROM_NOW:
        _write(Enrollment, _later(pause, now))
        _write(Message, _longer(pause, now))
    return True


def _write(model: Any, changes: Iterator[dict[str, Any]]) -> None:
    """Row by row it would be a statement each; together one for each few thousand."""
    batch: list[dict[str, Any]] = []
    for change in changes:
        batch.append(change)
        if len(batch) == BATCH:
            db.update(model, batch)
            batch = []
    db.update(model, batch)


def _running(pause: Pause) -> QuerySet[Enrollment]:
    rows = Enrollment.objects.filter(status=Enrollment.Status.IN)
    match pause.scope:
        case Pause.Scope.JOURNEY:
            return rows.filter(journey__key=pause.ref)
        case Pause.Scope.ACCOUNT:
            return rows.filter(account__external_id=pause.ref)
    return rows


def _waiting(pause: Pause) -> QuerySet[Message]:
    rows = Message.objects.filter(channel="email", state__in=(State.PLANNED, State.HELD))
    match pause.scope:
        case Pause.Scope.JOURNEY:
            return rows.filter(journey_key=pause.ref)
        case Pause.Scope.ACCOUNT:
            accounts = Account.objects.filter(external_id=pause.ref).values("pk")
            return rows.filter(account_id__in=accounts)
    return rows


def _taken_now(pause: Pause, now: datetime) -> Iterator[dict[str, Any]]:
    """What came due in the pause is due now, and so not late."""
    overdue = _running(pause).filter(due_at__lt=now).exclude(waiting_for="condition")
    for pk in overdue.values_list("pk", flat=True).iterator():
        yield {"id": pk, "due_at": now, "step_at": now}


def _later(pause: Pause, now: datetime) -> Iterator[dict[str, Any]]:
    """Every clock that ran while nothing could happen is set back by that time."""
    rows = _running(pause).exclude(due_at=None).values_list("pk", "step_at", "due_at")
    for pk, step_at, due_at in rows.iterator():
        stood = now - max(pause.from_at, step_at)
        if due_at and stood > timedelta(0):
            yield {"id": pk, "step_at": step_at + stood, "due_at": due_at + stood}


def _longer(pause: Pause, now: datetime) -> Iterator[dict[str, Any]]:
    """A letter that could not leave has the time left that it had when the pause began."""
    rows = _waiting(pause).exclude(expires_at=None).values_list("pk", "planned_at", "expires_at")
    for pk, planned_at, expires_at in rows.iterator():
        stood = now - max(pause.from_at, planned_at)
        if expires_at and stood > timedelta(0):
            yield {"id": pk, "expires_at": expires_at + stood}
