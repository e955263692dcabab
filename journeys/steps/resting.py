"""What one batch of walks shares, and the three ways a step can end: go on, rest here, come out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from journeys import ledger
from journeys.calendars import SendingHours
from journeys.ledger import Reason, Verdict
from journeys.models import Decision, Enrollment
from journeys.steps.answers import Answers

Op = dict[str, Any]
Reached = list[tuple[Enrollment, Op]]
Settled = dict[int, datetime | None]


@dataclass(frozen=True)
class About:
    """An enrollment's unit key for drawing lots, and the zone of whoever is spoken to."""

    unit: str
    zone: str


@dataclass
class Walk:
    """What a batch knows, and what its walks leave to be written.

    `settled`: for each enrollment that waits for what its step did, when that was settled, or None.
    `about`: of those whose program draws lots or has a window of its own.
    `held`: enrollments whose contract is with a person; `exempt`: texts that may be said to them.
    `reached`: by the name of a writer (`kinds.WRITERS`), the steps it has to write in one set.
    """

    now: datetime
    hours: SendingHours
    answers: Answers
    settled: Settled = field(default_factory=dict)
    about: dict[int, About] = field(default_factory=dict)
    held: frozenset[int] = frozenset()
    exempt: frozenset[str] = frozenset()
    reached: dict[str, Reached] = field(default_factory=lambda: defaultdict(list))
    decisions: list[Decision] = field(default_factory=list)
    moved: list[Enrollment] = field(default_factory=list)

    def note(self, e: Enrollment, verdict: Verdict, reason: Reason, **more: Any) -> None:
        """Say in the ledger what was decided about an enrollment at its step."""
        self.decisions.append(ledger.about_enrollment(e, self.now, verdict, reason, **more))

    def leave_to(self, writer: str, e: Enrollment, op: Op) -> None:
        """Let a writer do this step for all enrollments of the batch together, after the walks."""
        self.reached[writer].append((e, op))


def go(e: Enrollment, position: int, at: datetime) -> bool:
    """Go on to another op, reached at `at`."""
    e.position, e.step_at, e.waiting_for, e.due_at = position, at, "", at
    return True


def rest(e: Enrollment, waiting_for: str, due_at: datetime | None) -> bool:
    """Stay at this op until `due_at`, or until whoever settles it makes the enrollment due."""
    e.waiting_for, e.due_at = waiting_for, due_at
    return False


def come_out(e: Enrollment, run: Walk, status: Enrollment.Status, reason: Reason) -> bool:
    """End the enrollment."""
    e.status, e.reason = status, reason
    e.left_at, e.due_at, e.waiting_for = run.now, None, ""
    return False


def when_settled(e: Enrollment, op: Op, run: Walk) -> bool:
    """Go on from the moment what the step did was settled; rest until then."""
    settled_at = run.settled.get(e.pk)
    return go(e, op["next"], settled_at) if settled_at else rest(e, e.waiting_for, None)
