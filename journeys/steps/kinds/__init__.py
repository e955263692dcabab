"""What each kind of step does. A kind is a function (enrollment, op, run) → goes on, or rests here.

A kind whose effect is more than a move leaves it to a writer, which writes for the whole batch by a
fixed number of statements. A kind that waits for its effect names what it waits for
(`rest(e, "message", None)`); who settles it makes the enrollment due, and `SETTLED` says when.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from journeys import plays
from journeys.models import Decision, Enrollment
from journeys.steps.kinds import branching, messages, task, waiting
from journeys.steps.planning import plan_messages, settled_messages
from journeys.steps.resting import Op, Reached, Settled, Walk

#: Kind of step → its move.
STEPS: dict[str, Callable[[Enrollment, Op, Walk], bool]] = {
    "email": messages.letter,
    "nudge": messages.nudge,
    "wait": waiting.wait,
    "wait_until": waiting.wait_until,
    "if": branching.by_condition,
    "leave": branching.leave,
    "task": task.task,
}
#: Name of a writer → what it writes for the batch; it gives back the decisions to be kept.
WRITERS: dict[str, Callable[[Reached, Walk], list[Decision]]] = {
    "message": plan_messages,
    "task": task.open_tasks,
}
#: `waiting_for` → when what those enrollments wait for was settled (None: not yet).
SETTLED: dict[str, Callable[[list[Enrollment], datetime], Settled]] = {
    "message": settled_messages,
    "task": plays.settled_in,
}
