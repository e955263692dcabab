"""Every condition a batch may ask, asked once for all: one SELECT for each distinct condition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from journeys import conditions
from journeys.conditions import ENROLLMENT, Ask
from journeys.models import Enrollment, JourneyVersion
from journeys.publishing import END, every_condition, exits


@dataclass
class Answers:
    """For each condition (by hash) the enrollments that meet it, and those that do not."""

    met: dict[str, set[int]] = field(default_factory=dict)
    not_met: dict[str, set[int]] = field(default_factory=dict)

    def verdict(self, raw: Any, enrollment_id: int) -> str:
        """met, not_met or unknown."""
        digest = digest_of(raw)
        if enrollment_id in self.met[digest]:
            return "met"
        return "not_met" if enrollment_id in self.not_met.get(digest, ()) else "unknown"


def digest_of(raw: Any) -> str:
    return conditions.hash_of(conditions.parse(raw, subject="enrollment"))


def reachable(program: dict[str, Any], positions: Iterable[int]) -> list[dict[str, Any]]:
    """The ops a walk can come to from these positions, however it branches."""
    ops, seen, todo = program["ops"], set(), list(positions)
    while todo:
        position = todo.pop()
        if position == END or position in seen:
            continue
        seen.add(position)
        todo.extend(exits(ops[position]))
    return [ops[position] for position in sorted(seen)]


def ask_all(batch: list[Enrollment], versions: dict[int, JourneyVersion], ask: Ask) -> Answers:
    """Ask everything this batch's walks could want to know, in sets."""
    asked: dict[str, tuple[Any, bool]] = {}
    for version in versions.values():
        positions = {e.position for e in batch if e.version_id == version.pk}
        for op in reachable(version.program, positions):
            for slot, raw in every_condition(op):
                both = op["op"] == "if" and slot == "value"
                digest = digest_of(raw)
                asked[digest] = (raw, both or asked.get(digest, (raw, False))[1])
    answers = Answers()
    ids = [e.pk for e in batch]
    for digest, (raw, both) in asked.items():
        tree = conditions.parse(raw, subject="enrollment")
        answers.met[digest] = conditions.matching(tree, ids, ask, ENROLLMENT)
        if both:
            answers.not_met[digest] = conditions.matching(tree, ids, ask, ENROLLMENT, want=False)
    return answers
