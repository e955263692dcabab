"""What each kind of step does. A kind is a function (enrollment, op, run) → goes on, or rests here.

A kind whose effect is more than a move leaves it to a writer, which writes for the whole batch by a
fixed number of statements. A kind that waits for its effect names what it waits for
(`rest(e, "message", None)`); who settles it makes the enrollment due, and `SETTLED` says when.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from journeys import plays, webhooks
from journeys.models import Decision, Enrollment
from journeys.steps.kinds import (
    assigning,
    branching,
    messages,
    noting,
    task,
    waiting,
    webhook,
)
from journeys.steps.planning import plan_messages, settled_messages
from journeys.steps.resting import Op, Reached, Settled, Walk

#: Kind of step → its move.
STEPS: dict[str, Callable[[Enrollment, Op, Walk], bool]] = {
    "email": messages.letter,
    "line": messages.letter,
    "chat": messages.letter,
    "nudge": messages.nudge,
    "wait": waiting.wait,
    "wait_until": waiting.wait_until,
    "if": branching.by_condition,
    "split": branching.by_lot,
    "assign": assigning.assign,
    "set": noting.note,
    "leave": branching.leave,
    "task": task.task,
    "webhook": webhook.webhook,
}
#: Name of a writer → what it writes for the batch; it gives back the decisions to be kept.
WRITERS: dict[str, Callable[[Reached, Walk], list[Decision]]] = {
    "message": plan_messages,
    "assign": assigning.write_assignments,
    "set": noting.write_traits,
    "task": task.open_tasks,
    "webhook": webhook.tell,
}
#: `waiting_for` → when what those enrollments wait for was settled (None: not yet).
SETTLED: dict[str, Callable[[list[Enrollment], datetime], Settled]] = {
    "message": settled_messages,
    "task": plays.settled_in,
    "webhook": webhooks.settled_in,
}
