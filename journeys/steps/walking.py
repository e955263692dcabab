"""One enrollment's walk through its program, in memory, until it rests. Writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from journeys import ledger
from journeys.calendars import SendingHours
from journeys.ledger import Reason, Verdict
from journeys.models import Decision, Enrollment, Message
from journeys.publishing import END, branch
from journeys.steps.answers import Answers
from journeys.timing import span

MOST_STEPS = 50
Op = dict[str, Any]


@dataclass
class Walk:
    """What a batch knows, and what its walks leave to be written."""

    now: datetime
    hours: SendingHours
    answers: Answers
    settled: dict[int, datetime | None]  # enrollment id -> when its step's messages were settled
    messages: list[tuple[Enrollment, Op]] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    moved: list[Enrollment] = field(default_factory=list)

    def note(self, e: Enrollment, verdict: Verdict, reason: Reason, **more: Any) -> None:
        self.decisions.append(ledger.about_enrollment(e, self.now, verdict, reason, **more))


def walk(e: Enrollment, run: Walk) -> None:
    """Go on from where the enrollment rests, to where it rests next (at most 50 steps)."""
    before = (e.position, e.waiting_for, e.due_at, e.status)
    program = e.version.program
    for _step in range(MOST_STEPS):
        if e.position == END:
            _finish(e, run)
            break
        op = program["ops"][e.position]
        e.step_id = op["id"]
        if not STEPS[op["op"]](e, op, run):
            break
    if (e.position, e.waiting_for, e.due_at, e.status) != before:
        run.moved.append(e)


def _go(e: Enrollment, position: int, at: datetime) -> bool:
    e.position, e.step_at, e.waiting_for, e.due_at = position, at, "", at
    return True


def _rest(e: Enrollment, waiting_for: str, due_at: datetime | None) -> bool:
    e.waiting_for, e.due_at = waiting_for, due_at
    return False


def _finish(e: Enrollment, run: Walk) -> None:
    e.status, e.reason = Enrollment.Status.FINISHED, Reason.FINISHED
    e.left_at, e.due_at, e.waiting_for = run.now, None, ""
    run.note(e, Verdict.LEFT, Reason.FINISHED)


# --- the kinds: True goes on, False rests here ------------------------------------------------------
def _email(e: Enrollment, op: Op, run: Walk) -> bool:
    if e.waiting_for == "message":
        settled_at = run.settled.get(e.pk)
        return _go(e, op["next"], settled_at) if settled_at else _rest(e, "message", None)
    if _skipped(e, op, run):
        return _go(e, op["next"], run.now)
    run.messages.append((e, op))
    if op.get("wait_for") == "nothing" or e.holdout:
        return _go(e, op["next"], run.now)
    return _rest(e, "message", None)


def _nudge(e: Enrollment, op: Op, run: Walk) -> bool:
    """A nudge is visible from the moment it is planned: nothing to wait for."""
    if not _skipped(e, op, run):
        run.messages.append((e, op))
    return _go(e, op["next"], run.now)


def _skipped(e: Enrollment, op: Op, run: Walk) -> bool:
    skip_if = op.get("skip_if")
    if not skip_if or run.answers.verdict(skip_if, e.pk) != "met":
        return False
    run.note(
        e, Verdict.SKIPPED, Reason.ALREADY_DONE, rule=op["value"], evidence={"skip_if": skip_if}
    )
    return True


def _wait(e: Enrollment, op: Op, run: Walk) -> bool:
    if e.waiting_for != "time":
        return _rest(e, "time", run.hours.days.after(e.step_at, span(op["value"])))
    if e.due_at is None or e.due_at > run.now:
        return False
    run.note(e, Verdict.WAITED, Reason.TIMED_OUT, rule=op["value"])
    return _go(e, op["next"], run.now)


def _wait_until(e: Enrollment, op: Op, run: Walk) -> bool:
    """Judged at every tick; the time-out counts from reaching the step."""
    if run.answers.verdict(op["value"], e.pk) == "met":
        run.note(e, Verdict.BRANCHED, Reason.CONDITION_MET, evidence={"condition": op["value"]})
        return _go(e, branch(op, "then"), run.now)
    timeout = op.get("timeout")
    if timeout and run.hours.days.after(e.step_at, span(timeout)) <= run.now:
        run.note(e, Verdict.BRANCHED, Reason.TIMED_OUT, rule=timeout)
        return _go(e, branch(op, "on_timeout"), run.now)
    # Always due: a condition can come true at any tick. Unchanged rows are not written.
    return _rest(e, "condition", e.due_at if e.waiting_for == "condition" else run.now)


def _if(e: Enrollment, op: Op, run: Walk) -> bool:
    verdict = run.answers.verdict(op["value"], e.pk)
    reason, name = {
        "met": (Reason.CONDITION_MET, "then"),
        "not_met": (Reason.CONDITION_NOT_MET, "else"),
        "unknown": (Reason.CONDITION_UNKNOWN, "unknown"),
    }[verdict]
    run.note(e, Verdict.BRANCHED, reason, evidence={"condition": op["value"]})
    return _go(e, branch(op, name), run.now)


def _leave(e: Enrollment, op: Op, run: Walk) -> bool:
    e.status, e.reason = Enrollment.Status.LEFT, Reason.LEAVE_STEP
    e.left_at, e.due_at, e.waiting_for = run.now, None, ""
    run.note(e, Verdict.LEFT, Reason.LEAVE_STEP, rule=str(op["value"])[:200])
    return False


STEPS = {
    "email": _email,
    "nudge": _nudge,
    "wait": _wait,
    "wait_until": _wait_until,
    "if": _if,
    "leave": _leave,
}

SETTLED = (
    Message.State.ACCEPTED,
    Message.State.DELIVERED,
    Message.State.UNCERTAIN,
    Message.State.SKIPPED,
    Message.State.EXPIRED,
    Message.State.FAILED,
    Message.State.MERGED,
)


def expiry(op: Op, run: Walk) -> datetime:
    """When a held message is too late to be of use (default 5 business days)."""
    return run.hours.days.after(run.now, span(op.get("expires_after", "5bd"))) + timedelta(0)
