"""The installation's calendar as a value: business days, slots and sending hours (R30)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings

from journeys.models import Calendar, FrequencyPolicy
from journeys.timing import DEFAULT_SLOTS, Days, times

DEFAULT_WINDOW = (time(9), time(18))


@dataclass(frozen=True)
class SendingHours:
    """Business days with the slots and the hours in which guidance may leave."""

    days: Days
    slots: tuple[time, ...] = DEFAULT_SLOTS
    opens: time = DEFAULT_WINDOW[0]
    closes: time = DEFAULT_WINDOW[1]

    def next_slot(self, now: datetime, zone: str) -> datetime:
        return self.days.next_slot(now, self.slots, zone)

    def allows(self, now: datetime, zone: str) -> bool:
        """Whether now is a business day's sending hour where the recipient is."""
        local = now.astimezone(ZoneInfo(zone))
        return self.days.is_open(local.date()) and self.opens <= local.time() < self.closes


def calendar_at(now: datetime, key: str = "default") -> Calendar | None:
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
    )


def days_at(now: datetime) -> Days:
    """Business days as they held at `now`."""
    return hours_at(now).days


def policy_at(now: datetime) -> FrequencyPolicy:
    """The frequency limit that held at `now`; 2 in 7 days, 2 business days apart by default."""
    rows = FrequencyPolicy.objects.filter(from_at__lte=now).exclude(to_at__lte=now)
    return rows.order_by("-from_at").first() or FrequencyPolicy(from_at=now)
