"""A journey's steps, flattened into a program that is walked by position.

An op is a plain mapping: {"id", "op", "next", …}. `next` of -1 ends the journey. Branches point
into the same list, so a walk never looks at the document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.utils.translation import gettext as _

from journeys import conditions
from journeys.publishing.refusals import Problem
from journeys.timing import BadSpan, span

END = -1
Op = dict[str, Any]

#: Fields a step may have beside `id` and its kind (contracts 2).
FIELDS: dict[str, frozenset[str]] = {
    "email": frozenset(
        {"to", "skip_if", "importance", "expires_after", "persona", "at_once", "wait_for"}
    ),
    "nudge": frozenset({"until", "skip_if", "expires_after", "page", "to"}),
    "wait": frozenset({"send_window"}),
    "wait_until": frozenset({"timeout", "on_timeout", "then"}),
    "if": frozenset({"then", "else", "unknown"}),
    "leave": frozenset(),
}
#: Kinds of the contract whose rooms are not open yet: refused by name, never ignored.
LATER = ("line", "chat", "task", "webhook", "split", "assign", "set")
CONDITIONS = ("wait_until", "if", "skip_if", "until")
BRANCHES = ("then", "else", "unknown", "on_timeout")
SPANS = ("wait", "timeout", "expires_after")


class _Reader:
    """Collects ops and problems while it walks a document's steps."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self.problems: list[Problem] = []
        self.ids: set[str] = set()

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
        if name in BRANCHES:
            op[name] = self.block(value, where, after)
        elif name in CONDITIONS:
            op[slot] = self.condition(value, where)
        elif name in SPANS:
            try:
                op[slot] = span(value).text
            except BadSpan as error:
                self.refuse(where, str(error))
        else:
            op[slot] = value

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
        if raw["id"] in self.ids:
            self.refuse(f"{path}.id", _("the id “%s” stands twice") % raw["id"])
            return None
        self.ids.add(raw["id"])
        kinds = [name for name in raw if name in FIELDS or name in LATER]
        if len(kinds) != 1:
            allowed = ", ".join(FIELDS)
            self.refuse(path, _("a step has exactly one kind of: %s") % allowed)
            return None
        kind = str(kinds[0])
        if kind in LATER:
            self.refuse(f"{path}.{kind}", _("steps of the kind “%s” are not available yet") % kind)
            return None
        for name in raw.keys() - FIELDS[kind] - {"id", kind}:
            allowed = ", ".join(sorted(FIELDS[kind]))
            self.refuse(
                f"{path}.{name}", _("unknown key; allowed here: %(allowed)s") % {"allowed": allowed}
            )
        return kind


def compile_steps(steps: Any, path: str = "steps") -> tuple[dict[str, Any], list[Problem]]:
    """The program {"start", "ops"} of a document's steps, and what is wrong with them."""
    reader = _Reader()
    start = reader.block(steps, path, END)
    return {"start": start, "ops": reader.ops}, reader.problems


def every_condition(op: Op) -> Iterator[tuple[str, Any]]:
    """(slot, tree) of each condition an op asks when it is reached."""
    if op["op"] in ("if", "wait_until"):
        yield "value", op["value"]
    if op.get("skip_if"):
        yield "skip_if", op["skip_if"]


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
        case "leave":
            return
        case _:
            yield int(op["next"])


def walk_ops(program: dict[str, Any], keep: Callable[[Op], bool]) -> list[Op]:
    """All ops of a program that `keep` says yes to, in document order."""
    return [op for op in reversed(program["ops"]) if keep(op)]
