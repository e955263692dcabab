"""Choosing a way: by a condition, or out."""

from __future__ import annotations

from journeys.ledger import Reason, Verdict
from journeys.models import Enrollment
from journeys.publishing import branch
from journeys.steps.resting import Op, Walk, come_out, go


def by_condition(e: Enrollment, op: Op, run: Walk) -> bool:
    verdict = run.answers.verdict(op["value"], e.pk)
    reason, name = {
        "met": (Reason.CONDITION_MET, "then"),
        "not_met": (Reason.CONDITION_NOT_MET, "else"),
        "unknown": (Reason.CONDITION_UNKNOWN, "unknown"),
    }[verdict]
    run.note(e, Verdict.BRANCHED, reason, evidence={"condition": op["value"]})
    return go(e, branch(op, name), run.now)


def leave(e: Enrollment, op: Op, run: Walk) -> bool:
    run.note(e, Verdict.LEFT, Reason.LEAVE_STEP, rule=str(op["value"])[:200])
    return come_out(e, run, Enrollment.Status.LEFT, Reason.LEAVE_STEP)
