"""What keeps a draft from being published: the checks of publishing, and where to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from journeys.admin.editor import steps as _steps
from journeys.admin.editor.fields import Document, hidden_in
from journeys.publishing import Problem, check_journey, compile_steps

_STEP_PATH = re.compile(
    r"^steps(\[\d+\](\.(then|else|unknown|on_timeout|split\[\d+\]\.steps)\[\d+\])*)"
)


@dataclass(frozen=True)
class Located:
    """A problem at a step (`step_id`, with the path inside it) or in the head (`step_id` "")."""

    problem: Problem
    step_id: str = ""

    @property
    def message(self) -> str:
        return self.problem.message


def of_journey(document: Document) -> list[Located]:
    """Everything that is wrong with a journey's draft."""
    found = check_journey(document)
    if not any(p.path.startswith("steps[") for p in found):
        # A head of the wrong shape ends the check early; the steps are looked at all the same.
        found += [p for p in compile_steps(document.get("steps") or [])[1] if p not in found]
    found += hidden_in(document)
    if not document.get("steps") and not any(p.path == "steps" for p in found):
        found.append(Problem("steps", _("a journey needs at least one step")))
    return [_located(document, problem) for problem in _once(found)]


def _once(problems: Iterable[Problem]) -> list[Problem]:
    return list(dict.fromkeys(problems))


def _located(document: Document, problem: Problem) -> Located:
    """The step a path leads to, by its position or (from the checks of references) by its id."""
    if match := _STEP_PATH.match(problem.path):
        places = {found.path: found for found in _steps.walk(document)}
        place = places.get(match[0])
        rest = problem.path[len(match[0]) :].lstrip(".")
        return Located(replace(problem, path=rest), place.id) if place else Located(problem)
    for found in _steps.walk(document):
        if problem.path.startswith(f"steps.{found.id}."):
            rest = problem.path.removeprefix(f"steps.{found.id}.")
            return Located(replace(problem, path=rest), found.id)
    return Located(problem)


def at_step(located: Iterable[Located], step_id: str) -> list[Problem]:
    """The problems of one step (or, for "", of the head), with paths inside it."""
    return [one.problem for one in located if one.step_id == step_id]


def by_step(located: Iterable[Located]) -> dict[str, int]:
    """How many problems each step has."""
    counted: dict[str, int] = {}
    for one in located:
        counted[one.step_id] = counted.get(one.step_id, 0) + 1
    return counted


def at(problems: Iterable[Problem], prefix: str) -> list[Problem]:
    """The problems below a path, with the rest of it."""
    found: list[Problem] = []
    for problem in problems:
        if problem.path == prefix:
            found.append(replace(problem, path=""))
        elif problem.path.startswith(f"{prefix}."):
            found.append(replace(problem, path=problem.path[len(prefix) + 1 :]))
    return found
