"""The kinds of steps and their fields (contracts 2), and how each field's value is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from journeys.timing import BadSpan, span

_LETTER = frozenset(
    {"to", "skip_if", "importance", "expires_after", "persona", "at_once", "wait_for"}
)
#: Fields a step may have beside `id` and its kind.
FIELDS: dict[str, frozenset[str]] = {
    "email": _LETTER,
    "line": _LETTER,
    "chat": _LETTER,
    "nudge": frozenset({"until", "skip_if", "expires_after", "page", "to"}),
    "task": frozenset({"return_when", "due"}),
    "webhook": frozenset(),
    "wait": frozenset({"send_window"}),
    "wait_until": frozenset({"timeout", "on_timeout", "then"}),
    "if": frozenset({"then", "else", "unknown"}),
    "split": frozenset(),
    "assign": frozenset({"due"}),
    "set": frozenset(),
    "leave": frozenset(),
}
#: Kinds whose rooms are not open yet: refused by name, never ignored.
LATER: tuple[str, ...] = ()
MESSAGES = ("email", "line", "chat", "nudge")
#: Kinds that can hold the person: a way round without one of them would turn without end.
HOLDING = ("email", "line", "chat", "webhook", "wait", "wait_until")
CONDITIONS = ("wait_until", "if", "skip_if", "until", "return_when")
BRANCHES = ("then", "else", "unknown", "on_timeout")

_HOURS = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$")
#: Names of a contact or an account that other doors keep: a journey sets traits of its own.
RESERVED = frozenset(
    {"email", "name", "firstName", "lastName", "kana", "role", "roles", "title", "locale",
     "timezone", "phone", "owner", "value_tier", "partner", "subscriptions"}
)  # fmt: skip


class BadValue(ValueError):
    """A field's value cannot be used; the message says what it must be."""


def _length(value: Any) -> str:
    try:
        return span(value).text
    except BadSpan as error:
        raise BadValue(str(error)) from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadValue(_("must be text"))
    return value


def _choice(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in words:
            raise BadValue(_("must be one of: %(expected)s") % {"expected": ", ".join(words)})
        return str(value)

    return read


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue(_("must be true or false"))
    return value


def _role(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or set(value) != {"role"} or not isinstance(value["role"], str):
        raise BadValue(_("is written as {role: NAME}"))
    return value


def _hours(value: Any) -> bool | dict[str, str]:
    """`true` for the installation's sending hours, or hours of their own."""
    if value is True:
        return True
    if not isinstance(value, dict) or set(value) != {"from", "to"}:
        raise BadValue(_("is written as true, or as {from: “09:00”, to: “12:00”}"))
    if not all(isinstance(v, str) and _HOURS.match(v) for v in value.values()):
        raise BadValue(_("is written as true, or as {from: “09:00”, to: “12:00”}"))
    if value["from"] >= value["to"]:
        raise BadValue(_("must begin before it ends"))
    return value


def _traits(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise BadValue(_("is written as {trait: value}"))
    for name, said in value.items():
        if not isinstance(name, str) or not 1 <= len(name) <= 200 or name.startswith("$"):
            raise BadValue(_("“%s” is no name of a trait") % name)
        if name in RESERVED:
            raise BadValue(_("“%s” belongs to the customer; choose a name of your own") % name)
        if not _is_plain(said):
            raise BadValue(_("“%s” must be text, a number, true, false, null or a list") % name)
    return value


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(v is None or isinstance(v, (str, int, float, bool)) for v in value)
    return value is None or isinstance(value, (str, int, float, bool))


#: Field (or kind) → how its value is read. Conditions, branches and the arms of a split are read
#: where the program is made.
VALUES: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("wait", "timeout", "expires_after", "due"), _length),
    **dict.fromkeys((*MESSAGES, "task", "webhook", "assign", "leave", "persona"), _text),
    "importance": _choice("normal", "critical"),
    "wait_for": _choice("nothing"),
    "at_once": _yes_or_no,
    "to": _role,
    "send_window": _hours,
    "set": _traits,
    "page": lambda value: "" if value == "" else _text(value),
}
