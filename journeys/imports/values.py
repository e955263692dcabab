"""What one cell says: an identifier, a typed value, a day, a moment."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from journeys.facts import times
from journeys.imports.problems import BadCell
from journeys.imports.tables import EMPTY, Cell

#: In which order day, month and year stand where the year does not come first with four digits.
ORDERS = ("ymd", "mdy", "dmy")
_YEAR_FIRST = re.compile(
    r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日)", re.ASCII
)
_PACKED = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_SHORT = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
# A number as a number is written; 007 and +81 are names, and stay texts.
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?", re.ASCII)
_MONEY = re.compile(r"[¥￥]?(-?\d{1,3}(?:,\d{3})+|-?\d+)(\.\d+)?円?", re.ASCII)


def is_empty(cell: Cell) -> bool:
    return cell in EMPTY or (isinstance(cell, str) and not cell.strip())


def text(cell: Cell) -> str:
    """A cell as a text in NFC; a whole number of a workbook without its “.0”."""
    if isinstance(cell, str):
        if "\0" in cell:
            raise BadCell("nul_char", _("A text contains the character U+0000."))
        return unicodedata.normalize("NFC", cell).strip()
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def typed(cell: Cell) -> Any:
    """A value of a trait or property: texts that are numbers or true/false become that.

    What could be a formula, a telephone number or a code with leading zeros stays a text (4.2.32).
    """
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time(0) else cell.isoformat()
    if not isinstance(cell, str):
        return text(cell) if isinstance(cell, (date, time)) else cell
    found = text(cell)
    if found.lower() in ("true", "false"):
        return found.lower() == "true"
    if _NUMBER.fullmatch(found):
        return float(found) if "." in found else int(found)
    return found


def money(cell: Cell) -> int | float:
    """1200000, 1,200,000 and ¥1,200,000 alike."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return cell
    found = _MONEY.fullmatch(unicodedata.normalize("NFKC", text(cell)))
    if found is None:
        raise BadCell("bad_number", _("“%s” is not an amount of money.") % text(cell)[:50])
    digits = found[1].replace(",", "") + (found[2] or "")
    return float(digits) if found[2] else int(digits)


def day(cell: Cell, order: str = "") -> date:
    """A day: 2026-05-11, 2026/5/11, 2026年5月11日, or a short form where `order` says how to read it."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    said = unicodedata.normalize("NFKC", text(cell))
    found = _YEAR_FIRST.fullmatch(said) or _PACKED.fullmatch(said)
    parts = [int(part) for part in found.groups() if part] if found else _short(said, order)
    try:
        return date(*parts)
    except ValueError:
        raise _no_day(said) from None


def _short(said: str, order: str) -> list[int]:
    """03/04/05 has three readings; nobody but the sender knows which is meant (4.2.37)."""
    found = _SHORT.fullmatch(said)
    if found is None:
        raise _no_day(said)
    if order not in ORDERS:
        message = _(
            "“%(text)s” can be read in several ways. Say in which order year, month and day stand: "
            "%(orders)s."
        )
        raise BadCell("ambiguous_date", message % {"text": said, "orders": ", ".join(ORDERS)})
    by_name = dict(zip(order, (int(part) for part in found.groups()), strict=True))
    year = by_name["y"] + 2000 if by_name["y"] < 100 else by_name["y"]
    return [year, by_name["m"], by_name["d"]]


def _no_day(said: str) -> BadCell:
    return BadCell("bad_date", _("“%s” is not a day such as 2026-04-01.") % said[:50])


def moment(cell: Cell, order: str = "") -> datetime:
    """A moment; without an offset a wall clock in TIME_ZONE, a day alone its beginning."""
    if isinstance(cell, datetime):
        return _local(cell) if cell.tzinfo is None else cell.astimezone(UTC)
    if isinstance(cell, date):
        return _local(datetime.combine(cell, time(0)))
    said = unicodedata.normalize("NFKC", text(cell))
    try:
        found, zoned = times.moment(said)
        if found is not None and zoned:
            return found
    except times.BadTime:
        pass
    when, _blank, clock = said.replace("T", " ", 1).partition(" ")
    return _local(datetime.combine(day(when, order), _clock(clock.strip(), said)))


def _clock(said: str, whole: str) -> time:
    if not said:
        return time(0)
    found = _CLOCK.fullmatch(said)
    try:
        if found is None:
            raise ValueError(said)
        hour, minute, second = (int(part or 0) for part in found.groups())
        return time(hour, minute, second)
    except ValueError:
        message = _("“%s” is not a moment such as 2026-05-11 10:00.") % whole[:50]
        raise BadCell("bad_time", message) from None


def _local(wall: datetime) -> datetime:
    return wall.replace(tzinfo=ZoneInfo(settings.TIME_ZONE)).astimezone(UTC)


def begins(one: date) -> datetime:
    """The first moment of a day in TIME_ZONE."""
    return _local(datetime.combine(one, time(0)))
