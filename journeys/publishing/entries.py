"""How somebody comes into a journey: exactly one way, and for some of them a condition beside it.

{stage: prepare}                    while in that stage
{when: CONDITION}                   while the condition is met
{event: invoice.created}            each time that fact happens
{every: {month: 6bd}}               on that day of each month; {week: mon}
{by: hand} · {by: api}              only when somebody, or a system of the vendor, says so
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from journeys import conditions
from journeys.publishing.refusals import Problem
from journeys.timing import WEEKDAYS

KINDS = ("stage", "when", "event", "every", "by")
DOORS = ("hand", "api")
#: What may stand beside a way in, as one more condition.
BESIDE = {"event": ("when",), "every": ("when",)}
_DAY_OF_MONTH = re.compile(r"^(-?)(\d{1,2})(bd|d)$")


@dataclass(frozen=True)
class Entry:
    """An entry as it is compiled: its kind, what it names, and the condition to be met (or None)."""

    kind: str
    value: Any
    tree: Any

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "value": self.value}


def read_entry(raw: dict[str, Any], path: str = "entry") -> tuple[Entry | None, list[Problem]]:
    """The entry of a document, or what is wrong with it."""
    kind, problems = _kind_of(raw, path)
    if kind is None:
        return None, problems
    for name in sorted(raw.keys() - {kind, *BESIDE.get(kind, ())}, key=str):
        allowed = ", ".join((kind, *BESIDE.get(kind, ())))
        message = _("unknown key; allowed here: %(allowed)s") % {"allowed": allowed}
        problems.append(Problem(f"{path}.{name}", message))
    value, why = _READ[kind](raw[kind])
    if why:
        problems.append(Problem(f"{path}.{kind}", why))
    tree, found = _tree(raw, kind, path)
    problems += found
    return (None if problems else Entry(kind, value, tree)), problems


def _kind_of(raw: dict[str, Any], path: str) -> tuple[str | None, list[Problem]]:
    kinds = [name for name in KINDS if name in raw]
    if len(kinds) == 2 and "when" in kinds:
        # An occasion with a condition beside it.
        kinds = [name for name in kinds if "when" in BESIDE.get(name, ())] or kinds
    if len(kinds) != 1:
        return None, [Problem(path, _("entry is exactly one of: %s") % ", ".join(KINDS))]
    return kinds[0], []


def _tree(raw: dict[str, Any], kind: str, path: str) -> tuple[Any, list[Problem]]:
    if kind == "stage":
        condition = {"stage": {"is": raw["stage"]}}
    elif "when" in raw:
        condition, kind = raw["when"], "when"
    else:
        return None, []
    try:
        return conditions.dump(conditions.parse(condition, subject="enrollment")), []
    except conditions.ConditionError as error:
        # Of `stage: KEY` the author has written no path inside.
        inside = f".{error.path}" if error.path and kind == "when" else ""
        return None, [Problem(f"{path}.{kind}{inside}", error.message)]


def _name(raw: Any) -> tuple[Any, str]:
    good = isinstance(raw, str) and 0 < len(raw.strip()) <= 200
    return raw, "" if good else _("is the name of a fact")


def _door(raw: Any) -> tuple[Any, str]:
    good = raw in DOORS
    return raw, "" if good else _("must be one of: %(expected)s") % {"expected": ", ".join(DOORS)}


def _occasion(raw: Any) -> tuple[Any, str]:
    message = _("is written as {month: 6bd}, {month: -1bd}, {month: 15d} or {week: mon}")
    if not isinstance(raw, dict) or len(raw) != 1:
        return raw, message
    match raw:
        case {"week": str(day)} if day in WEEKDAYS:
            return raw, ""
        case {"month": str(day)} if _is_day_of_month(day):
            return raw, ""
    return raw, message


def _is_day_of_month(text: str) -> bool:
    found = _DAY_OF_MONTH.match(text)
    if not found:
        return False
    # Every month has 28 days, and at least 15 of them are business days.
    return 1 <= int(found[2]) <= (15 if found[3] == "bd" else 28)


def _anything(raw: Any) -> tuple[Any, str]:
    return (raw if isinstance(raw, str) else ""), ""


_READ = {
    "stage": _anything,  # its condition says what is wrong with it
    "when": _anything,
    "event": _name,
    "every": _occasion,
    "by": _door,
}
