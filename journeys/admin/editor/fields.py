"""The fields of the editors: each knows its place in the document, and shows what was typed.

They refuse nothing: a draft keeps what its author wrote. What is wrong with it is found by the
checks of publishing, by path, and stands beside the field.
"""

from __future__ import annotations

import copy
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from journeys.admin.editor import conditions
from journeys.publishing import Problem

Document = dict[str, Any]
Text = str | Promise
#: Characters that turn text around or cannot be seen (4.3.47); line breaks and tabs are text.
HIDDEN = {"\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069",
          "\u200b", "\u200e", "\u200f", "\u2060", "\ufeff"}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One input. `name` is its dotted place in the document; `widget` says how it looks.

    widget: line, area, select, check, number, days (a length of time), date, condition,
    touchpoints (one a line).
    """

    name: str
    label: Text
    widget: str = "line"
    help: Text = ""
    choices: Sequence[tuple[str, Text]] = ()
    default: Any = None
    subject: str = ""  # of a condition: what it is asked of
    shown_if: str = ""  # "FIELD=value": other answers hide it
    wide: bool = False
    many: str = ""  # what is offered while typing, newline-separated
    rows: int = 2  # of an area

    @property
    def id(self) -> str:
        return "f-" + self.name.replace(".", "-").replace("_", "-")

    @property
    def offers(self) -> list[str]:
        return self.many.splitlines()

    def read(self, data: Mapping[str, str]) -> Any:
        """What was typed, as the document says it; None for an empty field."""
        if self.widget == "check":
            return self.name in data
        raw = data.get(self.name, "").replace("\r\n", "\n")
        if self.widget == "condition":
            return conditions.from_text(raw)
        if self.widget == "touchpoints":
            return [_touchpoint(line) for line in raw.splitlines() if line.strip()] or None
        raw = raw if self.widget == "area" else raw.strip()
        if not raw.strip():
            return None
        return _number(raw) if self.widget == "number" else raw.strip("\n")

    def text(self, value: Any) -> str:
        """A value of the document as it stands in the field."""
        if self.widget == "condition":
            return conditions.as_text(value)
        if self.widget == "touchpoints" and isinstance(value, list):
            return "\n".join(_line(touch) for touch in value)
        if value is None:
            value = self.default
        return "" if value is None else str(value)


def _touchpoint(line: str) -> dict[str, str]:
    """`Home = resource.viewed` as the document says it."""
    what, _equals, fact = (part.strip() for part in line.partition("="))
    return {"touchpoint": what, "proven_by": fact} if fact else {"touchpoint": what}


def _line(touch: Any) -> str:
    if not isinstance(touch, dict):
        return str(touch)
    return " = ".join(str(touch[k]) for k in ("touchpoint", "proven_by") if touch.get(k))


def _number(raw: str) -> Any:
    raw = unicodedata.normalize("NFKC", raw).replace("−", "-")
    for kind in (int, float):
        try:
            return kind(raw)
        except ValueError:
            continue
    return raw


@dataclass(frozen=True)
class Row:
    """A field with what stands in it and what is wrong there."""

    field: Field
    value: Any  # text, or True/False of a check
    problems: tuple[str, ...]

    @property
    def choices(self) -> list[tuple[str, Text]]:
        """The choices, with what stands there even when it is none of them any more."""
        found = list(self.field.choices)
        if self.value and self.value not in {value for value, _label in found}:
            found.append((self.value, _("%s (does not exist)") % self.value))
        return found


def get(document: Any, name: str) -> Any:
    """What stands at a dotted place; None where there is nothing."""
    for part in name.split("."):
        if not isinstance(document, dict):
            return None
        document = document.get(part)
    return document


def put(document: Document, name: str, value: Any, default: Any = None) -> None:
    """Write a dotted place. Nothing, or a default that was never spelled out, is left out."""
    *parents, last = name.split(".")
    for part in parents:
        inner = document.get(part)
        if not isinstance(inner, dict):
            if value is None or value == default:
                return
            inner = document[part] = {}
        document = inner
    if value is None or (value == default and last not in document):
        document.pop(last, None)
    else:
        document[last] = value


def filled(document: Document, fields: Iterable[Field], data: Mapping[str, str]) -> Document:
    """The document with everything a form said about it."""
    new = copy.deepcopy(document)
    for field in fields:
        put(new, field.name, field.read(data), field.default)
    return {key: value for key, value in new.items() if value != {} or key not in _parents(fields)}


def _parents(fields: Iterable[Field]) -> set[str]:
    return {field.name.partition(".")[0] for field in fields if "." in field.name}


def rows(
    document: Document,
    fields: Iterable[Field],
    problems: Iterable[Problem] = (),
    typed: Mapping[str, str] | None = None,
) -> list[Row]:
    """The fields as they are shown: from the document, or from what was `typed` and not kept."""
    problems = list(problems)
    return [_row(document, field, problems, typed) for field in fields]


def _row(
    document: Document,
    field: Field,
    problems: list[Problem],
    typed: Mapping[str, str] | None,
) -> Row:
    if typed is None:
        value: Any = get(document, field.name)
        if field.widget == "check":
            shown: Any = bool(field.default if value is None else value)
        else:
            shown = field.text(value)
    elif field.widget == "check":
        shown = field.name in typed
    else:
        shown = typed.get(field.name, "")
    own = [p.message for p in problems if _is_at(p.path, field.name)]
    if field.widget != "condition" and isinstance(shown, str) and HIDDEN & set(shown):
        own.append(_("has an invisible character that changes the direction or hides text"))
    return Row(field, shown, tuple(own))


def _is_at(path: str, name: str) -> bool:
    return path == name or path.startswith((f"{name}.", f"{name}["))


def loose(problems: Iterable[Problem], fields: Iterable[Field]) -> list[Problem]:
    """Problems that stand at none of the fields."""
    names = [field.name for field in fields]
    return [p for p in problems if not any(_is_at(p.path, name) for name in names)]


def hidden_in(value: Any, path: str = "") -> list[Problem]:
    """Invisible or text-turning characters anywhere in a document, by path."""
    if isinstance(value, str):
        if HIDDEN & set(value):
            return [
                Problem(
                    path, _("has an invisible character that changes the direction or hides text")
                )
            ]
        return []
    if isinstance(value, dict):
        pairs = [(f"{path}.{key}" if path else str(key), inner) for key, inner in value.items()]
    elif isinstance(value, list):
        pairs = [(f"{path}[{n}]", inner) for n, inner in enumerate(value)]
    else:
        return []
    return [problem for where, inner in pairs for problem in hidden_in(inner, where)]
