"""Saying something: a letter holds the walk until it is settled, a nudge is visible at once."""

from __future__ import annotations

from journeys.ledger import Reason, Verdict
from journeys.models import Enrollment
from journeys.steps.resting import Op, Walk, go, rest, when_settled


def letter(e: Enrollment, op: Op, run: Walk) -> bool:
    if e.waiting_for == "message":
        return when_settled(e, op, run)
    if _skipped(e, op, run):
        return go(e, op["next"], run.now)
    run.leave_to("message", e, op)
    if op.get("wait_for") == "nothing" or e.holdout:
        return go(e, op["next"], run.now)
    return rest(e, "message", None)


def nudge(e: Enrollment, op: Op, run: Walk) -> bool:
    """A nudge is visible from the moment it is planned: nothing to wait for."""
    if not _skipped(e, op, run):
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
