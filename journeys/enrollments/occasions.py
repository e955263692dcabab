"""The days on which a journey begins: `{month: 6bd}`, `{month: -1bd}`, `{month: 15d}`, `{week: mon}`.

Pure: no database, no clock. Days are those of the installation's calendar and zone.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from journeys.timing import WEEKDAYS, Days

#: How late an engine that was away may still begin; then the occasion is over.
LATEST_BUSINESS_DAYS = 5


def newest(every: dict[str, str], now: datetime, days: Days) -> date:
    """The newest day of this kind that has begun by `now`."""
    today = days.local_date(now)
    if "week" in every:
        return today - timedelta(days=(today.weekday() - WEEKDAYS.index(every["week"])) % 7)
    this = _in_month(every["month"], today.replace(day=1), days)
    if this <= today:
        return this
    return _in_month(
        every["month"], (today.replace(day=1) - timedelta(days=1)).replace(day=1), days
    )


def _in_month(text: str, first: date, days: Days) -> date:
    """The day of the month that begins on `first`."""
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    if text.endswith("bd"):
        count = int(text.removesuffix("bd"))
        # The nth one after the day before the month, or before the day after it.
        start = first - timedelta(days=1) if count > 0 else last + timedelta(days=1)
        return days.add(start, count)
    count = int(text.removesuffix("d"))
    return first.replace(day=count) if count > 0 else last + timedelta(days=count + 1)


def is_over(day: date, now: datetime, days: Days) -> bool:
    """Whether it is too late to begin what should have begun on `day`."""
    return now >= days.end_of(days.add(day, LATEST_BUSINESS_DAYS))
