"""Letting time pass, or waiting for something to come true."""

from __future__ import annotations

from journeys.ledger import Reason, Verdict
from journeys.models import Enrollment
from journeys.publishing import branch
from journeys.steps.resting import Op, Walk, go, rest
from journeys.timing import span


def wait(e: Enrollment, op: Op, run: Walk) -> bool:
    if e.waiting_for != "time":
        return rest(e, "time", run.hours.days.after(e.step_at, span(op["value"])))
    if e.due_at is None or e.due_at > run.now:
        return False
    run.note(e, Verdict.WAITED, Reason.TIMED_OUT, rule=op["value"])
    return go(e, op["next"], run.now)


def wait_until(e: Enrollment, op: Op, run: Walk) -> bool:
    """Judged at every tick; the time-out counts from reaching the step."""
    if run.answers.verdict(op["value"], e.pk) == "met":
        run.note(e, Verdict.BRANCHED, Reason.CONDITION_MET, evidence={"condition": op["value"]})
        return go(e, branch(op, "then"), run.now)
    timeout = op.get("timeout")
    if timeout and run.hours.days.after(e.step_at, span(timeout)) <= run.now:
        run.note(e, Verdict.BRANCHED, Reason.TIMED_OUT, rule=timeout)
        return go(e, branch(op, "on_timeout"), run.now)
    # Always due: a condition can come true at any tick. Unchanged rows are not written.
    return rest(e, "condition", e.due_at if e.waiting_for == "condition" else run.now)
