"""The installation's calendar as a value: business days, slots and sending hours (R30)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from journeys.models import Calendar, FrequencyPolicy
from journeys.timing import DEFAULT_SLOTS, Days, times

DEFAULT = "default"
DEFAULT_WINDOW = (time(9), time(18))


@dataclass(frozen=True)
class Blackout:
    """Each month from one business day to another, both included: who is not told what (R31).

    `first` and `last` are (business day, months later): (-1, 0) is a month's last business day,
    (5, 1) the fifth of the month after.
    """

    roles: frozenset[str]
    categories: frozenset[str]
    first: tuple[int, int]
    last: tuple[int, int]
    except_topics: frozenset[str] = frozenset()

    def ends(self, day: date, days: Days) -> date | None:
        """The last day of the window that `day` lies in; None when it lies in none."""
        for back in (0, 1):
            month = day.year * 12 + day.month - 1 - back
            first, last = (
                _business_day(days, month + later, count)
                for count, later in (self.first, self.last)
            )
            if first <= day <= last:
                return last
        return None


def _business_day(days: Days, month: int, count: int) -> date:
    """The `count`-th business day of a month (months counted from year 0); -1 is its last."""
    if count > 0:
        return days.add(date(month // 12, month % 12 + 1, 1) - timedelta(days=1), count)
    month += 1
    return days.add(date(month // 12, month % 12 + 1, 1), count)


@dataclass(frozen=True)
class SendingHours:
    """Business days with the slots and the hours in which guidance may leave."""

    days: Days
    slots: tuple[time, ...] = DEFAULT_SLOTS
    opens: time = DEFAULT_WINDOW[0]
    closes: time = DEFAULT_WINDOW[1]
    blackouts: tuple[Blackout, ...] = ()

    def next_slot(self, now: datetime, zone: str) -> datetime:
        return self.days.next_slot(now, self.slots, zone)

    def allows(self, now: datetime, zone: str) -> bool:
        """Whether now is a business day's sending hour where the recipient is."""
        local = now.astimezone(ZoneInfo(zone))
        return self.days.is_open(local.date()) and self.opens <= local.time() < self.closes


def calendar_at(now: datetime, key: str = DEFAULT) -> Calendar | None:
    """The calendar row that held at `now`."""
    rows = Calendar.objects.filter(key=key, from_at__lte=now).exclude(to_at__lte=now)
    return rows.order_by("-from_at").first() or Calendar.objects.filter(key=key).first()


def hours_at(now: datetime) -> SendingHours:
    """Sending hours as they held at `now`; Japanese defaults where nothing was set up."""
    row = calendar_at(now)
    if row is None:
        return SendingHours(Days(zone=settings.TIME_ZONE))
    window = row.window or {"from": "09:00", "to": "18:00"}
    return SendingHours(
        days=Days(
            country=row.country,
            closures=tuple(
                (date.fromisoformat(c["from"]), date.fromisoformat(c["to"])) for c in row.closures
            ),
            zone=settings.TIME_ZONE,
        ),
        slots=times(row.slots) or DEFAULT_SLOTS,
        opens=time.fromisoformat(window["from"]),
        closes=time.fromisoformat(window["to"]),
        blackouts=tuple(_blackout(raw) for raw in row.blackouts),
    )


def _blackout(raw: dict[str, Any]) -> Blackout:
    def edge(name: str) -> tuple[int, int]:
        return raw[name]["day"], int(raw[name].get("of", "this") == "next")

    return Blackout(
        roles=frozenset(raw["roles"]),
        categories=frozenset(raw.get("categories", ["promotional"])),
        first=edge("from"),
        last=edge("to"),
        except_topics=frozenset(raw.get("except_topics", ())),
    )


def days_at(now: datetime) -> Days:
    """Business days as they held at `now`."""
    return hours_at(now).days


def policy_at(now: datetime) -> FrequencyPolicy:
    """The frequency limit that held at `now`; 2 in 7 days, 2 business days apart by default."""
    rows = FrequencyPolicy.objects.filter(from_at__lte=now).exclude(to_at__lte=now)
    return rows.order_by("-from_at").first() or FrequencyPolicy(from_at=now)
