"""Business days, windows and sending slots. Pure: no database, no clock.

Days are local days of a zone. `Days` holds one country's public holidays and own closures (R30).
Day 0 is the date itself, so "5bd from Monday" is the next Monday (deadlines end with that day).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from django.utils.translation import gettext as _

_SPAN = re.compile(r"^(\d{1,6})(min|h|d|w|bd)$")
_UNIT = {
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
LONGEST = timedelta(days=3653)
DEFAULT_SLOTS = (time(10), time(15))
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class BadSpan(ValueError):
    """A length of time that cannot be read, or is 0, or is longer than ten years."""


@dataclass(frozen=True)
class Span:
    """A length of time: a fixed `delta`, or a number of business `days`."""

    text: str
    delta: timedelta | None
    days: int = 0

    @property
    def is_business(self) -> bool:
        return self.delta is None


@lru_cache(maxsize=512)
def span(text: str) -> Span:
    """Read `30min`, `4h`, `14d`, `2w` or `20bd`. BadSpan with a sentence when it is none."""
    found = _SPAN.match(str(text))
    if not found:
        message = _("“%s” is not a length of time: write for example 30min, 4h, 14d, 2w, 20bd")
        raise BadSpan(message % text)
    count, unit = int(found[1]), found[2]
    delta = None if unit == "bd" else _UNIT[unit] * count
    if count == 0 or (delta or timedelta(days=count)) > LONGEST:
        raise BadSpan(_("“%s” must be longer than 0 and at most ten years") % text)
    return Span(text, delta, count if delta is None else 0)


@lru_cache(maxsize=64)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))


@dataclass(frozen=True)
class Days:
    """One calendar: which local dates are business days, and how to count and step over them."""

    country: str = "JP"
    closures: tuple[tuple[date, date], ...] = ()
    zone: str = "Asia/Tokyo"

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def is_open(self, day: date) -> bool:
        """Monday to Friday, no public holiday, no own closure."""
        return (
            day.weekday() < 5
            and day not in _public_holidays(self.country, day.year)
            and not any(first <= day <= last for first, last in self.closures)
        )

    def add(self, day: date, count: int) -> date:
        """The `count`-th business day after `day` (before it when negative); 0 is `day` itself."""
        step = timedelta(days=1 if count >= 0 else -1)
        left = abs(count)
        while left:
            day += step
            left -= self.is_open(day)
        return day

    def between(self, first: date, last: date) -> int:
        """Business days after `first` up to and including `last`; negative when last < first."""
        if last < first:
            return -self.between(last, first)
        return sum(
            self.is_open(first + timedelta(days=n)) for n in range(1, (last - first).days + 1)
        )

    def next_open(self, day: date) -> date:
        """`day` itself when open, else the next open day."""
        while not self.is_open(day):
            day += timedelta(days=1)
        return day

    def back(self, now: datetime, count: int) -> datetime:
        """The same local time `count` business days before `now`; from a closed day it counts
        from the end of the last business day (contracts 1.5)."""
        local = now.astimezone(self.tz)
        if self.is_open(local.date()):
            return datetime.combine(self.add(local.date(), -count), local.time(), self.tz)
        day = local.date()
        while not self.is_open(day):
            day -= timedelta(days=1)
        # end of that day = the start of the day after it
        start = self.add(day, -count)
        return datetime.combine(start + timedelta(days=1), time(0), self.tz)

    def ahead(self, now: datetime, count: int) -> datetime:
        """The same local time `count` business days after `now`."""
        local = now.astimezone(self.tz)
        return datetime.combine(self.add(local.date(), count), local.time(), self.tz)

    def window_start(self, now: datetime, length: Span) -> datetime:
        """Left, open edge of the window `(now - length, now]`."""
        if length.delta is not None:
            return now - length.delta
        return self.back(now, length.days)

    def after(self, now: datetime, length: Span) -> datetime:
        """`now` plus a length of time."""
        return now + length.delta if length.delta is not None else self.ahead(now, length.days)

    def local_date(self, moment: datetime) -> date:
        return moment.astimezone(self.tz).date()

    def end_of(self, day: date) -> datetime:
        """The moment a local day is over."""
        return datetime.combine(day + timedelta(days=1), time(0), self.tz)

    def start_of(self, day: date) -> datetime:
        return datetime.combine(day, time(0), self.tz)

    def next_slot(
        self, now: datetime, slots: Sequence[time] = DEFAULT_SLOTS, zone: str | None = None
    ) -> datetime:
        """The first sending slot at or after `now`, on a business day, in the recipient's zone."""
        tz = ZoneInfo(zone) if zone else self.tz
        local = now.astimezone(tz)
        day = local.date()
        while True:
            if self.is_open(day):
                for slot in sorted(slots):
                    moment = datetime.combine(day, slot, tz)
                    if moment >= now:
                        return moment
            day += timedelta(days=1)


def times(texts: Iterable[str]) -> tuple[time, ...]:
    """Read ["10:00", "15:00"]."""
    return tuple(time.fromisoformat(text) for text in texts)
