"""Full calendar periods, for `every: month, in_a_row: 3` (contracts 1): months, or weeks from Monday."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.db.models.functions import TruncMonth, TruncWeek
from django.utils.translation import gettext as _

from journeys.conditions.at import At

KINDS = ("month", "week")
#: Ten years, as of every window.
MOST = {"month": 120, "week": 521}


@dataclass(frozen=True)
class Row:
    """So many full periods in a row, up to the last one that is over."""

    every: str
    number: int = 1

    @classmethod
    def read(cls, given: dict[str, At]) -> Self | None:
        """From `every` and `in_a_row` among a leaf's fields; None without them."""
        if "every" not in given:
            if "in_a_row" in given:
                given["in_a_row"].refuse("conflict", _("“in_a_row” goes with “every”."), KINDS)
            return None
        every = given["every"].choice(KINDS)
        number = given["in_a_row"].whole(1) if "in_a_row" in given else 1
        if number > MOST[every]:
            given["in_a_row"].refuse("out_of_range", _("At most ten years can be looked back on."))
        return cls(every, number)

    def body(self) -> dict[str, Any]:
        return {"every": self.every, "in_a_row": self.number}

    def spans(self, now: datetime, zone: str) -> list[tuple[datetime, datetime]]:
        """[start, end) of each, oldest first."""
        tz = ZoneInfo(zone)
        here = self._start(now.astimezone(tz).date())
        edges = [self._moved(here, -n) for n in range(self.number, -1, -1)]
        moments = [_midnight(edge, tz) for edge in edges]
        return list(pairwise(moments))

    def ends_after(self, moments: list[datetime], zone: str) -> Iterator[datetime]:
        """When a period is over, from the first of these moments until the last has left the row."""
        if not moments:
            return
        tz = ZoneInfo(zone)
        edge = self._start(moments[0].astimezone(tz).date())
        last = self._moved(self._start(moments[-1].astimezone(tz).date()), self.number + 1)
        while edge < last:
            edge = self._moved(edge, 1)
            yield _midnight(edge, tz)

    def truncated(self, column: str, zone: str) -> Any:
        """An expression for the period a moment lies in."""
        trunc = TruncMonth if self.every == "month" else TruncWeek
        return trunc(column, tzinfo=ZoneInfo(zone))

    def _start(self, day: date) -> date:
        if self.every == "month":
            return day.replace(day=1)
        return day - timedelta(days=day.weekday())

    def _moved(self, start: date, number: int) -> date:
        try:
            if self.every == "week":
                return start + timedelta(weeks=number)
            months = start.year * 12 + start.month - 1 + number
            return date(months // 12, months % 12 + 1, 1)
        except (OverflowError, ValueError):
            return date(2, 1, 1) if number < 0 else date(9998, 12, 1)


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), tz).astimezone(UTC)
