"""`sum`, `every` with `in_a_row`, and `ratio` (contracts 1)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from journeys.conditions import ACCOUNT, Explained, explain, parse, since
from journeys.models import Account
from tests.journeys.conditions import world
from tests.journeys.conditions.world import LONG_AGO, ago, asked, verdict

pytestmark = pytest.mark.django_db


def event(**more: Any) -> Any:
    return {"event": {"name": "x"} | more}


def why(raw: Any, account: Account) -> Explained:
    return explain(parse(raw), [account.pk], asked(), ACCOUNT)[account.pk]


@pytest.fixture
def account() -> Account:
    return world.account()


# --- sum --------------------------------------------------------------------------------------
def test_count_compares_the_sum_of_a_number_property(account: Account):
    for amount in (0.1, 0.2, 5):
        world.fact(account, amount=amount)
    world.fact(account, amount="100")  # text is no number, and the fact adds nothing
    world.fact(account)
    for count, said in (({"eq": 5.3}, "met"), ({"gt": 5.3}, "not_met"), ({"lte": 5.3}, "met")):
        assert verdict(event(sum="amount", count=count), account) == said
    assert why(event(sum="amount"), account).found == 5.3


def test_a_sum_is_exact_whatever_the_order(account: Account):
    for amount in (1e16, 0.1, -1e16, 0.2):
        world.fact(account, amount=amount)
    assert verdict(event(sum="amount", count={"eq": 0.3}), account) == "met"


def test_nothing_sums_up_to_zero(account: Account):
    assert verdict(event(sum="amount", count={"eq": 0}), account) == "met"
    assert verdict(event(sum="amount"), account) == "not_met"


def test_a_sum_that_nothing_would_satisfy_is_unknown_while_the_tenure_is_short():
    young = world.account(known_since=ago(days=3))
    absent = event(sum="amount", count={"lte": 100}, within="14d")
    assert verdict(absent, young) == "unknown"
    assert verdict(event(sum="amount", count={"gte": 100}, within="14d"), young) == "unknown"
    world.fact(young, amount=200)
    assert verdict(absent, young) == "not_met"
    assert verdict(event(sum="amount", count={"gte": 100}, within="14d"), young) == "met"


def test_a_sum_of_each_person_alone(account: Account):
    for key, amount in (("a", 60), ("b", 30)):
        world.fact(by=world.contact(account, key), amount=amount)
    raw = event(sum="amount", count={"gte": 50}, by={"share": 0.5})
    assert verdict(raw, account) == "met"
    assert verdict(event(sum="amount", count={"gte": 50}, by={"every": True}), account) == "not_met"


def test_a_sum_is_met_since_the_fact_that_made_it_large_enough(account: Account):
    for days, amount in ((9, 3), (5, 4), (3, 5)):
        world.fact(account, at=ago(days=days), amount=amount)
    node = parse(event(sum="amount", count={"gte": 7}))
    found = since(node, [account.pk], asked(), ACCOUNT, floor={account.pk: LONG_AGO})
    assert found == {account.pk: ago(days=5)}


# --- full periods -----------------------------------------------------------------------------
def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+09:00")


def test_the_rest_holds_in_each_of_the_last_full_months(account: Account):
    """Monday 11 May 2026: the last three full months are February, March and April."""
    raw = event(every="month", in_a_row=3, count={"gte": 1})
    for moment in ("2026-02-28T23:59", "2026-03-01T00:00", "2026-05-01T00:00"):
        world.fact(account, at=tokyo(moment))
    assert verdict(raw, account) == "not_met"
    world.fact(account, at=tokyo("2026-04-30T23:59"))
    assert verdict(raw, account) == "met"


def test_weeks_begin_on_monday(account: Account):
    raw = event(every="week", in_a_row=1)
    world.fact(account, at=tokyo("2026-05-11T09:00"))
    assert verdict(raw, account) == "not_met"
    world.fact(account, at=tokyo("2026-05-04T00:00"))
    assert verdict(raw, account) == "met"


def test_an_absence_in_every_period(account: Account):
    raw = event(every="month", in_a_row=2, count={"lte": 1})
    assert verdict(raw, account) == "met"
    for _n in range(2):
        world.fact(account, at=tokyo("2026-03-10T12:00"))
    assert verdict(raw, account) == "not_met"


def test_different_days_and_sums_in_every_period(account: Account):
    for day in ("2026-03-01", "2026-03-02", "2026-04-01", "2026-04-01"):
        world.fact(account, at=tokyo(f"{day}T12:00"), amount=5)
    days = event(every="month", in_a_row=2, distinct="day", count={"gte": 2})
    sums = event(every="month", in_a_row=2, sum="amount", count={"gte": 10})
    assert [verdict(days, account), verdict(sums, account)] == ["not_met", "met"]


def test_people_in_every_period(account: Account):
    """The share holds in each month; it need not be the same people."""
    one, other = (world.contact(account, key) for key in "ab")
    world.fact(by=one, at=tokyo("2026-03-10T12:00"))
    world.fact(by=other, at=tokyo("2026-04-10T12:00"))
    raw = event(every="month", in_a_row=2, by={"share": 0.5})
    assert verdict(raw, account) == "met"
    assert verdict(event(every="month", in_a_row=2, by={"every": True}), account) == "not_met"


def test_explain_says_in_how_many_periods_it_held_and_when_that_may_change(account: Account):
    for day in ("2026-03-01", "2026-04-01"):
        world.fact(account, at=tokyo(f"{day}T12:00"))
    found = why(event(every="month", in_a_row=3), account)
    assert found.found == {"holding": 2, "numbers": [0, 1, 1]}
    assert why(event(every="month", in_a_row=2), account).changes_at == tokyo("2026-06-01T00:00")


# --- ratio ------------------------------------------------------------------------------------
SEATS: Any = {"trait": {"of": "account", "name": "seats"}}


def test_a_ratio_is_exact(account: Account):
    world.trait(account, "seats", 5)
    for _n in range(3):
        world.fact(account)
    for sign, number, said in (
        ("gte", 0.6, "met"), ("gt", 0.6, "not_met"), ("eq", 0.6, "met"), ("lt", 0.61, "met"),
        ("lte", 0.59, "not_met"),
    ):  # fmt: skip
        raw = {"ratio": {"of": event(), "to": SEATS, sign: number}}
        assert verdict(raw, account) == said, (sign, number)


def test_a_ratio_is_unknown_when_the_lower_one_is_0_or_missing(account: Account):
    world.fact(account)
    assert verdict({"ratio": {"of": event(), "to": SEATS, "gte": 1}}, account) == "unknown"
    assert (
        verdict({"ratio": {"of": event(), "to": event(name="y"), "gte": 1}}, account) == "unknown"
    )
    world.trait(account, "seats", "5")
    assert verdict({"ratio": {"of": event(), "to": SEATS, "gte": 1}}, account) == "unknown"
    world.trait(account, "seats", 0)
    assert verdict({"ratio": {"of": event(), "to": SEATS, "gte": 1}}, account) == "unknown"
    assert verdict({"ratio": {"of": SEATS, "to": event(), "lt": 1}}, account) == "met"


def test_a_ratio_of_sums_and_windows(account: Account):
    for days, amount in ((1, 30), (20, 70)):
        world.fact(account, at=ago(days=days), amount=amount)
    raw = {"ratio": {"of": event(sum="amount", within="14d"), "to": event(sum="amount"), "eq": 0.3}}
    assert verdict(raw, account) == "met"


def test_a_ratio_explains_both_numbers(account: Account):
    world.trait(account, "seats", 5)
    for days in range(3):
        world.fact(account, at=ago(days=days))
    found = why({"ratio": {"of": event(), "to": SEATS, "gte": 0.8}}, account)
    assert found.found == {"of": 3, "to": 5, "ratio": 0.6}
    assert found.count == 4
    node = parse({"ratio": {"of": event(), "to": SEATS, "gte": 0.4}})
    assert since(node, [account.pk], asked(), ACCOUNT)[account.pk] == ago(days=1)
