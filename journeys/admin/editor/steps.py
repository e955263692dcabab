"""A journey's steps while they are being written: found by id, put in, moved, taken out.

Every function gives a new document; the one it was given stays as it was.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from journeys.publishing.kinds import BRANCHES as BRANCH_NAMES
from journeys.publishing.kinds import FIELDS

Document = dict[str, Any]
Step = dict[str, Any]

#: The kinds this editor writes. The others are shown, moved and kept as they are written.
KINDS = ("email", "nudge", "wait", "wait_until", "if", "leave")
#: The lists of steps a step may hold, in the order in which they are shown.
BRANCHES: dict[str, tuple[str, ...]] = {
    "if": ("then", "else", "unknown"),
    "wait_until": ("then", "on_timeout"),
}


@dataclass(frozen=True)
class Place:
    """Where a step stands: its list (of the document, or a branch of `parent`) and its index."""

    parent: str = ""  # id of the step that holds the list; "" for the document itself
    branch: str = ""
    index: int = 0


@dataclass(frozen=True)
class Found:
    """A step with its place, its path in the document, and how many steps its list has."""

    step: Step
    place: Place
    path: str
    siblings: int

    @property
    def id(self) -> str:
        return str(self.step.get("id", ""))

    @property
    def kind(self) -> str:
        return kind_of(self.step)


def kind_of(step: Step) -> str:
    """The step's kind; "" for one that nobody knows."""
    return next((name for name in FIELDS if name in step), "")


def branches_of(step: Step) -> list[tuple[str, str]]:
    """(name, path below the step) of each list of steps a step may hold."""
    ways = step.get("split")
    if isinstance(ways, list):
        return [
            (f"split.{n}", f"split[{n}].steps")
            for n, way in enumerate(ways)
            if isinstance(way, dict)
        ]
    return [(name, name) for name in BRANCHES.get(kind_of(step), ())]


def _held(step: Step, branch: str) -> Any:
    """The list of a branch, if there is one."""
    if branch.startswith("split."):
        return step["split"][int(branch.removeprefix("split."))].get("steps")
    return step.get(branch)


def walk(document: Document) -> Iterator[Found]:
    """Every step in reading order, those of branches after the step that holds them."""
    yield from _walk(document.get("steps"), "", "", "steps")


def _walk(steps: Any, parent: str, branch: str, path: str) -> Iterator[Found]:
    if not isinstance(steps, list):
        return
    for index, step in enumerate(steps):
        if not isinstance(step, dict):
            continue
        here = f"{path}[{index}]"
        yield Found(step, Place(parent, branch, index), here, len(steps))
        for name, below in branches_of(step):
            yield from _walk(_held(step, name), str(step.get("id", "")), name, f"{here}.{below}")


def find(document: Document, step_id: str) -> Found | None:
    """The step with this id."""
    return next((found for found in walk(document) if found.id == step_id), None)


def ids(document: Document) -> set[str]:
    """Every id that stands in the document."""
    return {found.id for found in walk(document)}


def new_id(kind: str, used: Iterable[str]) -> str:
    """`email-4`: one above the highest ever given to this kind, so that no id comes twice."""
    prefix = f"{kind.replace('_', '-')}-"
    numbers = [int(i[len(prefix) :]) for i in used if _is_numbered(i, prefix)]
    return f"{prefix}{max(numbers, default=0) + 1}"


def _is_numbered(step_id: str, prefix: str) -> bool:
    number = step_id.removeprefix(prefix)
    return step_id.startswith(prefix) and number.isascii() and number.isdigit()


def put_in(document: Document, step: Step, at: Place) -> Document:
    """The document with a step before the one at `at`; at the end when the index is past it.

    KeyError when the parent is gone or holds no such branch.
    """
    new = copy.deepcopy(document)
    steps = _list_at(new, at)
    steps.insert(max(0, min(at.index, len(steps))), step)
    return new


def replace(document: Document, step_id: str, step: Step) -> Document:
    """The document with another text of one step. KeyError when the step is gone."""
    new = copy.deepcopy(document)
    found = _found(new, step_id)
    _list_at(new, found.place)[found.place.index] = step
    return new


def move(document: Document, step_id: str, by: int) -> Document:
    """The document with a step moved up (-1) or down (+1) among its neighbours."""
    new = copy.deepcopy(document)
    found = _found(new, step_id)
    steps = _list_at(new, found.place)
    steps.insert(max(0, found.place.index + by), steps.pop(found.place.index))
    return new


def take_out(document: Document, step_id: str) -> Document:
    """The document without a step and without what its branches hold; an empty branch goes too."""
    new = copy.deepcopy(document)
    found = _found(new, step_id)
    steps = _list_at(new, found.place)
    steps.pop(found.place.index)
    if not steps and found.place.branch in BRANCH_NAMES:
        del _found(new, found.place.parent).step[found.place.branch]
    return new


def _found(document: Document, step_id: str) -> Found:
    found = find(document, step_id)
    if found is None:
        raise KeyError(step_id)
    return found


def _list_at(document: Document, place: Place) -> list[Step]:
    if not place.parent:
        return _list_in(document, "steps")
    holder = _found(document, place.parent)
    if place.branch not in dict(branches_of(holder.step)):
        raise KeyError(place.branch)
    if place.branch.startswith("split."):
        return _list_in(holder.step["split"][int(place.branch.removeprefix("split."))], "steps")
    return _list_in(holder.step, place.branch)


def _list_in(holder: dict[str, Any], name: str) -> list[Step]:
    if not isinstance(holder.get(name), list):
        holder[name] = []
    steps: list[Step] = holder[name]
    return steps
