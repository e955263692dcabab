"""Steps in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from journeys.admin.editor.steps import Step, kind_of
from journeys.admin.words import condition, days


def title(step: Step, names: Mapping[str, str], stages: Mapping[str, str] | None = None) -> str:
    """What a step does, on one line."""
    kind = kind_of(step)
    value = step.get(kind)
    if kind in ("email", "nudge", "line", "chat"):
        return names.get(str(value), str(value)) if value else _("No text chosen yet")
    if kind == "wait":
        return days(value) if value else _("No time set yet")
    if kind in ("if", "wait_until"):
        return condition(value, stages) or _("No condition yet")
    if kind == "set" and isinstance(value, dict):
        return ", ".join(f"{name} = {said}" for name, said in value.items())
    if kind == "split":
        return _("By lot, the same way for the same customer")
    return str(value or _("No reason yet"))


def entrance(entry: Mapping[str, Any]) -> str:
    """Who comes in, where it is no stage and no condition alone."""
    match entry:
        case {"event": name}:
            said = _("when “%s” has happened") % name
        case {"every": {"month": day}}:
            said = _("every month on %s") % day
        case {"every": {"week": day}}:
            said = _("every week on %s") % day
        case {"by": "api"}:
            said = _("whom a system names")
        case {"by": "hand"}:
            said = _("whom somebody names")
        case _:
            return "—"
    return f"{said}（{condition(entry['when'])}）" if entry.get("when") else said


def notes(step: Step, stages: Mapping[str, str] | None = None) -> list[str]:
    """What else is worth seeing on a step's card."""
    said: list[tuple[str, Any]] = [
        (_("skipped when: %s"), condition(step.get("skip_if"), stages)),
        (_("taken back when: %s"), condition(step.get("until"), stages)),
        (_("at most %s"), days(step["timeout"]) if step.get("timeout") else ""),
    ]
    found = [text % value for text, value in said if value]
    return [*found, _("at once, not at a slot")] if step.get("at_once") else found
