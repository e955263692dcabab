"""Going out: goal, exit condition, contract over, in this order; the first true names it (R28)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q

from journeys import conditions, db, ledger
from journeys.calendars import days_at
from journeys.conditions import ENROLLMENT, Ask
from journeys.models import Decision, Enrollment, JourneyVersion, Message

Status = Enrollment.Status
State = Message.State

#: What leaving takes back: nothing that was handed over, everything that was not.
NOT_YET_OUT = (State.PLANNED, State.HELD, State.CLAIMED)
NUDGE_OPEN = (State.PLANNED, State.SHOWN, State.SNOOZED)


def leave(now: datetime) -> int:
    """Take out of their journeys whoever has reached the end of them; how many left."""
    ask = Ask(now=now, days=days_at(now))
    live = Enrollment.objects.filter(status=Status.IN)
    versions = JourneyVersion.objects.filter(pk__in=live.values("version")).select_related(
        "journey"
    )
    return sum(_leave(version, ask) for version in versions)


def _leave(version: JourneyVersion, ask: Ask) -> int:
    live = Enrollment.objects.filter(version=version, status=Status.IN)
    inside = set(live.values_list("pk", flat=True))
    left = 0
    for reason, status, ids in ways_out(version, inside, ask):
        leaving = list(live.filter(pk__in=ids).select_related("version__journey")) if ids else []
        _take_out(leaving, ask.now, status, reason)
        left += len(leaving)
    return left


def ways_out(
    version: JourneyVersion, inside: set[int], ask: Ask
) -> Iterator[tuple[Decision.Reason, Status, set[int]]]:
    """The ways out in their order, and which of these enrollments go there; each once."""
    left = set(inside)
    for name, status in (("goal", Status.GOAL), ("exit_when", Status.LEFT)):
        if raw := version.program[name]:
            tree = conditions.parse(raw, subject="enrollment")
            reason = ledger.Reason.GOAL_REACHED if name == "goal" else ledger.Reason.EXIT_WHEN
            leaving = conditions.matching(tree, left, ask, ENROLLMENT)
            left -= leaving
            yield reason, status, leaving
    over = Q(subscription__ended_at__lte=ask.now) | Q(contact__is_current=False)
    rows = Enrollment.objects.filter(over, pk__in=left)
    yield ledger.Reason.STAGE_LEFT, Status.LEFT, set(rows.values_list("pk", flat=True))


def _take_out(
    leaving: list[Enrollment], now: datetime, status: Status, reason: Decision.Reason
) -> None:
    if not leaving:
        return
    db.update(
        Enrollment,
        [
            {"id": e.pk, "status": status, "reason": reason, "left_at": now, "due_at": None}
            for e in leaving
        ],
        only_where="t.status = 'in'",
    )
    ledger.write(ledger.about_enrollment(e, now, ledger.Verdict.LEFT, reason) for e in leaving)
    withdraw_messages([e.pk for e in leaving], now, reason)


def withdraw_messages(enrollment_ids: list[int], now: datetime, reason: Decision.Reason) -> int:
    """Skip what was not handed over yet, recall open nudges; what was handed over stands."""
    # Locked, so that none of them is handed over between the look and the write.
    mine = Message.objects.filter(enrollment_id__in=enrollment_ids).select_for_update()
    mails = list(mine.filter(channel="email", state__in=NOT_YET_OUT))
    nudges = list(mine.filter(channel="nudge", state__in=NUDGE_OPEN))
    changes: list[dict[str, Any]] = [
        {"id": m.pk, "state": State.SKIPPED, "reason": reason, "settled_at": now, "token": None}
        for m in mails
    ] + [
        {"id": m.pk, "state": State.RECALLED, "reason": reason, "settled_at": now, "token": None}
        for m in nudges
    ]
    open_states = ", ".join(f"'{s.value}'" for s in {*NOT_YET_OUT, *NUDGE_OPEN})
    db.update(Message, changes, only_where=f"t.state IN ({open_states})")
    return ledger.write(
        [ledger.about_message(m, now, ledger.Verdict.SKIPPED, reason) for m in mails]
        + [ledger.about_message(m, now, ledger.Verdict.WITHDRAWN, reason) for m in nudges]
    )
