"""One enrollment's walk through its program, in memory, until it rests. Writes nothing."""

from __future__ import annotations

from journeys.ledger import Reason, Verdict
from journeys.models import Enrollment
from journeys.publishing import END
from journeys.steps.kinds import STEPS
from journeys.steps.resting import Walk, come_out

MOST_STEPS = 50


def walk(e: Enrollment, run: Walk) -> None:
    """Go on from where the enrollment rests, to where it rests next (at most 50 steps)."""
    before = (e.position, e.waiting_for, e.due_at, e.status)
    program = e.version.program
    for _step in range(MOST_STEPS):
        if e.position == END:
            run.note(e, Verdict.LEFT, Reason.FINISHED)
            come_out(e, run, Enrollment.Status.FINISHED, Reason.FINISHED)
            break
        op = program["ops"][e.position]
        e.step_id = op["id"]
        if not STEPS[op["op"]](e, op, run):
            break
    if (e.position, e.waiting_for, e.due_at, e.status) != before:
        run.moved.append(e)
