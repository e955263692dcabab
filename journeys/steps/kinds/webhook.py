"""Telling another system: the walk waits until it is accepted or given up."""

from __future__ import annotations

from journeys import webhooks
from journeys.ledger import Reason, Verdict
from journeys.models import Decision, Enrollment
from journeys.steps.resting import Op, Reached, Walk, go, rest, when_settled


def webhook(e: Enrollment, op: Op, run: Walk) -> bool:
    if e.waiting_for == "webhook":
        return when_settled(e, op, run)
    if e.holdout:
        run.note(e, Verdict.SKIPPED, Reason.HOLDOUT, rule=op["value"])
        return go(e, op["next"], run.now)
    run.leave_to("webhook", e, op)
    return rest(e, "webhook", None)


def tell(reached: Reached, run: Walk) -> list[Decision]:
    """Put the batch's deliveries into the outbox; whose receiver is not set up goes on."""
    told = [(e, op["value"], op["id"]) for e, op in reached]
    nobody = {e.pk for e, _receiver, _step in webhooks.tell_steps(told, run.now)}
    for e, receiver, step in told:
        if e.pk in nobody:
            run.note(e, Verdict.SKIPPED, Reason.NO_CHANNEL, rule=receiver, step_id=step)
            e.due_at = run.now
        else:
            run.note(e, Verdict.PLANNED, Reason.STEP_REACHED, rule=receiver, step_id=step)
    return []
