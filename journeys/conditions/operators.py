"""Comparing one JSON value (contracts 1.2, 1.3): reading the operators, and judging in memory.

Operators compare inside one JSON type; any other pairing is unknown (None). `dialect` says the
same in SQL, and a test holds the two against each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Self

from django.utils.translation import gettext as _

from journeys.conditions.at import At

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": eq, "ne": ne, "gt": gt, "gte": ge, "lt": lt, "lte": le,
}  # fmt: skip
AMONG = ("in", "not_in")
WORDS = (*COMPARE, *AMONG, "contains", "starts_with", "is_set")

Scalar = str | float | int | bool


def kind_of(value: Any) -> str:
    """The JSON type: text, number, boolean, list, object or missing."""
    match value:
        case None:
            return "missing"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list() | tuple():
            return "list"
    return "object"


def plain(value: Any) -> Any:
    """A scalar as it is compared: numbers as double precision (inf when none can hold it)."""
    if kind_of(value) != "number":
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf


@dataclass(frozen=True)
class Operators:
    """Operators that must all hold, in the order they were written."""

    all_of: tuple[tuple[str, Any], ...]

    @classmethod
    def read(cls, at: At) -> Self:
        """A mapping of operators, or a bare value, which means `eq`."""
        if not isinstance(at.raw, dict):
            return cls((("eq", _scalar(at)),))
        given = at.fields(WORDS)
        if not given:
            at.refuse("empty", _("An operator is needed here."), WORDS)
        return cls(tuple(sorted((word, _operand(word, value)) for word, value in given.items())))

    @classmethod
    def of_fields(cls, given: dict[str, At]) -> Self:
        """Operators that stand beside other fields."""
        return cls(tuple(sorted((word, _operand(word, value)) for word, value in given.items())))

    def body(self) -> dict[str, Any]:
        return {w: list(v) if isinstance(v, tuple) else v for w, v in self.all_of}

    def short(self) -> Any:
        """The stored spelling: a lone `eq` is written as its bare value."""
        body = self.body()
        return body["eq"] if list(body) == ["eq"] else body

    def verdict(self, value: Any) -> bool | None:
        """True, False, or None when the pairing says nothing."""
        answers = [_holds(word, operand, value) for word, operand in self.all_of]
        if False in answers:
            return False
        return None if None in answers else True


def _scalar(at: At) -> Scalar:
    if at.raw is None:
        at.refuse("wrong_type", _("A missing value is asked for with is_set: false."))
    if isinstance(at.raw, list | tuple):
        at.refuse("wrong_type", _("To compare with a list, write in or not_in."))
    return at.scalar()


def _operand(word: str, at: At) -> Any:
    if word == "is_set":
        return at.yes()
    if word in AMONG:
        return tuple(_scalar(item) for item in at.items())
    if word == "starts_with" and not isinstance(at.raw, str):
        at.refuse("wrong_type", _("Text is needed here."))
    return _scalar(at)


def _holds(word: str, operand: Any, value: Any) -> bool | None:
    kind = kind_of(value)
    if word == "is_set":
        return (kind != "missing") is operand
    if word in COMPARE:
        return _compared(COMPARE[word], operand, value)
    if word in AMONG:
        found = _among(operand, value, kind)
        return found if word == "in" or found is None else not found
    if word == "contains" and kind == "list":
        return _same_in(value, (operand,))
    if kind != "text" or not isinstance(operand, str):
        return None
    return operand in value if word == "contains" else value.startswith(operand)


def _compared(compare: Callable[[Any, Any], bool], operand: Any, value: Any) -> bool | None:
    if kind_of(value) != kind_of(operand):
        return None
    left = plain(value)
    return compare(left, plain(operand)) if left not in (math.inf, -math.inf) else None


def _among(operands: Sequence[Any], value: Any, kind: str) -> bool | None:
    """Whether the value (or a member of it, if it is a list) is one of the operands."""
    if kind == "list":
        return _same_in(value, operands)
    same = [operand for operand in operands if kind_of(operand) == kind]
    if not same or plain(value) in (math.inf, -math.inf):
        return None
    return any(plain(value) == plain(operand) for operand in same)


def _same_in(members: Sequence[Any], operands: Sequence[Any]) -> bool:
    return any(
        kind_of(member) == kind_of(operand) and plain(member) == plain(operand)
        for member in members
        for operand in operands
    )
