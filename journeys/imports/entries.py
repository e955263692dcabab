"""What one row says, whatever its kind: calls in the HTTP API's shape, checked before any is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from journeys.facts import Refused, times
from journeys.facts import check as read_call
from journeys.imports.columns import Row
from journeys.imports.problems import BadCell, Problem
from journeys.imports.tables import Cell
from journeys.imports.values import is_empty

#: The id of a call that is about an account alone: the door wants one, and nobody has this one.
NOBODY = "junro-import"
#: The column that a call's field, or the code of its refusal, is about.
ColumnOf = Callable[[Mapping[str, Any], str], str]


@dataclass(frozen=True)
class Place:
    """Where a contract stands already: a stage of its product's route, since a day."""

    product: str
    stage: str
    entered_on: date | None


@dataclass(frozen=True)
class Entry:
    row: int
    account: str
    calls: tuple[dict[str, Any], ...]
    contact: str = ""
    email: str = ""
    place: Place | None = None


@dataclass
class Checked:
    """A whole file, read and checked: nothing of it is brought in while there is a problem."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    rows: int = 0

    def sort(self) -> None:
        for found in (self.problems, self.warnings):
            found.sort(key=lambda one: (one.row or 0, one.column))


class Cells:
    """The cells of one row, read column by column; what does not fit is noted and left out."""

    def __init__(self, row: Row, problems: list[Problem]) -> None:
        self.row = row
        self.problems = problems

    def get(self, name: str, read: Callable[[Cell], Any]) -> Any:
        """The cell's value; None when it is empty or does not fit."""
        cell = self.row[name]
        if is_empty(cell):
            return None
        try:
            return read(cell)
        except BadCell as bad:
            self.note(bad.code, bad.message, name)
            return None

    def need(self, name: str, read: Callable[[Cell], Any]) -> Any:
        if is_empty(self.row[name]):
            self.note("missing_value", _("This cell must not be empty."), name)
            return None
        return self.get(name, read)

    def note(self, code: str, message: str, column: str = "") -> None:
        self.problems.append(Problem(code, message, self.row.number, column))


def check_calls(entry: Entry, column_of: ColumnOf, problems: list[Problem], now: datetime) -> None:
    """Note what the door would refuse, or leave out, of an entry's calls."""
    for call in entry.calls:
        try:
            found = read_call(call, now)
        except Refused as why:
            problems.append(Problem(why.code, why.message, entry.row, column_of(call, why.code)))
            continue
        for one in found:
            message = one.message.removeprefix(f"{one.field}: ")
            problems.append(Problem(one.code, message, entry.row, column_of(call, one.field)))


def refuse_impossible(moment: datetime | None, now: datetime, name: str, cells: Cells) -> None:
    """A moment before 2000 or ahead of now is a mistake in a file (at the door it is clamped)."""
    if moment is not None and not times.EARLIEST <= moment <= now + times.AHEAD:
        cells.note("bad_time", _("This moment lies before 2000 or in the future."), name)


def repeated(rows: Sequence[Row]) -> tuple[list[Row], list[Problem]]:
    """The rows without those that say word for word what an earlier one says, and notes on these."""
    seen: dict[tuple[Any, ...], int] = {}
    kept: list[Row] = []
    again: list[Problem] = []
    for row in rows:
        key = tuple(sorted((name, str(cell)) for name, cell in row.cells.items()))
        if (first := seen.setdefault(key, row.number)) == row.number:
            kept.append(row)
        else:
            message = _("This row says the same as row %(row)d and counts once.") % {"row": first}
            again.append(Problem("same_row", message, row.number))
    return kept, again


def conflicts(
    rows: Iterable[Row], key: Callable[[Row], tuple[Any, ...] | None], names: Callable[[str], bool]
) -> Iterable[Problem]:
    """Cells that say something else of the same noun than an earlier row; empty ones say nothing."""
    said: dict[tuple[Any, ...], tuple[str, int]] = {}
    for row in rows:
        about = key(row)
        for name, cell in row.cells.items() if about else ():
            if is_empty(cell) or not names(name):
                continue
            value, first = said.setdefault((about, name), (str(cell).strip(), row.number))
            if value != str(cell).strip():
                message = _("Row %(row)d says something else about the same one: “%(value)s”.")
                told = message % {"row": first, "value": value[:50]}
                yield Problem("conflict", told, row.number, name)
