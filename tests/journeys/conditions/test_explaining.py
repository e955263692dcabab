"""Why, since when, and until when (contracts 1.15, architecture 4 `effective_at`)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import translation

from journeys.conditions import ACCOUNT, SUBSCRIPTION, Explained, explain, parse, since
from journeys.models import Account
from tests.journeys.conditions import world
from tests.journeys.conditions.world import LONG_AGO, NOW, ago, asked

pytestmark = pytest.mark.django_db


def why(raw: Any, account: Account, now: datetime = NOW) -> Explained:
    return explain(parse(raw), [account.pk], asked(now), ACCOUNT)[account.pk]


def event(**more: Any) -> Any:
    return {"event": {"name": "x"} | more}


# --- since ------------------------------------------------------------------------------------
def first(raw: Any, account: Account, floor: datetime | None = LONG_AGO) -> datetime:
    floors = {account.pk: floor} if floor else None
    return since(parse(raw), [account.pk], asked(), ACCOUNT, floor=floors)[account.pk]


def test_since_is_the_fact_that_made_it_true():
    account = world.account()
    for days in (9, 5, 3):
        world.fact(account, at=ago(days=days))
    assert first(event(count={"gte": 2}), account) == ago(days=5)
    assert first(event(count={"gte": 2}), account, floor=None) == ago(days=5)


def test_since_is_never_before_its_floor():
    account = world.account()
    world.fact(account, at=ago(days=9))
    assert first(event(), account, floor=ago(days=4)) == ago(days=4)
    assert first(event(), account, floor=NOW + timedelta(hours=1)) == NOW + timedelta(hours=1)


def test_since_is_the_moment_the_last_part_came_true():
    account = world.account()
    world.fact(account, at=ago(days=9))
    world.trait(account, "plan", "pro", at=ago(days=2))
    plan = {"trait": {"of": "account", "name": "plan", "eq": "pro"}}
    assert first({"all": [event(), plan]}, account) == ago(days=2)
    assert first({"any": [event(), plan]}, account) == ago(days=9)
    assert first({"not": event(name="y")}, account) == LONG_AGO


def test_since_is_when_a_fact_dropped_out_of_its_window():
    account = world.account()
    world.fact(account, at=ago(days=9))
    assert first({"not": event(within="4d")}, account, floor=ago(days=8)) == ago(days=5)
    # five business days after Thursday 30 April 10:00 is Monday 11 May 10:00: Golden Week
    other = world.account("b")
    world.fact(other, at=ago(days=13))
    raw = {"not": event(within="4bd")}
    assert first(raw, other, floor=ago(days=12)) == datetime(2026, 5, 8, 1, 0, tzinfo=UTC)


def test_since_is_when_a_stage_had_lasted_long_enough():
    contract = world.subscription(world.account())
    world.move(contract, "one", ago(days=9))
    node = parse({"stage": {"is": "one", "for_at_least": "4d"}})
    found = since(node, [contract.pk], asked(), SUBSCRIPTION, floor={contract.pk: LONG_AGO})
    assert found == {contract.pk: ago(days=5)}


def test_since_uses_what_is_known_not_what_was_known():
    account = world.account()
    world.fact(account, at=ago(days=9), received=ago(days=1))
    assert first(event(), account) == ago(days=9)


# --- explain ----------------------------------------------------------------------------------
def test_a_leaf_shows_what_was_found_and_wanted_and_the_newest_five_rows():
    account = world.account()
    someone = world.contact(account, "佐藤")
    for days in range(1, 8):
        world.fact(by=someone, at=ago(days=days), n=days)
    found = why(event(count={"gte": 10}, where={"n": {"gt": 0}}), account)
    assert (found.verdict, found.found, found.count) == ("not_met", 7, 7)
    assert [row["properties"]["n"] for row in found.rows] == [1, 2, 3, 4, 5]
    assert found.rows[0] == {"at": ago(days=1), "name": "x", "who": "佐藤", "properties": {"n": 1}}
    assert found.wanted == {
        "name": "x", "where": {"n": {"gt": 0}}, "count": {"gte": 10}, "by": "account",
    }  # fmt: skip


def test_the_tree_keeps_its_shape_and_every_node_its_verdict():
    account = world.account()
    plan = {"trait": {"of": "account", "name": "plan", "eq": "pro"}}
    found = why({"any": [event(), {"not": {"all": [event(), plan]}}, plan]}, account)
    assert found.verdict == "met"
    assert [child.verdict for child in found.children] == ["not_met", "met", "unknown"]
    inner = found.children[1].children[0]
    assert (inner.head, inner.verdict) == ("all", "not_met")
    assert [child.verdict for child in inner.children] == ["not_met", "unknown"]


def test_it_says_when_the_verdict_will_change_by_time_alone():
    account = world.account(known_since=ago(days=3))
    world.fact(account, at=ago(days=2))
    world.fact(account, at=ago(days=1))
    assert why(event(), account).changes_at is None
    assert why(event(within="5d"), account).changes_at == NOW + timedelta(days=4)
    assert why(event(within="5d", count={"gte": 2}), account).changes_at == NOW + timedelta(days=3)
    absent = event(name="y", within="5d", count={"eq": 0})
    found = why(absent, account)
    assert (found.verdict, found.changes_at) == ("unknown", NOW + timedelta(days=2))


def test_it_says_when_a_stage_will_have_lasted_long_enough():
    contract = world.subscription(world.account())
    world.move(contract, "one", ago(days=3))  # Friday 10:00
    found = why({"stage": {"is": "one", "for_at_least": "5bd"}}, contract.account)
    assert found.changes_at == datetime(2026, 5, 15, 1, 0, tzinfo=UTC)
    assert found.found == {"stage": "one", "since": ago(days=3)}


def test_people_are_shown_by_name():
    account = world.account()
    for name in ("佐藤", "鈴木", "高橋"):
        one = world.contact(account, name, roles=["approver"])
        if name != "高橋":
            world.fact(by=one)
    who = {"event": {"name": "x", "by": "self"}}
    raw = {"people": {"role": "approver", "who": who, "every": True}}
    found = why(raw, account).found
    assert (found["meeting"], found["people"], found["missing"]) == (2, 3, ["高橋"])
    by = why(event(by={"role": "approver", "share": 0.6}), account)
    assert (by.verdict, by.found["missing"]) == ("met", ["高橋"])


SENTENCES = [
    (event(count={"gte": 10}, within="14d"),
     "x: 2 (wanted: at least 10), in the last 14 days",
     "x：2件（条件：10件以上）、直近14日"),
    (event(where={"k": {"gt": 0}}), "x (k more than 0): 0 (wanted: at least 1)",
     "x（k 0より大きい）：0件（条件：1件以上）"),
    (event(distinct="day", count={"eq": 3}), "Days with x: 1 (wanted: exactly 3)",
     "xのあった日：1件（条件：ちょうど3件）"),
    ({"trait": {"of": "account", "name": "plan", "in": ["a", "b"]}},
     "plan: “pro” (wanted: one of “a, b”)", "plan：「pro」（条件：「a, b」のどれか）"),
    ({"trait": {"of": "account", "name": "seats", "gte": 3}},
     "seats: not set (wanted: at least 3)", "seats：未設定（条件：3以上）"),
    ({"stage": {"is": "one", "for_at_least": "20bd"}},
     "In the stage no stage (wanted: one for at least 20 business days)",
     "現在のステージ：ステージなし（条件：oneに20営業日以上）"),
    ({"people": {"role": "admin"}}, "admin: nobody (wanted: at least 1)",
     "admin：該当者なし（条件：1名以上）"),
    ({"any": [event(), event(name="y")]}, "One of 2 must be met: 1 met", "2件のうち1件を満たすこと：いま1件"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "english", "japanese"), SENTENCES)
def test_a_sentence_in_the_readers_language(raw: Any, english: str, japanese: str):
    account = world.account()
    world.fact(account)
    world.fact(account)
    world.trait(account, "plan", "pro")
    for language, expected in (("en", english), ("ja", japanese)):
        with translation.override(language):
            assert why(raw, account).sentence == expected


def test_an_explanation_is_plain_json():
    account = world.account()
    world.fact(account)
    world.trait(account, "plan", ["a"])
    raw = {"all": [event(), {"trait": {"of": "account", "name": "plan", "contains": "a"}},
                   {"people": {"every": True}}, {"stage": {"is": "one"}}]}  # fmt: skip
    plain = why(raw, account).as_json()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["children"][0]["rows"][0]["at"] == "2026-05-11T00:00:00Z"
    assert list(plain) == [
        "head", "verdict", "found", "wanted", "rows", "count", "changes_at", "sentence", "children",
    ]  # fmt: skip


def test_lines_show_the_tree():
    account = world.account()
    with translation.override("en"):
        lines = why({"not": event()}, account).lines()
    assert lines == ["✓ This must not be so:", "  ✗ x: 0 (wanted: at least 1)"]


def test_nobody_is_explained_who_does_not_exist():
    assert explain(parse(event()), [4711], asked(), ACCOUNT) == {}
