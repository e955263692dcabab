"""`event`: counts, windows, tenure, days and different values (contracts 1.4 to 1.9)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from journeys.conditions import CONTACT, SUBSCRIPTION
from tests.journeys.conditions import world
from tests.journeys.conditions.world import NOW, ago, asked, verdict

pytestmark = pytest.mark.django_db
M, N, U = "met", "not_met", "unknown"


def event(**more: Any) -> Any:
    return {"event": {"name": "x"} | more}


# count, number of facts, verdict
COUNTS = [
    (None, 0, N), (None, 1, M), ({"gte": 3}, 2, N), ({"gte": 3}, 3, M), ({"gt": 3}, 3, N),
    ({"gt": 3}, 4, M), ({"lt": 2}, 0, M), ({"lt": 2}, 1, M), ({"lt": 2}, 2, N), ({"lte": 2}, 2, M),
    ({"lte": 2}, 3, N), ({"eq": 0}, 0, M), ({"eq": 0}, 1, N), ({"eq": 2}, 2, M), ({"eq": 2}, 1, N),
    ({"eq": 2}, 3, N), ({"gte": 1, "lte": 3}, 0, N), ({"gte": 1, "lte": 3}, 3, M),
    ({"gte": 1, "lte": 3}, 4, N), ({"gt": 3, "lt": 2}, 3, N), ({"gte": 0}, 0, M), ({"lt": 0}, 0, N),
    ({"lt": 1}, 0, M), ({"lt": 1}, 1, N), ({"eq": 2, "gte": 3}, 2, N),
]  # fmt: skip


@pytest.mark.parametrize(("count", "facts", "expected"), COUNTS)
def test_facts_are_counted_up_to_what_decides(count: Any, facts: int, expected: str):
    account = world.account()
    for _fact in range(facts):
        world.fact(account)
    world.fact(account, name="other")
    world.fact(world.account("b"))
    assert verdict(event(count=count) if count else event(), account) == expected
    swapped = M if expected == N else N
    assert verdict({"not": event(count=count) if count else event()}, account) == swapped


# within, just outside, just inside
EDGES = [
    ("90min", timedelta(minutes=90), timedelta(minutes=89, seconds=59)),
    ("4h", timedelta(hours=4), timedelta(hours=3, minutes=59)),
    ("14d", timedelta(days=14), timedelta(days=13, hours=23, minutes=59)),
    ("2w", timedelta(days=14), timedelta(days=13, hours=23, minutes=59)),
    # Monday 10:00 after Golden Week: Friday, Thursday, then Friday 1 May, Thursday 30 April (R30)
    ("1bd", timedelta(days=3), timedelta(days=2, hours=23, minutes=59)),
    ("3bd", timedelta(days=10), timedelta(days=9, hours=23, minutes=59)),
    ("4bd", timedelta(days=11), timedelta(days=10, hours=23, minutes=59)),
]


@pytest.mark.parametrize(("within", "outside", "inside"), EDGES)
def test_a_window_is_open_on_the_left_and_closed_on_the_right(
    within: str, outside: timedelta, inside: timedelta
):
    account, other = world.account(), world.account("b")
    world.fact(account, at=NOW - outside)
    world.fact(other, at=NOW - inside)
    assert [verdict(event(within=within), a) for a in (account, other)] == [N, M]


def test_what_happens_now_counts_and_what_is_yet_to_come_does_not():
    account, other = world.account(), world.account("b")
    world.fact(account, at=NOW)
    world.fact(other, at=NOW + timedelta(microseconds=1))
    assert [verdict(event(), a) for a in (account, other)] == [M, N]


def test_from_a_closed_day_business_days_count_from_the_end_of_the_last_open_one():
    sunday = datetime(2026, 5, 10, 3, 0, tzinfo=UTC)
    account, other = world.account(), world.account("b")
    world.fact(account, at=datetime(2026, 5, 7, 14, 59, tzinfo=UTC))  # Thursday 23:59 in Tokyo
    world.fact(other, at=datetime(2026, 5, 7, 15, 1, tzinfo=UTC))  # Friday 00:01
    answers = [verdict(event(within="1bd"), a, asked(sunday)) for a in (account, other)]
    assert answers == [N, M]


# count, facts inside the window, verdict for a customer known for less long than the window
YOUNG = [
    ({"eq": 0}, 0, U), ({"eq": 0}, 1, N), ({"lt": 2}, 1, U), ({"lt": 2}, 2, N), ({"lte": 1}, 0, U),
    ({"gte": 1}, 1, M), ({"gte": 2}, 1, U), ({"gte": 0}, 0, M), ({"eq": 2}, 2, M), ({"eq": 2}, 1, U),
    ({"eq": 2}, 3, N), ({"gte": 1, "lte": 2}, 3, N), ({"gte": 1, "lte": 2}, 0, U),
]  # fmt: skip


@pytest.mark.parametrize(("count", "facts", "expected"), YOUNG)
def test_what_was_not_seen_is_unknown_while_tenure_is_shorter_than_the_window(
    count: Any, facts: int, expected: str
):
    young = world.account(known_since=ago(days=3))
    for _fact in range(facts):
        world.fact(young)
    raw = event(count=count, within="14d")
    assert verdict(raw, young) == expected
    assert verdict({"not": raw}, young) == {M: N, N: M, U: U}[expected]


@pytest.mark.parametrize("within", ["30min", None])
def test_minutes_and_no_window_ask_for_no_tenure(within: str | None):
    young = world.account(known_since=ago(minutes=1))
    raw = event(count={"eq": 0}, **({"within": within} if within else {}))
    assert verdict(raw, young) == M


def test_tenure_suffices_when_it_began_before_the_window_and_can_be_assumed():
    for known_since, expected in ((ago(days=14), M), (ago(days=13), U), (None, U)):
        account = world.account(str(known_since), known_since=known_since)
        absent = event(count={"eq": 0}, within="14d")
        assert verdict(absent, account) == expected
        assert verdict({"event": absent["event"] | {"assume_history": True}}, account) == M
        assert verdict(event(count={"eq": 0}, within="13d"), account) == (M if known_since else U)


def test_tenure_is_the_subjects_own():
    account = world.account()
    contact = world.contact(account, known_since=ago(days=2))
    contract = world.subscription(account, known_since=ago(days=2))
    raw = event(count={"eq": 0}, within="1w")
    assert verdict(raw, account) == M
    assert verdict(raw, contact, subject=CONTACT) == U
    assert verdict(raw, contract, subject=SUBSCRIPTION) == U


@pytest.mark.parametrize(
    ("distinct", "days"),
    [("day", 2), ("day@UTC", 1), ("day@Asia/Tokyo", 2), ("day@America/New_York", 1),
     ("day@Pacific/Kiritimati", 1), ("day@Europe/Berlin", 2)],
)  # fmt: skip
def test_days_are_calendar_days_of_a_zone(distinct: str, days: int):
    account = world.account()
    for hour, minute in ((14, 30), (15, 30), (23, 30)):
        world.fact(account, at=datetime(2026, 3, 28, hour, minute, tzinfo=UTC))
    for number in (1, 2, 3):
        raw = event(distinct=distinct, count={"gte": number})
        assert verdict(raw, account) == (M if number <= days else N)


def test_days_are_counted_over_the_change_to_summer_time():
    account = world.account()
    for day in (28, 29, 30):  # 23:30 in Berlin: before and after the change of 29 March 2026
        world.fact(account, at=datetime(2026, 3, day, 22 if day < 29 else 21, 30, tzinfo=UTC))
    assert verdict(event(distinct="day@Europe/Berlin", count={"eq": 3}), account) == M


def test_different_values_differ_by_type_and_what_is_missing_counts_nothing():
    account = world.account()
    six: tuple[Any, ...] = ("1", 1, 1.0, True, "true", 0.1, 0.1 + 1e-18, 1e16, 10**16, "1")
    for value in (*six, None, [], {}):
        world.fact(account, k=value)
    world.fact(account)
    assert verdict(event(distinct="k", count={"eq": 6}), account) == M


def test_different_values_may_lie_inside():
    account = world.account()
    for value in (1, 2, 2):
        world.fact(account, a={"b": value})
    assert verdict(event(distinct="a.b", count={"eq": 2}), account) == M


def test_a_subscription_counts_its_products_facts_and_those_that_name_none():
    account = world.account()
    contract = world.subscription(account, "aaa")
    for product in ("aaa", "bbb", ""):
        world.fact(account, product=product)
    assert verdict(event(count={"eq": 2}), contract, subject=SUBSCRIPTION) == M
    assert verdict(event(count={"eq": 3}), account) == M
    assert verdict(event(count={"eq": 2}, product="bbb"), account) == M


def test_by_self_counts_the_contacts_own():
    account = world.account()
    one, other = world.contact(account, "1"), world.contact(account, "2")
    world.fact(by=one)
    world.fact(account)
    assert verdict(event(by="self"), one, subject=CONTACT) == M
    assert verdict(event(by="self"), other, subject=CONTACT) == N
    assert verdict(event(count={"eq": 2}), other, subject=CONTACT) == M


def test_within_stage_begins_when_the_current_stage_was_entered():
    account = world.account()
    contract = world.subscription(account)
    world.move(contract, "one", ago(days=9), seq=1)
    world.move(contract, "two", ago(days=4), seq=2, came_from="one")
    for days in (8, 4, 2):  # before, at the very entry (it ended the stage before), after
        world.fact(account, at=ago(days=days))
    raw = event(within="stage", count={"eq": 1})
    assert verdict(raw, contract, subject=SUBSCRIPTION) == M
    assert verdict({"event": raw["event"] | {"product": "aaa"}}, account) == M
    assert verdict(event(within="stage", product="bbb"), account) == N


def test_what_began_the_first_stage_belongs_to_it():
    account = world.account()
    contract = world.subscription(account)
    world.move(contract, "one", ago(days=4))
    world.fact(account, at=ago(days=4))
    assert verdict(event(within="stage"), contract, subject=SUBSCRIPTION) == M
