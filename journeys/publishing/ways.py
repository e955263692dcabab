"""Whether a program can be walked: every step can be come to, and no way turns without end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from journeys.publishing.program import END, exits
from journeys.publishing.refusals import Problem

Program = dict[str, Any]


def reached_from(
    program: Program, positions: Iterable[int], *, without: frozenset[str] = frozenset()
) -> set[int]:
    """The positions a walk can come to from these, not going through ops of the kinds `without`."""
    seen: set[int] = set()
    todo = list(positions)
    while todo:
        position = todo.pop()
        if position in seen:
            continue
        seen.add(position)
        if position != END and program["ops"][position]["op"] not in without:
            todo.extend(exits(program["ops"][position]))
    return seen


def way_problems(program: Program, places: Mapping[str, str]) -> list[Problem]:
    """Steps nobody can come to, each named."""
    reached = reached_from(program, [program["start"]])
    message = _("nobody can come to the step “%s”: what stands before it ends the journey")
    return [
        Problem(places[op["id"]], message % op["id"])
        for position, op in reversed(list(enumerate(program["ops"])))
        if position not in reached
    ]


def turns_without_end(program: Program) -> str:
    """The first step of a way through the whole journey on which nothing waits; "" without one.

    Whoever may come in again at once and still matches would go round at every tick. A letter is
    no wait: it may be skipped.
    """
    if END not in reached_from(program, [program["start"]], without=frozenset({"wait"})):
        return ""
    return str(program["ops"][program["start"]]["id"]) if program["start"] != END else ""
