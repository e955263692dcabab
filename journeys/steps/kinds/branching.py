"""Choosing a way: by a condition, by lot, or out."""

from __future__ import annotations

from journeys.enrollments import bucket
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


def by_lot(e: Enrollment, op: Op, run: Walk) -> bool:
    """The same way for the same unit, however often it comes here (contracts 2)."""
    place = bucket(f"{e.version.journey.key}/{op['id']}", run.about[e.pk].unit)
    way = _way(op["arms"], place)
    e.variants = {**e.variants, op["id"]: way}
    run.note(e, Verdict.BRANCHED, Reason.SHARE, evidence={"way": way, "place": place})
    return go(e, op["arms"][way]["at"], run.now)


def _way(arms: list[Op], place: float) -> int:
    """Cumulative thresholds; the last way takes what rounding leaves."""
    total = 0.0
    for index, arm in enumerate(arms[:-1]):
        total += arm["weight"]
        if place < total / 100:
            return index
    return len(arms) - 1


def leave(e: Enrollment, op: Op, run: Walk) -> bool:
    run.note(e, Verdict.LEFT, Reason.LEAVE_STEP, rule=str(op["value"])[:200])
    return come_out(e, run, Enrollment.Status.LEFT, Reason.LEAVE_STEP)
