"""How JSON values compare (contracts 1.2, 1.3), told slowly; imports nothing of the product."""

from __future__ import annotations

from typing import Any


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "text", list: "list", dict: "object", type(None): "missing"}[type(value)]


def same(one: Any, other: Any) -> bool:
    return kind(one) == kind(other) and one == other


def among(wanted: Any, value: Any) -> bool | None:
    if isinstance(value, list):
        return any(same(member, one) for member in value for one in wanted)
    if not any(kind(one) == kind(value) for one in wanted):
        return None
    return any(same(value, one) for one in wanted)


def compare(word: str, wanted: Any, value: Any) -> bool | None:
    if word == "is_set":
        return (value is not None) == wanted
    if word in ("in", "not_in"):
        found = among(wanted, value)
        return None if found is None else found == (word == "in")
    if word == "contains" and isinstance(value, list):
        return any(same(member, wanted) for member in value)
    if kind(value) != kind(wanted):
        return None
    if word in ("contains", "starts_with"):
        if not isinstance(value, str):
            return None
        return wanted in value if word == "contains" else value.startswith(wanted)
    return {
        "eq": value == wanted, "ne": value != wanted, "gt": value > wanted,
        "gte": value >= wanted, "lt": value < wanted, "lte": value <= wanted,
    }[word]  # fmt: skip


def all_hold(operators: Any, value: Any) -> bool | None:
    if not isinstance(operators, dict):
        operators = {"eq": operators}
    answers = [compare(word, wanted, value) for word, wanted in operators.items()]
    if False in answers:
        return False
    return None if None in answers else True


def inside(said: Any, path: str) -> Any:
    for key in path.split("."):
        said = said.get(key) if isinstance(said, dict) else None
    return said
