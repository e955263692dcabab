"""Business days, windows and slots (R10, R30): tables, and properties that must always hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.timing import BadSpan, Days, span

TOKYO = ZoneInfo("Asia/Tokyo")
DAYS = Days(closures=((date(2026, 8, 12), date(2026, 8, 14)),))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("first", "count", "last"),
    [
        ("2026-05-11", 5, "2026-05-18"),  # AC1: preparation ends
        ("2026-05-11", 45, "2026-07-13"),  # AC1: onboarding ends
        ("2026-05-01", 1, "2026-05-07"),  # Golden Week: Sunday's holiday is made up on the 6th
        ("2026-09-18", 1, "2026-09-24"),  # the 22nd lies between two holidays and is one
        ("2026-08-11", 1, "2026-08-17"),  # a holiday, then our own closure
        ("2026-05-11", 0, "2026-05-11"),
        ("2026-05-18", -5, "2026-05-11"),
    ],
)
def test_r30_business_days_step_over_holidays_and_own_closures(
    first: str, count: int, last: str
) -> None:
    assert DAYS.add(date.fromisoformat(first), count) == date.fromisoformat(last)


@pytest.mark.parametrize("closed", ["2026-05-06", "2026-09-22", "2026-05-09", "2026-08-13"])
def test_r30_a_holiday_a_weekend_and_a_closure_are_not_open(closed: str) -> None:
    assert not DAYS.is_open(date.fromisoformat(closed))


@given(
    st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    st.integers(min_value=1, max_value=300),
)
def test_going_on_and_coming_back_meets_again(day: date, count: int) -> None:
    day = DAYS.next_open(day)

    there = DAYS.add(day, count)

    assert DAYS.add(there, -count) == day
    assert DAYS.between(day, there) == count
    assert DAYS.is_open(there)


@given(st.integers(1_577_836_800, 1_924_905_600).map(lambda s: datetime.fromtimestamp(s, UTC)))
def test_r30_a_slot_is_never_in_the_past_and_always_on_a_business_day(now: datetime) -> None:
    slot = DAYS.next_slot(now)

    assert slot >= now
    assert DAYS.is_open(slot.date())
    assert slot.time() in (time(10), time(15))


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        ("2026-05-11T09:30", "2026-05-11T10:00"),
        ("2026-05-11T10:00", "2026-05-11T10:00"),
        ("2026-05-11T10:01", "2026-05-11T15:00"),
        ("2026-05-15T15:01", "2026-05-18T10:00"),
        ("2026-05-02T08:00", "2026-05-07T10:00"),
    ],
)
def test_r30_guidance_leaves_at_the_next_slot_of_a_business_day(now: str, slot: str) -> None:
    assert DAYS.next_slot(at(now)) == at(slot)


def test_contracts_1_5_a_window_of_business_days_keeps_the_local_time() -> None:
    assert DAYS.window_start(at("2026-05-14T09:00"), span("3bd")) == at("2026-05-11T09:00")


def test_contracts_1_5_from_a_closed_day_it_counts_from_the_end_of_the_last_business_day() -> None:
    sunday = at("2026-05-17T09:00")

    assert DAYS.window_start(sunday, span("1bd")) == at("2026-05-15T00:00")


def test_a_fixed_span_is_exact_across_days() -> None:
    now = at("2026-05-14T09:00")

    assert now - DAYS.window_start(now, span("14d")) == timedelta(days=14)


@pytest.mark.parametrize("text", ["0d", "5", "3 d", "-1d", "1y", "99999d", "", "1.5h"])
def test_what_is_no_length_of_time_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadSpan, match=r"^[“「]"):
        span(text)
