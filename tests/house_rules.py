"""House rules no off-the-shelf linter knows: `python -m tests.house_rules`, part of `make check`."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("config", "content", "journeys", "learning", "tests", "benchmarks")
LONGEST_FILE = 350
READS_THE_CLOCK = {
    "timezone.now",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
}
RAW_MARKUP = re.compile(r"\|\s*safe\b|\{%\s*autoescape\s+off")


def main() -> int:
    """Print every broken rule with its place; the exit code says whether there was one."""
    found = [f"{path.relative_to(ROOT)}{text}" for path in files() for text in broken(path)]
    for line in found:
        print(line)
    return 1 if found else 0


def files() -> Iterator[Path]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if "migrations" in path.parts or not path.is_file():
                continue
            if path.suffix == ".py" or "templates" in path.parts:
                yield path


def broken(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    yield from too_long(text)
    room = path.relative_to(ROOT).as_posix()
    if path.suffix != ".py":
        yield from raw_markup(text)
    elif not room.startswith(("tests/", "benchmarks/")):
        tree = ast.parse(text)
        if room != "journeys/clock.py":
            yield from clock_readings(tree)
        if "/admin/" not in room:
            yield from whole_row_saves(tree, text.splitlines())


def too_long(text: str) -> Iterator[str]:
    lines = text.count("\n")
    if lines > LONGEST_FILE:
        yield f": {lines} lines, more than {LONGEST_FILE}: make it a sub-package"


def raw_markup(text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if RAW_MARKUP.search(line):
            yield f":{number}: unescaped markup"


def clock_readings(tree: ast.Module) -> Iterator[str]:
    """Also doors read journeys.clock, or the demo's time would not reach them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in READS_THE_CLOCK:
            yield f":{node.lineno}: reads the machine's clock; doors read journeys.clock.now()"


def whole_row_saves(tree: ast.Module, lines: list[str]) -> Iterator[str]:
    """`row.save()` writes back every column it once read, over what others wrote since.

    Forms are free to; so is a line that gives its reason: `# whole row: REASON`.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=saved, attr="save"), args=[], keywords=keywords):
                named = any(
                    keyword.arg in {"update_fields", "force_insert", None} for keyword in keywords
                )
                is_form = "form" in ast.unparse(saved).lower()
                if not (named or is_form or "# whole row: " in lines[node.lineno - 1]):
                    yield f":{node.lineno}: save() without update_fields"


if __name__ == "__main__":
    sys.exit(main())
