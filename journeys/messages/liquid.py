"""Merge fields: Liquid over declared plain values, strict and with limits (R46, I38).

Authors get `if`, `unless`, `case`, `for` and a few filters; no includes, no assignments, no way to
an object. Values are never compiled: a value that looks like a tag is text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _
from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError, UndefinedError
from liquid.undefined import FalsyStrictUndefined

TAGS = frozenset(
    {"if", "unless", "case", "for", "output", "content", "illegal", "break", "continue"}
)
FILTERS = frozenset(
    {"default", "size", "join", "first", "last", "plus", "minus", "times", "divided_by", "round",
     "upcase", "downcase", "capitalize", "strip", "truncate"}
)  # fmt: skip
LONGEST_VALUE = 500
_RAW = re.compile(r"\{%-?\s*(end)?raw\b")
_NAME = re.compile(r"^'([^']*)'")


class MissingValue(LookupError):
    """A merge field has no value for this recipient; `name` is the field's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class BadTemplate(ValueError):
    """A text that cannot be used as it is written; the message is a sentence for its author."""


class _Strict(Environment):
    """What an author's text may do, and how much of it."""

    loop_iteration_limit = 1_000
    output_stream_limit = 256_000
    local_namespace_limit = 10_000
    block_nesting_limit = 10
    context_depth_limit = 20

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=False)
        self.tags = {name: tag for name, tag in self.tags.items() if name in TAGS}
        self.filters = {name: f for name, f in self.filters.items() if name in FILTERS}


_TEXT = _Strict(undefined=FalsyStrictUndefined)
_HTML = _Strict(undefined=FalsyStrictUndefined, autoescape=True)


@lru_cache(maxsize=512)
def _parsed(text: str, *, in_html: bool) -> BoundTemplate:
    return (_HTML if in_html else _TEXT).from_string(text)


def check(text: str, declared: Collection[str]) -> set[str]:
    """The merge fields a text uses. BadTemplate names what is unknown or not allowed."""
    if _RAW.search(text):
        raise BadTemplate(_("the tag “raw” is not allowed: it would show merge fields as they are"))
    try:
        template = _parsed(text, in_html=False)
        # Before any filter or tag runs: only declared names, and no way into them.
        segments = template.global_variable_segments()
    except LiquidError as error:
        raise BadTemplate(_sentence(error)) from error
    for path in segments:
        name = str(path[0])
        if name not in declared or len(path) > 1:
            allowed = ", ".join(sorted(declared))
            raise BadTemplate(
                _("unknown merge field “%(name)s”; allowed are: %(allowed)s")
                % {"name": ".".join(map(str, path)), "allowed": allowed}
            )
    _no_way_into_values(template)
    if unknown := sorted(set(template.filter_names()) - FILTERS):
        raise BadTemplate(
            _("unknown filter “%(name)s”; allowed are: %(allowed)s")
            % {"name": unknown[0], "allowed": ", ".join(sorted(FILTERS))}
        )
    return {str(path[0]) for path in segments}


def _no_way_into_values(template: BoundTemplate) -> None:
    for path in template.variable_segments():
        if len(path) > 1 and path[0] != "forloop":
            name = ".".join(map(str, path))
            raise BadTemplate(_("unknown merge field “%s”: values have no parts") % name)


def fill(text: str, values: Mapping[str, Any], *, in_html: bool) -> str:
    """The text with its merge fields filled; in HTML values are escaped.

    MissingValue when a field has no value; BadTemplate when a limit is reached.
    """
    try:
        return _parsed(text, in_html=in_html).render(**_plain(values))
    except UndefinedError as error:
        found = _NAME.match(str(error.args[0] if error.args else error))
        raise MissingValue(found[1] if found else str(error)) from error
    except LiquidError as error:
        raise BadTemplate(_sentence(error)) from error


def fill_line(text: str, values: Mapping[str, Any]) -> str:
    """For a subject or a header: one line, whatever the values hold."""
    return " ".join(fill(text, values, in_html=False).split())


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Only leaves and lists of them; long texts are cut, missing and empty ones left out."""
    return {
        name: _leaf(value) for name, value in values.items() if value is not None and value != ""
    }


def _leaf(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_leaf(item) for item in value]
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _sentence(error: LiquidError) -> str:
    return str(error.args[0] if error.args else error).split("\n", 1)[0]
