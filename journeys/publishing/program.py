"""A journey's steps, flattened into a program that is walked by position.

An op is a plain mapping: {"id", "op", "next", …}. `next` of -1 ends the journey. Branches point
into the same list, so a walk never looks at the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from journeys import conditions
from journeys.publishing.kinds import BRANCHES, CONDITIONS, FIELDS, LATER, VALUES, BadValue
from journeys.publishing.refusals import Problem

END = -1
Op = dict[str, Any]


class _Reader:
    """Collects ops and problems while it walks a document's steps."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self.problems: list[Problem] = []
        self.paths: dict[str, str] = {}  # id -> where the step stands

    def refuse(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    def block(self, steps: Any, path: str, after: int) -> int:
        """Read a list of steps that goes on to `after`; the position where it begins."""
        if not isinstance(steps, list):
            self.refuse(path, _("must be a list of steps"))
            return after
        first = after
        # Backwards, so that each step knows where the next one begins.
        for index in range(len(steps) - 1, -1, -1):
            first = self.step(steps[index], f"{path}[{index}]", first)
        return first

    def step(self, raw: Any, path: str, after: int) -> int:
        kind = self.kind_of(raw, path)
        if kind is None:
            return after
        op: Op = {"id": raw["id"], "op": kind, "next": after}
        for name, value in raw.items():
            if name != "id":
                self.field(op, "value" if name == kind else name, name, value, path, after)
        self.ops.append(op)
        return len(self.ops) - 1

    def field(self, op: Op, slot: str, name: str, value: Any, path: str, after: int) -> None:
        where = f"{path}.{name}"
        if name == "split":
            op["arms"] = self.arms(value, where, after)
        elif name in BRANCHES:
            op[name] = self.block(value, where, after)
        elif name in CONDITIONS:
            op[slot] = self.condition(value, where)
        elif name in VALUES:
            try:
                op[slot] = VALUES[name](value)
            except BadValue as error:
                self.refuse(where, str(error))

    def arms(self, raw: Any, where: str, after: int) -> list[dict[str, Any]]:
        """The ways of a split: {"weight", "at"}, in the order they are written."""
        if not isinstance(raw, list) or len(raw) < 2:
            self.refuse(where, _("a split is a list of at least two ways: {weight, steps}"))
            return []
        found = []
        for index, arm in enumerate(raw):
            if not isinstance(arm, dict) or set(arm) - {"weight", "steps"} or not _weight(arm):
                self.refuse(f"{where}[{index}]", _("a way of a split is written {weight, steps}"))
                continue
            at = self.block(arm.get("steps", []), f"{where}[{index}].steps", after)
            found.append({"weight": arm["weight"], "at": at})
        if len(found) == len(raw) and abs(sum(arm["weight"] for arm in found) - 100) > 1e-9:
            total = sum(arm["weight"] for arm in found)
            self.refuse(where, _("the weights must sum to 100; they sum to %g") % total)
        return found

    def condition(self, raw: Any, where: str) -> Any:
        try:
            return conditions.dump(conditions.parse(raw, subject="enrollment"))
        except conditions.ConditionError as error:
            self.refuse(f"{where}.{error.path}" if error.path else where, error.message)
            return None

    def kind_of(self, raw: Any, path: str) -> str | None:
        """The step's kind, or None with a problem noted."""
        if not isinstance(raw, dict) or not isinstance(raw.get("id"), str) or not raw["id"]:
            self.refuse(path, _("a step is a mapping with an id"))
            return None
        if raw["id"] in self.paths:
            self.refuse(f"{path}.id", _("the id “%s” stands twice") % raw["id"])
            return None
        self.paths[raw["id"]] = path
        kinds = [name for name in raw if name in FIELDS]
        if len(kinds) != 1:
            allowed = ", ".join(FIELDS)
            self.refuse(path, _("a step has exactly one kind of: %s") % allowed)
            return None
        kind = str(kinds[0])
        if kind in LATER:
            self.refuse(f"{path}.{kind}", _("steps of the kind “%s” are not available yet") % kind)
            return None
        for name in sorted(raw.keys() - FIELDS[kind] - {"id", kind}, key=str):
            allowed = ", ".join(sorted(FIELDS[kind]))
            self.refuse(
                f"{path}.{name}", _("unknown key; allowed here: %(allowed)s") % {"allowed": allowed}
            )
        return kind


def _weight(arm: dict[str, Any]) -> bool:
    weight = arm.get("weight")
    return isinstance(weight, (int, float)) and not isinstance(weight, bool) and 0 < weight < 100


def compile_steps(steps: Any, path: str = "steps") -> tuple[dict[str, Any], list[Problem]]:
    """The program {"start", "ops"} of a document's steps, and what is wrong with them."""
    program, problems, _places = read_steps(steps, path)
    return program, problems


def read_steps(
    steps: Any, path: str = "steps"
) -> tuple[dict[str, Any], list[Problem], dict[str, str]]:
    """The same, and where each step stands: id → path."""
    reader = _Reader()
    start = reader.block(steps, path, END)
    return {"start": start, "ops": reader.ops}, reader.problems, reader.paths


def every_condition(op: Op) -> Iterator[tuple[str, Any]]:
    """(slot, tree) of each condition an op asks when it is reached."""
    if op["op"] in ("if", "wait_until"):
        yield "value", op["value"]
    for slot in ("skip_if", "return_when"):
        if op.get(slot):
            yield slot, op[slot]


def branch(op: Op, name: str) -> int:
    """Where a branch of an op begins; what follows the op where it has none of that name."""
    if name == "unknown" and name not in op:
        name = "else"
    return int(op[name] if name in op else op["next"])


def exits(op: Op) -> Iterator[int]:
    """Where the walk may go on from an op without resting there."""
    match op["op"]:
        case "if":
            yield from (branch(op, name) for name in ("then", "else", "unknown"))
        case "wait_until":
            yield from (branch(op, name) for name in ("then", "on_timeout"))
        case "split":
            yield from (int(arm["at"]) for arm in op["arms"])
        case "leave":
            return
        case _:
            yield int(op["next"])
