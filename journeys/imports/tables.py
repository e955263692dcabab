"""From a file's bytes to a header and rows of cells: CSV as Excel and others write it, or xlsx."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from openpyxl import load_workbook

from journeys.imports.problems import Problem, Refused

Cell = str | int | float | bool | date | datetime | time | None
LONGEST_CELL = 32_000
XLSX = "xlsx"
ENCODINGS = ("utf-8", "utf-8-sig", "cp932", "utf-16")
DELIMITERS = (",", "\t", ";")
UNPACKED = 20  # an xlsx may unpack to so many times IMPORT_MAX_BYTES
EMPTY = (None, "")


@dataclass
class Table:
    """What a file holds. Rows are numbered as a spreadsheet does; empty ones are left out."""

    header: list[str]
    rows: list[tuple[int, list[Cell]]]
    encoding: str
    delimiter: str = ""
    problems: list[Problem] = field(default_factory=list)


def read(content: bytes, *, encoding: str = "") -> Table:
    """Read a file; Refused when it cannot be read at all. `encoding` overrules what is detected.

    Rows that cannot be read are named in `problems`.
    """
    refuse_too_large(len(content))
    if content[:4] == b"PK\x03\x04":
        return _xlsx(content)
    if not content.strip(b"\x00\r\n\t ,;\xef\xbb\xbf\xff\xfe"):
        raise _refused("empty", _("The file is empty."))
    encoding = encoding or detected(content)
    try:
        text = content.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        message = _("The file is not written in %(encoding)s.") % {"encoding": encoding}
        raise _refused("bad_encoding", message) from None
    return _csv(text.removeprefix("\ufeff"), encoding)


def refuse_too_large(size: int) -> None:
    most: int = settings.IMPORT_MAX_BYTES
    if size > most:
        message = _("A file may have at most %(n)d MB.") % {"n": most // 1_000_000}
        raise _refused("too_large", message)


def detected(content: bytes) -> str:
    """UTF-8, UTF-16 or CP932 (what Japanese Excel saves), by marks and by what can be read."""
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if (zeros := content[:1000].count(0)) and zeros > len(content[:1000]) // 4:
        return "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
    for encoding in ("utf-8", "cp932"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    message = _("The file is neither UTF-8 nor UTF-16 nor CP932 (Shift_JIS).")
    raise _refused("bad_encoding", message)


def _refused(code: str, message: str) -> Refused:
    return Refused([Problem(code, message)])


# --- CSV ------------------------------------------------------------------------------------------
def _csv(text: str, encoding: str) -> Table:
    delimiter = _delimiter(text)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    table = Table([], [], encoding, delimiter)
    number = 0
    while True:
        number += 1
        try:
            cells: list[Cell] = list(next(lines))
        except StopIteration:
            return table
        except csv.Error as error:
            table.problems.append(_broken(number, error))
            return table
        _take_row(table, number, cells)


def _delimiter(text: str) -> str:
    """What stands most often between the names of the header, outside of quotes."""
    first = text.lstrip("\r\n").partition("\n")[0]
    bare = "".join(first.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def _broken(number: int, error: csv.Error) -> Problem:
    if "limit" in str(error):
        return Problem("too_long", _too_long(), number)
    message = _("A quotation mark is not closed; what follows could not be read.")
    return Problem("bad_csv", message, number)


def _too_long() -> str:
    return _("A cell may have at most %(n)d characters.") % {"n": LONGEST_CELL}


def _take_row(table: Table, number: int, cells: Sequence[Cell]) -> None:
    if all(cell in EMPTY for cell in cells):
        return
    if not table.header:
        table.header = [str(cell or "").strip() for cell in cells]
        return
    for place, cell in enumerate(cells):
        if isinstance(cell, str) and len(cell) > LONGEST_CELL:
            column = table.header[place] if place < len(table.header) else ""
            table.problems.append(Problem("too_long", _too_long(), number, column))
            return
    more = [cell for cell in cells[len(table.header) :] if cell not in EMPTY]
    if more:
        message = _("This row has more cells than the first row has names.")
        table.problems.append(Problem("too_many_cells", message, number))
        return
    padded = [*cells, *[None] * len(table.header)]
    table.rows.append((number, padded[: len(table.header)]))


# --- xlsx -----------------------------------------------------------------------------------------
def _xlsx(content: bytes) -> Table:
    """The first sheet of a workbook, with the values its formulas had when it was saved."""
    _refuse_bomb(content)
    table = Table([], [], XLSX)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        for number, cells in enumerate(_sheet(book), start=1):
            _take_row(table, number, cells)
        book.close()
    except Refused:
        raise
    except Exception:  # noqa: BLE001 -- openpyxl raises whatever a broken part of the file brings
        raise _refused("bad_xlsx", _("The file is not a workbook that can be read.")) from None
    return table


def _sheet(book: Any) -> Iterator[tuple[Cell, ...]]:
    if book.worksheets:
        yield from book.worksheets[0].iter_rows(values_only=True)


def _refuse_bomb(content: bytes) -> None:
    """Before unpacking: what its parts say they unpack to."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except zipfile.BadZipFile:
        raise _refused("bad_xlsx", _("The file is not a workbook that can be read.")) from None
    if sum(part.file_size for part in parts) > UNPACKED * settings.IMPORT_MAX_BYTES:
        refuse_too_large(settings.IMPORT_MAX_BYTES + 1)


def no_rows() -> str:
    return _("The file has no rows below its first.")
