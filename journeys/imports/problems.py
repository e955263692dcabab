"""What is wrong with a file, or with one of its rows, in a sentence for whoever brings it in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Problem:
    """`row` counts as a spreadsheet does: the header is row 1; None: it is about the file."""

    code: str
    message: str
    row: int | None = None
    column: str = ""

    def __str__(self) -> str:
        if self.row is None:
            return self.message
        where = {"row": self.row, "column": self.column, "message": self.message}
        if self.column:
            return _("Row %(row)d, %(column)s: %(message)s") % where
        return _("Row %(row)d: %(message)s") % where

    def as_json(self) -> dict[str, Any]:
        said = {"code": self.code, "message": self.message, "row": self.row, "field": self.column}
        return {name: value for name, value in said.items() if value not in (None, "")}


class Refused(Exception):
    """A file that is not brought in, and everything found wrong with it; nothing was written."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(map(str, self.problems)))


class BadCell(ValueError):
    """A cell that does not say what its column needs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
