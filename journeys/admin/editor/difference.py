"""What a draft changes, in plain words: fields, steps put in, taken out, moved and rewritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from journeys.admin.editor import steps as _steps
from journeys.admin.editor import wording
from journeys.admin.editor.fields import Document, Field, get
from journeys.admin.editor.journey_fields import (
    KIND_LABELS,
    Known,
    head_fields,
    shown_head,
    step_fields,
)
from journeys.admin.words import condition, days

LONGEST = 160


@dataclass(frozen=True)
class Change:
    """One change: where, what stood there before (`old`) and what stands there now (`new`)."""

    where: str
    old: str = ""
    new: str = ""


def of_journeys(old: Document | None, new: Document, known: Known) -> list[Change]:
    """What the new text of a journey says otherwise; everything, where there was none."""
    before = old or {}
    head = of_fields(shown_head(before) if old else {}, shown_head(new), head_fields(known))
    return head + _of_steps(before, new, known)


def of_fields(
    old: Document, new: Document, fields: Iterable[Field], where: str = ""
) -> list[Change]:
    """Fields that say something else, with the words of their choices."""
    found = []
    for field in fields:
        before, after = (get(document, field.name) for document in (old, new))
        if _or_default(before, field) == _or_default(after, field):
            continue
        words = said(field, before), said(field, after)
        if words[0] == words[1]:  # too fine a difference for words: as it is written
            words = field.text(before), field.text(after)
        label = f"{where}・{field.label}" if where else str(field.label)
        found.append(Change(label, *words))
    return found


def _or_default(value: Any, field: Field) -> Any:
    return field.default if value in (None, "", {}) else value


def said(field: Field, value: Any) -> str:
    """A value as its reader knows it."""
    if field.widget == "check":
        return _("yes") if value else ""
    text = field.text(value)
    if field.widget == "days":
        return days(text) if text else ""
    if field.widget == "condition" and isinstance(value, dict):
        return condition(value)
    if field.choices:
        return str(dict(field.choices).get(text, text)) if text else ""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _of_steps(old: Document, new: Document, known: Known) -> list[Change]:
    before = {found.id: found for found in _steps.walk(old)}
    after = {found.id: found for found in _steps.walk(new)}
    found = [
        Change(_("Step taken out"), old=_named(before[i].step, known))
        for i in before
        if i not in after
    ]
    for step_id, here in after.items():
        name = _named(here.step, known)
        if step_id not in before:
            found.append(Change(_("Step put in"), new=name))
            continue
        fields = step_fields(here.step, known, new)
        found += of_fields(before[step_id].step, here.step, fields, name)
    moved = _moved(before, after)
    return found + [Change(_("Step moved"), new=_named(after[i].step, known)) for i in moved]


def _named(step: _steps.Step, known: Known) -> str:
    label = KIND_LABELS.get(_steps.kind_of(step), _steps.kind_of(step))
    return f"{label}「{wording.title(step, known.names, known.stage_names)}」"


def _moved(before: Mapping[str, _steps.Found], after: Mapping[str, _steps.Found]) -> list[str]:
    """Steps that stand elsewhere: in another branch, or out of their neighbours' order."""
    both = [i for i in after if i in before]
    elsewhere = {
        i
        for i in both
        if (before[i].place.parent, before[i].place.branch)
        != (after[i].place.parent, after[i].place.branch)
    }
    order = {i: n for n, i in enumerate(i for i in before if i in after)}
    kept = longest_rising([order[i] for i in both])
    return [i for i in both if i in elsewhere or order[i] not in kept]


def longest_rising(numbers: Sequence[int]) -> set[int]:
    """A longest rising part of a sequence: what kept its order while the rest moved."""
    best: list[list[int]] = []
    for number in numbers:
        before = [run for run in best if run[-1] < number]
        best.append([*_longest(before), number])
    return set(_longest(best))


def _longest(runs: list[list[int]]) -> list[int]:
    return max(runs, key=len, default=[])
