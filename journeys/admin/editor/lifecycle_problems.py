"""What keeps a route from being published, and at which stage or criterion to mend it (R2)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from journeys.admin.editor import parts
from journeys.admin.editor.fields import Document, hidden_in
from journeys.publishing import Problem, check_lifecycle

NEEDED = ("goal", "definition", "customer_does")
_STAGE = re.compile(r"^stages\[(\d+)\](?:\.exit\.criteria\[(\d+)\])?\.?(.*)$")


@dataclass(frozen=True)
class At:
    """A problem with the stage and criterion it stands at ("" for the head), and its inner path."""

    problem: Problem
    stage: str = ""
    criterion: str = ""

    @property
    def message(self) -> str:
        return self.problem.message

    @property
    def query(self) -> str:
        found = f"?stage={self.stage}" if self.stage else ""
        return f"{found}&criterion={self.criterion}" if self.criterion else found


def of_lifecycle(document: Document) -> list[At]:
    """Everything that is wrong with a route's draft, each at its place."""
    missing = list(_missing(document))
    found = check_lifecycle(document)
    if missing:
        # The shape names the first stage that lacks something; here each field says so itself.
        found = [p for p in found if p.path != "stages"]
    everything = dict.fromkeys([*missing, *found, *hidden_in(document)])
    return [_at(document, problem) for problem in everything]


def _missing(document: Document) -> Iterable[Problem]:
    """R2: no stage but the last goes without goal, definition, customer actions and exit."""
    for n, stage in enumerate(parts.stages(document)[:-1]):
        for name in NEEDED:
            if not str(stage.get(name) or "").strip():
                yield Problem(f"stages[{n}].{name}", _("is needed before publishing"))
        if not parts.criteria(stage):
            yield Problem(f"stages[{n}].exit", _("needs at least one exit criterion"))


def _at(document: Document, problem: Problem) -> At:
    match = _STAGE.match(problem.path)
    stages = parts.stages(document)
    if match is None or int(match[1]) >= len(stages):
        return At(problem)
    stage = stages[int(match[1])]
    inner = replace(problem, path=match[3])
    criteria = parts.criteria(stage)
    if match[2] is not None and int(match[2]) < len(criteria):
        return At(inner, str(stage.get("key", "")), str(criteria[int(match[2])].get("key", "")))
    rest = problem.path.partition("].")[2]
    return At(replace(problem, path=rest), str(stage.get("key", "")))


def at(found: Iterable[At], stage: str = "", criterion: str = "") -> list[Problem]:
    """The problems of one place, with paths inside it."""
    return [one.problem for one in found if (one.stage, one.criterion) == (stage, criterion)]
