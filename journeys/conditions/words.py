"""Conditions in the reader's language: short and concrete."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from journeys.conditions.operators import Operators
from journeys.conditions.tree import AnyOf, AtLeast, Node, Not
from journeys.timing import span


def moment_in_words(moment: datetime) -> str:
    """RFC 3339, UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def span_in_words(text: str) -> str:
    """“14 days”, “20 business days”."""
    length = span(text)
    count = int("".join(c for c in text if c.isdigit()))
    if length.is_business:
        return ngettext("%d business day", "%d business days", count) % count
    unit = text.lstrip("0123456789")
    match unit:
        case "min":
            return ngettext("%d minute", "%d minutes", count) % count
        case "h":
            return ngettext("%d hour", "%d hours", count) % count
        case "w":
            return ngettext("%d week", "%d weeks", count) % count
    return ngettext("%d day", "%d days", count) % count


def value_in_words(value: Any) -> str:
    """A JSON value as a person reads it."""
    match value:
        case None:
            return pgettext("value", "not set")
        case True:
            return pgettext("value", "yes")
        case False:
            return pgettext("value", "no")
        case list():
            return pgettext("value", "“%s”") % ", ".join(str(one) for one in value)
        case str():
            return pgettext("value", "“%s”") % value
        case float():
            return f"{value:g}"
    return str(value)


def operators_in_words(operators: Operators) -> str:
    """All operators, joined."""
    return pgettext("conditions", " and ").join(
        _operator(word, operand) for word, operand in operators.all_of
    )


def _operator(word: str, operand: Any, said: str | None = None) -> str:
    if word == "is_set":
        return pgettext("value", "set") if operand else pgettext("value", "not set")
    patterns = {
        "eq": "%s", "ne": pgettext("value", "not %s"), "gt": pgettext("value", "more than %s"), "gte": pgettext("value", "at least %s"),
        "lt": pgettext("value", "less than %s"), "lte": pgettext("value", "at most %s"), "in": pgettext("value", "one of %s"),
        "not_in": pgettext("value", "none of %s"), "contains": pgettext("value", "with %s in it"),
        "starts_with": pgettext("value", "beginning with %s"),
    }  # fmt: skip
    shown = value_in_words(list(operand) if word in ("in", "not_in") else operand)
    return patterns[word] % (said or shown)


def ratio_in_words(
    of: str, to: str, found: dict[str, Any], signs: tuple[tuple[str, float], ...]
) -> str:
    """“x ÷ seats: 3 ÷ 5 = 60 % (wanted: at least 80 %)”."""
    ratio = found["ratio"]
    return _("%(of)s ÷ %(to)s: %(a)s ÷ %(b)s = %(ratio)s (wanted: %(wanted)s)") % {
        "of": of,
        "to": to,
        "a": value_in_words(found["of"]),
        "b": value_in_words(found["to"]),
        "ratio": pgettext("value", "unknown") if ratio is None else f"{ratio * 100:.4g} %",
        "wanted": pgettext("conditions", " and ").join(
            _operator(word, number, f"{number * 100:.4g} %") for word, number in signs
        ),
    }


def head_in_words(node: Node, met: int, of: int) -> str:
    """A composite's sentence: how many of its parts are met."""
    said = {"met": met, "of": of}
    if isinstance(node, Not):
        return _("This must not be so:")
    if isinstance(node, AnyOf):
        return _("One of %(of)d must be met: %(met)d met") % said
    if isinstance(node, AtLeast):
        return _("%(n)d of %(of)d must be met: %(met)d met") % (said | {"n": node.n})
    return _("All %(of)d must be met: %(met)d met") % said
