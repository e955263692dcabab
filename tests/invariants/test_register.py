"""The register: what must never be true has a test that says so, each number by its own."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
MUST_NEVER = [*range(1, 24), 40]
IN_A_NAME = re.compile(r"(?<![a-z0-9])i(\d+)(?=_|$)")
IN_WORDS = re.compile(r"\bI(\d+)\b")
#: Tests with these marks do not run on PostgreSQL.
ELSEWHERE = {"embedded"}


def register() -> dict[int, list[str]]:
    """Invariant → the tests that name it, in their name or docstring, and that PostgreSQL runs."""
    found: dict[int, list[str]] = defaultdict(list)
    for file in sorted(TESTS.rglob("test_*.py")):
        tree = ast.parse(file.read_text())
        if ELSEWHERE & set(_marks(tree)):
            continue
        for test in _tests(tree):
            for number in _numbers(test):
                found[number].append(f"{file.relative_to(TESTS)}::{test.name}")
    return found


def _tests(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node


def _numbers(test: ast.FunctionDef) -> set[int]:
    said = IN_WORDS.findall(ast.get_docstring(test) or "")
    return set(map(int, IN_A_NAME.findall(test.name) + said))


def _marks(tree: ast.Module) -> Iterator[str]:
    """The marks that hold for a whole file."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            yield from re.findall(r"pytest\.mark\.(\w+)", ast.unparse(node.value))


@pytest.mark.parametrize("number", MUST_NEVER)
def test_every_invariant_has_its_named_test(number: int) -> None:
    assert register()[number] != []


def test_a_number_in_a_name_is_found_and_a_longer_word_is_not() -> None:
    def numbers(source: str) -> set[int]:
        return _numbers(next(_tests(ast.parse(source))))

    assert numbers("def test_i7_no_gap_and_i17_twice() -> None: ...") == {7, 17}
    assert numbers("def test_hi7_taxi8() -> None:\n    'I12: kept. WI13'") == {12}
