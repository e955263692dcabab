"""How far a date lies: `date` (contracts 1.12)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from journeys.conditions import ACCOUNT, SUBSCRIPTION, explain, parse, since
from journeys.conditions.dates import moment_of
from journeys.models import Account, TraitChange
from tests.journeys.conditions import world
from tests.journeys.conditions.world import LONG_AGO, NOW, ago, asked, verdict

pytestmark = pytest.mark.django_db
TOKYO = "Asia/Tokyo"


def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+09:00")


def at(raw: Any, value: Any, moment: str) -> str:
    TraitChange.objects.all().delete()
    account = Account.objects.first() or world.account()
    world.trait(account, "due", value)
    return verdict({"date": {"of": "account", "name": "due"} | raw}, account, asked(tokyo(moment)))


def test_before_is_from_so_long_before_the_date_up_to_its_beginning():
    said = [
        at({"before": "90d"}, "2026-08-01", moment)
        for moment in (
            "2026-05-02T23:59",
            "2026-05-03T00:00",
            "2026-07-31T23:59",
            "2026-08-01T00:00",
        )
    ]
    assert said == ["not_met", "met", "met", "not_met"]


def test_after_is_from_so_long_after_the_date_on():
    said = [
        at({"after": "30d"}, "2026-05-01", moment)
        for moment in ("2026-05-30T23:59", "2026-05-31T00:00", "2027-01-01T00:00")
    ]
    assert said == ["not_met", "met", "met"]


def test_between_is_from_the_first_length_to_the_second():
    said = [
        at({"between": ["-90d", "-60d"]}, "2026-08-01", moment)
        for moment in (
            "2026-05-02T23:59",
            "2026-05-03T00:00",
            "2026-06-01T23:59",
            "2026-06-02T00:00",
        )
    ]
    assert said == ["not_met", "met", "met", "not_met"]


def test_business_days_keep_the_time_of_day():
    """Three business days before Thursday 7 May is Tuesday 28 April: Golden Week lies between."""
    said = [
        at({"before": "3bd"}, "2026-05-07T10:00:00+09:00", moment)
        for moment in (
            "2026-04-28T09:59",
            "2026-04-28T10:00",
            "2026-05-07T09:59",
            "2026-05-07T10:00",
        )
    ]
    assert said == ["not_met", "met", "met", "not_met"]


@pytest.mark.parametrize(
    "value",
    ["2026-02-30", "2026-02-29", "2026-13-01", "soon", "", "2026-5-1", "20260501", 20260501, None,
     True, ["2026-05-01"], "2026-05-01T10:00:00", "2026-05-01T10:00+09:00", "2026-05-01\n",
     "2026-05-01T24:00:00Z", "2026-05-01T10:00:00+15:00", "1899-12-31", "2200-01-01"],
)  # fmt: skip
def test_what_is_no_date_is_unknown(value: Any):
    assert at({"after": "1d"}, value, "2026-05-11T10:00") == "unknown"
    assert moment_of(value, TOKYO) is None


def test_a_missing_date_is_unknown():
    account = world.account()
    assert verdict({"date": {"of": "account", "name": "due", "after": "1d"}}, account) == "unknown"


@pytest.mark.parametrize(
    ("value", "moment"),
    [("2026-05-01", "2026-05-01T00:00:00"), ("2024-02-29", "2024-02-29T00:00:00"),
     ("2026-05-01T10:00:00+09:00", "2026-05-01T10:00:00"),
     ("2026-05-01 01:00:00.999Z", "2026-05-01T10:00:00"),
     ("2026-05-01t01:00:00z", "2026-05-01T10:00:00")],
)  # fmt: skip
def test_a_day_begins_at_midnight_and_a_moment_has_an_offset(value: str, moment: str):
    assert moment_of(value, TOKYO) == tokyo(moment)


def test_a_date_is_asked_as_it_stood():
    """A renewal that was put off: contracts 1.11."""
    account = world.account()
    world.trait(account, "due", "2026-05-20", LONG_AGO)
    world.trait(account, "due", "2026-09-01", ago(days=1), received=ago(hours=1))
    raw = {"date": {"of": "account", "name": "due", "before": "30d"}}
    assert verdict(raw, account) == "not_met"
    assert verdict(raw, account, asked(ago(days=2))) == "met"
    assert verdict(raw, account, asked(known_at=ago(hours=2))) == "met"


def test_since_and_changes_at_are_the_edges_of_the_date():
    contract = world.subscription(world.account())
    world.trait(contract, "renewal_on", "2026-05-20")
    node = parse({"date": {"of": "subscription", "name": "renewal_on", "before": "14d"}})
    found = since(node, [contract.pk], asked(), SUBSCRIPTION, floor={contract.pk: LONG_AGO})
    assert found[contract.pk] == tokyo("2026-05-06T00:00")
    why = explain(node, [contract.pk], asked(), SUBSCRIPTION)[contract.pk]
    assert (why.found, why.changes_at) == ("2026-05-20", tokyo("2026-05-20T00:00"))
    assert why.count == 1


def test_of_several_contracts_any_one_counts():
    account = world.account()
    soon, late = world.subscription(account, "aaa"), world.subscription(account, "bbb")
    raw = {"date": {"of": "subscription", "name": "renewal_on", "before": "30d"}}
    world.trait(late, "renewal_on", "2027-01-01")
    assert verdict(raw, account) == "unknown"
    world.trait(soon, "renewal_on", "2026-05-20")
    assert verdict(raw, account) == "met"
    assert verdict(raw, late, subject=SUBSCRIPTION) == "not_met"


def test_at_the_ends_of_time_nothing_raises():
    account = world.account()
    world.trait(account, "due", "2199-12-31")
    for year in (1, 9999):
        ask = asked(datetime(year, 12, 31, 23, 59, tzinfo=NOW.tzinfo))
        raw = {"date": {"of": "account", "name": "due", "between": ["-3650d", "3650d"]}}
        world.trait(account, "due", "1900-01-01", at=ask.now.replace(year=max(ask.now.year, 2)))
        assert explain(parse(raw), [account.pk], ask, ACCOUNT)[account.pk].verdict in (
            "not_met", "unknown",
        )  # fmt: skip
