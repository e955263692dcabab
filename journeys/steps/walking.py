"""One enrollment's walk through its program, in memory, until it rests. Writes nothing."""

from __future__ import annotations

from journeys.ledger import Reason, Verdict
from journeys.models import Enrollment
from journeys.publishing import END
from journeys.steps.kinds import STEPS
from journeys.steps.resting import Op, Walk, come_out, go, rest

MOST_STEPS = 50
#: Steps that do something to the customer, and so wait while a person is helping.
ACTING = frozenset({"email", "line", "chat", "nudge", "task", "webhook", "assign", "set"})


def walk(e: Enrollment, run: Walk) -> None:
    """Go on from where the enrollment rests, to where it rests next (at most 50 steps)."""
    before = (e.position, e.waiting_for, e.due_at, e.status)
    program = e.version.program
    if e.waiting_for == "hold" and e.pk not in run.held:
        # Not late: a person had taken over.
        go(e, e.position, run.now)
    for _step in range(MOST_STEPS):
        if e.position == END:
            run.note(e, Verdict.LEFT, Reason.FINISHED)
            come_out(e, run, Enrollment.Status.FINISHED, Reason.FINISHED)
            break
        op = program["ops"][e.position]
        e.step_id = op["id"]
        if e.pk in run.held and _waits_for_the_person(e, op, run):
            break
        if not STEPS[op["op"]](e, op, run):
            break
    if (e.position, e.waiting_for, e.due_at, e.status) != before:
        run.moved.append(e)


def _waits_for_the_person(e: Enrollment, op: Op, run: Walk) -> bool:
    """R28, R84: while a person helps, what is not urgent waits where it stands, and is said once.

    Waiting times run on; whoever has been waiting goes on from this very step.
    """
    if e.waiting_for not in ("", "hold") or op["op"] not in ACTING:
        return False
    if op.get("importance") == "critical" or op["value"] in run.exempt:
        return False
    if e.waiting_for != "hold":
        run.note(e, Verdict.MOVED, Reason.ON_HOLD, rule=str(op["value"])[:200])
        rest(e, "hold", run.now)
    return True
