"""When it happened: RFC 3339 texts, the sender's wrong clock, and what cannot be true. Pure (I5)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=10)
# A moment as clients write it; the calendar is checked by fromisoformat.
_MOMENT = re.compile(
    r"^(\d{4}-\d{2}-\d{2})"
    r"(?:[Tt ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d+))?(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$"
)
CLAMPED = "time_clamped"
WITHOUT_ZONE = "time_without_zone"


class BadTime(ValueError):
    """A text that names no moment of the calendar."""


def moment(text: object) -> tuple[datetime | None, bool]:
    """The moment (UTC) and whether it named its zone; None for a moment no clock of ours can hold.

    Raises BadTime for 2026-02-30, 24:00:00, a 60th second, +99:99 and everything that is no text.
    """
    found = _MOMENT.match(text) if isinstance(text, str) else None
    if found is None:
        raise BadTime(text)
    day, clock, fraction, zone = found.groups()
    year, rest = day[:4], day[4:]
    spelt = f"{rest}T{clock or '00:00'}" + (f".{fraction[:6]:0<6}" if fraction else "")
    spelt += (zone or "Z").upper()
    try:
        if int(year) == 0:
            datetime.fromisoformat(f"2000{spelt}")
            return None, True
        return datetime.fromisoformat(f"{year}{spelt}").astimezone(UTC), zone is not None
    except OverflowError:
        return None, True
    except ValueError:
        raise BadTime(text) from None


def skew(sent_at: object, received_at: datetime) -> timedelta:
    """How far the sender's clock is behind ours; nothing when it does not say what it shows."""
    try:
        sent, _zone = moment(sent_at)
    except BadTime:
        return timedelta(0)
    return received_at - sent if sent else timedelta(0)


def occurred(text: object, received_at: datetime, behind: timedelta) -> tuple[datetime, list[str]]:
    """When a fact happened by our clock, and the flags it gets. Without a text: when received.

    A moment before 2000 or more than ten minutes ahead becomes `received_at`, flagged (4.1.19).
    Raises BadTime.
    """
    if text is None:
        return received_at, []
    found, zoned = moment(text)
    flags = [] if zoned else [WITHOUT_ZONE]
    try:
        found = found + behind if found else None
    except OverflowError:
        found = None
    if found is None or not EARLIEST <= found <= received_at + AHEAD:
        return received_at, [*flags, CLAMPED]
    return found, flags
