"""Giving something to a person: with a return condition the walk waits for them, else it goes on."""

from __future__ import annotations

from journeys import plays
from journeys.ledger import Reason, Verdict
from journeys.models import Decision, Enrollment
from journeys.steps.resting import Op, Reached, Walk, go, rest, when_settled


def task(e: Enrollment, op: Op, run: Walk) -> bool:
    if e.waiting_for == "task":
        return when_settled(e, op, run)
    if e.holdout:
        run.note(e, Verdict.SKIPPED, Reason.HOLDOUT, rule=op["value"])
        return go(e, op["next"], run.now)
    back = op.get("return_when")
    if back and run.answers.verdict(back, e.pk) == "met":
        seen = {"condition": back}
        run.note(e, Verdict.SKIPPED, Reason.ALREADY_DONE, rule=op["value"], evidence=seen)
        return go(e, op["next"], run.now)
    run.leave_to("task", e, op)
    return rest(e, "task", None) if back else go(e, op["next"], run.now)


def open_tasks(reached: Reached, run: Walk) -> list[Decision]:
    """Begin the tasks of the batch; the room of plays writes the decisions.

    Where the play is gone nothing begins: that is said, and the enrollment is due again.
    """
    found = plays.known(op["value"] for _e, op in reached)
    plays.open_tasks([_opening(e, op) for e, op in reached], run.now)
    for e, op in reached:
        if op["value"] not in found:
            run.note(e, Verdict.SKIPPED, Reason.NO_CHANNEL, rule=op["value"], step_id=op["id"])
            e.due_at = run.now if e.waiting_for == "task" else e.due_at
    return []


def _opening(e: Enrollment, op: Op) -> plays.Opening:
    journey = e.version.journey
    aim = e.version.document.get("aim") or {}
    return plays.Opening(
        key=f"j/{journey.key}/{e.subject_key}/{e.run}/{op['id']}/{e.visit}/task",
        play=op["value"],
        account_id=e.account_id,
        subscription_id=e.subscription_id,
        contact_id=e.contact_id,
        enrollment_id=e.pk,
        journey_key=journey.key,
        version=e.version.number,
        step_id=op["id"],
        why=journey.name,
        return_when=op.get("return_when"),
        due=op.get("due", ""),
        fallback_owner=aim.get("owner") or "",
    )
