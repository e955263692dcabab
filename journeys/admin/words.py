"""Conditions, evidence and reasons in plain words for staff."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from journeys.admin.base import short
from journeys.models import Decision
from journeys.timing import BadSpan, span

Stages = Mapping[str, str]  # stage key -> name
LONGEST = 160

REASONS: dict[str, Any] = dict(Decision.Reason.choices)
VERDICTS: dict[str, Any] = dict(Decision.Verdict.choices)


def reason(code: str) -> str:
    """A reason of the closed list as staff read it."""
    return str(REASONS.get(code, code))


def days(text: Any) -> str:
    """`3bd` as “3 business days”; what cannot be read stays as it is."""
    try:
        written = span(str(text)).text
    except BadSpan:
        return str(text)
    unit = written.lstrip("0123456789")
    number = int(written.removesuffix(unit))
    words = {
        "bd": ngettext("%(n)d business day", "%(n)d business days", number),
        "d": ngettext("%(n)d day", "%(n)d days", number),
        "w": ngettext("%(n)d week", "%(n)d weeks", number),
        "h": ngettext("%(n)d hour", "%(n)d hours", number),
        "min": ngettext("%(n)d minute", "%(n)d minutes", number),
    }
    return words[unit] % {"n": number}


# --- conditions -------------------------------------------------------------------------------------
def condition(tree: Any, stages: Stages | None = None) -> str:
    """A condition in a sentence; what has no words of its own is shown as it is written."""
    if not isinstance(tree, dict) or len(tree) != 1:
        return _as_written(tree)
    ((head, body),) = tree.items()
    say = WORDS.get(head)
    try:
        return say(body, stages or {}) if say else _as_written(tree)
    except (TypeError, KeyError, AttributeError, ValueError):
        return _as_written(tree)


def _as_written(tree: Any) -> str:
    if tree in (None, "", {}):
        return ""
    text = tree if isinstance(tree, str) else json.dumps(tree, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _joined(word: str) -> Callable[[Any, Stages], str]:
    def say(body: Any, stages: Stages) -> str:
        inner = [condition(child, stages) for child in body]
        return (_("; and ") if word == "all" else _("; or ")).join(
            f"（{text}）" if len(inner) > 1 and _is_composite(child) else text
            for text, child in zip(inner, body, strict=True)
        )

    return say


def _is_composite(tree: Any) -> bool:
    return isinstance(tree, dict) and bool(tree.keys() & {"all", "any", "at_least"})


def _not(body: Any, stages: Stages) -> str:
    return str(_("not: %s")) % condition(body, stages)


def _at_least(body: Any, stages: Stages) -> str:
    inner = "、".join(condition(child, stages) for child in body["of"])
    return _("at least %(n)s of: %(of)s") % {"n": body["n"], "of": inner}


def _stage(body: Any, stages: Stages) -> str:
    ((how, key),) = ((k, v) for k, v in body.items() if k in ("is", "was"))
    name = str(stages.get(key, key))
    text: str = _("is in the stage “%s”") if how == "is" else _("has reached the stage “%s”")
    return text % name


def _event(body: Any, _stages: Stages) -> str:
    text: str = _("“%s” has happened") % body["name"]
    where = "、".join(f"{k}={_value(v)}" for k, v in body.get("where", {}).items())
    if where:
        text += f"（{where}）"
    if count := body.get("count"):
        text += " " + _("times: %s") % _value(count)
    if within := body.get("within"):
        text += " " + _("within %s") % days(within)
    by = body.get("by")
    if isinstance(by, dict) and by.get("role"):
        text += " " + _("by “%s”") % by["role"]
    return text


def _trait(body: Any, _stages: Stages) -> str:
    tests = {k: v for k, v in body.items() if k not in ("of", "name")}
    return f"{body['name']} {_value(tests)}"


def _people(body: Any, _stages: Stages) -> str:
    number = next(
        (f"{k} {_value(body[k])}" for k in ("at_least", "share", "every") if k in body), ""
    )
    if "at_least" in body:
        number = _("at least %s") % body["at_least"]
    return _("people in the role “%(role)s”: %(number)s") % {
        "role": body.get("role", "—"), "number": number or _("at least %s") % 1,
    }  # fmt: skip


SIGNS = {"eq": "=", "ne": "≠", "gt": ">", "gte": "≥", "lt": "<", "lte": "≤"}


def _value(value: Any) -> str:
    if not isinstance(value, dict):
        return (
            json.dumps(value, ensure_ascii=False) if isinstance(value, list | bool) else str(value)
        )
    return "、".join(f"{SIGNS.get(k, k)} {_value(v)}" for k, v in value.items())


WORDS: dict[str, Callable[[Any, Stages], str]] = {
    "all": _joined("all"), "any": _joined("any"), "not": _not, "at_least": _at_least,
    "stage": _stage, "event": _event, "trait": _trait, "people": _people,
}  # fmt: skip


# --- evidence ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Line:
    """One line of evidence; `verdict`: met, not_met, unknown, or "" for a plain statement."""

    sentence: str
    verdict: str = ""
    children: list[Line] = field(default_factory=list)


def evidence(found: Any, stages: Stages | None = None) -> list[Line]:
    """What a decision saw, line by line, in the words it was written down with."""
    if not isinstance(found, dict):
        return []
    if "sentence" in found:
        return [_explained(found)]
    lines = []
    # In our order: PostgreSQL keeps an object's keys in its own.
    for name in sorted(found, key=_rank):
        lines += _lines(name, found[name], stages or {})
    return lines


def _rank(name: str) -> int:
    """What was judged comes first, then the plain statements as they stand in PLAIN."""
    return list(PLAIN).index(name) if name in PLAIN else -1


def _lines(name: str, value: Any, stages: Stages) -> list[Line]:
    if name == "criteria" and isinstance(value, list):
        return [_explained(one) for one in value if isinstance(one, dict)]
    if isinstance(value, dict) and "sentence" in value:
        return [_explained(value)]
    if name in ("skip_if", "condition", "until", "goal", "exit_when"):
        return [Line(condition(value, stages), "met" if name == "skip_if" else "")]
    label = PLAIN.get(name)
    if label is None or value in (None, "", False):
        return []
    return [Line(str(label()) % _moment(value) if "%s" in str(label()) else str(label()))]


def _moment(value: Any) -> str:
    try:
        return short(datetime.fromisoformat(str(value)))
    except ValueError:
        return str(value)


def _explained(one: dict[str, Any]) -> Line:
    sentence = str(one.get("sentence") or one.get("label") or "")
    label = one.get("label")
    if label and label != sentence:
        sentence = f"{label}：{sentence}"
    children = [_explained(child) for child in one.get("children") or ()]
    return Line(sentence, str(one.get("verdict") or ""), children)


#: What stands in evidence beside conditions, in words.
PLAIN: dict[str, Callable[[], str]] = {
    "slot": lambda: _("leaves at the slot %s"),
    "from": lambda: _("was due %s"),
    "to": lambda: _("is due %s now"),
    "expired_at": lambda: _("was of use until %s"),
    "reply": lambda: _("the mail server said: %s"),
    "field": lambda: _("the value “%s” is missing"),
    "target": lambda: _("leads to %s"),
    "holdout": lambda: _("is in the held-out group"),
    "by": lambda: _("by %s"),
    "label": lambda: "%s",
    "note": lambda: "%s",
    "was": lambda: _("was %s"),
    "is": lambda: _("now %s"),
    "stage": lambda: _("left the stage “%s”"),
}
