"""Which column of a file is what: by its name, or by a saved mapping (R104)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from journeys.imports.problems import Problem, Refused
from journeys.imports.tables import Cell, Table

#: kind -> (columns a file must have, columns it may have, beginnings of free names)
SHAPES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "customers": (
        ("account_id",),
        (
            "account_name", "contact_id", "email", "role", "product", "started_on", "renewal_on",
            "mrr", "stage", "stage_entered_on",
        ),
        ("account_", "contact_", "subscription_"),
    ),
    "facts": (
        ("account_id", "name", "occurred_at"),
        ("contact_id", "product"),
        ("properties.",),
    ),
}  # fmt: skip
LONGEST_QUOTE = 200


@dataclass(frozen=True)
class Row:
    """One row by the names of our columns; columns that are left out are not in it."""

    number: int
    cells: Mapping[str, Cell]

    def __getitem__(self, name: str) -> Cell:
        return self.cells.get(name)


def known(name: str, kind: str) -> bool:
    needed, possible, free = SHAPES[kind]
    return name in (*needed, *possible) or any(
        name.startswith(begin) and len(name) > len(begin) for begin in free
    )


def guessed(header: Sequence[str], kind: str, mapping: Mapping[str, str]) -> dict[str, str]:
    """{name in the file: our column, "" for one that is left out}."""
    return {name: mapping.get(name, name if known(name, kind) else "") for name in header}


def rows(
    table: Table, kind: str, mapping: Mapping[str, str]
) -> tuple[list[Row], list[Problem], dict[str, str]]:
    """The table's rows by our columns, warnings, and the mapping that was used.

    Refused, with row 1 quoted, when a column is missing, named twice or mapped to nothing known.
    """
    columns = guessed(table.header, kind, mapping)
    problems = [*_twice(table.header, columns), *_unknown_targets(columns, kind)]
    problems += _missing(columns, kind)
    if problems:
        raise Refused([*problems, _quoted(table)])
    warnings = [
        Problem(
            "unknown_column", _("The column “%s” is not known and is left out.") % name, 1, name
        )
        for name in table.header
        if name and not columns[name] and name not in mapping
    ]
    targets = [columns[name] for name in table.header]
    found = [
        Row(number, {name: cell for name, cell in zip(targets, cells, strict=True) if name})
        for number, cells in table.rows
    ]
    return found, warnings, columns


def _twice(header: Sequence[str], columns: Mapping[str, str]) -> list[Problem]:
    named = [columns[name] or name for name in header if name]
    return [
        Problem("duplicate_column", _("The column “%s” is named twice.") % name, 1, name)
        for name in sorted({name for name in named if named.count(name) > 1})
    ]


def _unknown_targets(columns: Mapping[str, str], kind: str) -> list[Problem]:
    return [
        Problem("unknown_target", _("“%s” is not a column of ours.") % target, 1, name)
        for name, target in columns.items()
        if target and not known(target, kind)
    ]


def _missing(columns: Mapping[str, str], kind: str) -> list[Problem]:
    needed = SHAPES[kind][0]
    return [
        Problem("missing_column", _("The column “%s” is missing.") % name, 1, name)
        for name in needed
        if name not in columns.values()
    ]


def _quoted(table: Table) -> Problem:
    line = (table.delimiter or ",").join(table.header)[:LONGEST_QUOTE]
    return Problem("header", _("Row 1 reads: %s") % line, 1)
