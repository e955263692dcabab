"""Saying something: a letter holds the walk until it is settled, a nudge is visible at once."""

from __future__ import annotations

from journeys.ledger import Reason, Verdict
from journeys.models import Enrollment
from journeys.steps.planning import expiry, is_set_up
from journeys.steps.resting import Op, Walk, go, rest, when_settled


def letter(e: Enrollment, op: Op, run: Walk) -> bool:
    if e.waiting_for == "message":
        return when_settled(e, op, run)
    if _skipped(e, op, run) or _stale(e, op, run):
        return go(e, op["next"], run.now)
    run.leave_to("message", e, op)
    if op.get("wait_for") == "nothing" or e.holdout or not is_set_up(op["op"]):
        return go(e, op["next"], run.now)
    return rest(e, "message", None)


def nudge(e: Enrollment, op: Op, run: Walk) -> bool:
    """A nudge is visible from the moment it is planned: nothing to wait for."""
    if not (_skipped(e, op, run) or _stale(e, op, run)):
        run.leave_to("message", e, op)
    return go(e, op["next"], run.now)


def _skipped(e: Enrollment, op: Op, run: Walk) -> bool:
    skip_if = op.get("skip_if")
    if not skip_if or run.answers.verdict(skip_if, e.pk) != "met":
        return False
    run.note(
        e, Verdict.SKIPPED, Reason.ALREADY_DONE, rule=op["value"], evidence={"skip_if": skip_if}
    )
    return True


def _stale(e: Enrollment, op: Op, run: Walk) -> bool:
    """R33: what should have been said long ago (after an outage, a pause) is not said late."""
    if expiry(op, run, e.step_at) > run.now:
        return False
    reached = {"reached": e.step_at.isoformat()}
    run.note(e, Verdict.SKIPPED, Reason.EXPIRED, rule=op["value"], evidence=reached)
    return True
