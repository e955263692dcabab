"""Comparing values (contracts 1.2, 1.3), the same in memory, on a trait and in `where`."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.conditions import ACCOUNT, compile, evaluate, explain, parse
from journeys.conditions.at import At
from journeys.conditions.leaves import EventLeaf
from journeys.conditions.operators import Operators
from journeys.models import Account, Event
from tests.journeys.conditions import world

pytestmark = pytest.mark.django_db

Y, N, U = True, False, None
MISSING = object()

# operators, value, verdict
TABLE: list[tuple[Any, Any, bool | None]] = [
    ({"eq": 3}, 3, Y), ({"eq": 3}, 3.0, Y), ({"eq": 3}, 4, N), (3, 3, Y),
    ({"eq": 30}, "30", U), ({"eq": "30"}, 30, U), ({"eq": 1}, True, U), ({"eq": True}, 1, U),
    ({"eq": True}, True, Y), ({"eq": True}, False, N), (False, False, Y), ({"eq": 0}, False, U),
    ({"eq": "a"}, "a", Y), ({"eq": "a"}, "A", N), ({"eq": ""}, "", Y), ({"eq": ""}, None, U),
    ({"eq": 0}, 0, Y), ({"eq": 0}, -0.0, Y), ({"eq": "が"}, "が", Y), ({"eq": "か"}, "が", N),
    ({"eq": 0.1}, 0.1, Y), ({"eq": 0.30000000000000004}, 0.1 + 0.2, Y), ({"eq": 0.3}, 0.1 + 0.2, N),
    ({"eq": 9007199254740993}, 9007199254740992, Y), ({"eq": 1e300}, 1e300, Y),
    ({"eq": 1}, [1], U), ({"eq": "a"}, {"a": 1}, U), ({"eq": 1}, MISSING, U),
    ({"ne": 3}, 4, Y), ({"ne": 3}, 3, N), ({"ne": 3}, "3", U), ({"ne": 3}, None, U),
    ({"ne": "HE"}, "he", Y), ({"ne": True}, False, Y), ({"ne": "a"}, ["a"], U),
    ({"gt": 3}, 4, Y), ({"gt": 3}, 3, N), ({"gt": 3}, "4", U), ({"gt": 3}, True, U),
    ({"gte": 3}, 3, Y), ({"gte": 3}, 2.999, N), ({"lt": 3}, -1e9, Y), ({"lte": 3}, 3, Y),
    ({"lte": 3}, 3.0000001, N), ({"gt": 20}, [30], U), ({"gt": "b"}, "c", Y),
    ({"gt": "B"}, "a", Y), ({"lt": "a"}, "B", Y), ({"gt": "z"}, "é", Y), ({"lt": "é"}, "z", Y),
    ({"gt": "｡"}, "𠮷", Y), ({"gte": "2026-05-11"}, "2026-05-12", Y), ({"gt": False}, True, Y),
    ({"gt": 1, "lt": 5}, 3, Y), ({"gt": 1, "lt": 5}, 5, N), ({"gt": 1, "lt": "a"}, 3, U),
    ({"gt": 5, "lt": "a"}, 3, N), ({"is_set": True, "gt": 5}, MISSING, N),
    ({"in": [1, 2]}, 2, Y), ({"in": [1, 2]}, 3, N), ({"in": [1, 2]}, "2", U),
    ({"in": ["a", 1]}, "b", N), ({"in": ["a", 1]}, True, U), ({"in": ["a"]}, None, U),
    ({"in": ["a", "b"]}, ["x", "b"], Y), ({"in": ["a"]}, ["x"], N), ({"in": ["a"]}, [], N),
    ({"in": [1]}, ["1"], N), ({"in": ["1"]}, [1], N), ({"in": [True]}, [1], N),
    ({"in": [1.0]}, [1], Y), ({"in": [True]}, [False, True], Y), ({"in": ["a"]}, {"a": 1}, U),
    ({"not_in": [1, 2]}, 3, Y), ({"not_in": [1, 2]}, 2, N), ({"not_in": [1]}, "1", U),
    ({"not_in": ["a"]}, ["b"], Y), ({"not_in": ["a"]}, ["b", "a"], N), ({"not_in": ["a"]}, [], Y),
    ({"not_in": ["a"]}, MISSING, U), ({"not_in": ["a"]}, [None, ["a"]], Y),
    ({"contains": "bc"}, "abcd", Y), ({"contains": "BC"}, "abcd", N), ({"contains": "%"}, "a", N),
    ({"contains": "_"}, "a_b", Y), ({"contains": ""}, "", Y), ({"contains": "a"}, ["a", "b"], Y),
    ({"contains": "a"}, ["ab"], N), ({"contains": 1}, [1.0], Y), ({"contains": 1}, ["1"], N),
    ({"contains": 1}, "1", U), ({"contains": "1"}, 1, U), ({"contains": "a"}, None, U),
    ({"contains": True}, [True], Y), ({"contains": "月次"}, "初回の月次締め", Y),
    ({"contains": "a"}, [], N), ({"contains": "a'b\"c\\"}, "xa'b\"c\\y", Y),
    ({"starts_with": "ab"}, "abc", Y), ({"starts_with": "bc"}, "abc", N),
    ({"starts_with": "a%"}, "abc", N), ({"starts_with": "1"}, 1, U), ({"starts_with": "a"}, ["a"], U),
    ({"is_set": True}, 0, Y), ({"is_set": True}, "", Y), ({"is_set": True}, False, Y),
    ({"is_set": True}, None, N), ({"is_set": True}, MISSING, N), ({"is_set": True}, [], Y),
    ({"is_set": False}, None, Y), ({"is_set": False}, MISSING, Y), ({"is_set": False}, {}, N),
]  # fmt: skip
#: Keys that need care in SQL: quotes, a path's own signs, other alphabets.
KEYS = ("k", "k k", "数量", 'a"b', "a'b", "$", "a\\b", "0", "k%s", "[0]")


def _no_node(at: At) -> Any:
    at.refuse("none", "")


def read(raw: Any) -> Operators:
    return Operators.read(At(raw, "", _no_node, _no_node))


def event(name: str, where: Any) -> EventLeaf:
    leaf = parse({"event": {"name": name, "where": where}})
    assert isinstance(leaf, EventLeaf)
    return leaf


@pytest.mark.parametrize(("raw", "value", "expected"), TABLE)
def test_a_value_is_compared_inside_its_json_type(raw: Any, value: Any, expected: bool | None):
    assert read(raw).verdict(None if value is MISSING else value) is expected


def test_a_trait_is_compared_by_the_database_as_in_memory():
    accounts = [world.account(str(n)) for n in range(len(TABLE))]
    for account, (_raw, value, _expected) in zip(accounts, TABLE, strict=True):
        if value is not MISSING:
            world.trait(account, "t", value)
    for account, (raw, value, expected) in zip(accounts, TABLE, strict=True):
        body = raw if isinstance(raw, dict) else {"eq": raw}
        answer = world.verdict({"trait": {"of": "account", "name": "t"} | body}, account)
        assert (answer, raw, value) == (
            {Y: "met", N: "not_met", U: "unknown"}[expected],
            raw,
            value,
        )


@pytest.mark.parametrize("key", KEYS)
def test_a_fact_counts_only_where_every_operator_holds(key: str):
    for number, (_raw, value, _expected) in enumerate(TABLE):
        said = {} if value is MISSING else {key: value}
        world.fact(name=str(number), **said)
    for number, (raw, value, expected) in enumerate(TABLE):
        leaf = event(str(number), {key: raw})
        counts = leaf.facts(world.asked()).exists()
        assert (counts, raw, value) == (expected is True, raw, value)


@pytest.mark.parametrize("path", ["a.b", "a.0", "a.b c.数", "a.b.c"])
def test_dots_go_inside(path: str):
    said: Any = 5
    for key in reversed(path.split(".")):
        said = {key: said}
    world.fact(name="inside", **said)
    beside: dict[str, Any] = {path: 5}
    world.fact(name="beside", **beside, other=[{"b": 5}], a=[5])
    for name, number in (("inside", 1), ("beside", 0)):
        leaf = event(name, {path: 5})
        assert leaf.facts(world.asked()).count() == number


def test_a_list_is_no_mapping():
    world.fact(name="x", a=[5, {"b": 5}])
    for path in ("a.0", "a.1.b", "a.b"):
        assert not event("x", {path: 5}).facts(world.asked()).exists()


@pytest.mark.parametrize("kind", [str, int, float])
def test_a_list_of_thousands_is_one_question(kind: Any):
    account, other = world.account(), world.account("b")
    world.trait(account, "t", kind(1999))
    world.trait(other, "t", [kind(5000), kind(1999)])
    raw = {"trait": {"of": "account", "name": "t", "in": [kind(n) for n in range(3000)]}}
    assert [world.verdict(raw, a) for a in (account, other)] == ["met", "met"]


def test_the_largest_condition_an_author_may_write_can_be_asked_and_explained():
    account = world.account()
    where = {f"数{n}": {"in": [n, str(n)]} for n in range(20)}
    leaf: Any = {"event": {"name": "x", "where": where, "by": {"share": 0.5}}}
    node = parse({"all": [leaf] * 25 + [{"people": {"at_least": 1}}] * 24}, whole=False)
    assert explain(node, [account.pk], world.asked(), ACCOUNT)[account.pk].verdict == "unknown"
    assert evaluate(node, world.asked(), "account").unknown == ["a"]


def test_a_number_no_double_holds_says_nothing():
    account = world.account()
    world.trait(account, "t", 10**400)
    node = parse({"trait": {"of": "account", "name": "t", "eq": 1}})
    assert not Account.objects.filter(compile(node, True, world.asked(), ACCOUNT)).exists()


def test_keys_are_found_however_the_row_was_written():
    from journeys import db  # noqa: PLC0415 -- only here

    row = Event(name="x", occurred_at=world.NOW, received_at=world.NOW, properties={"数": "本"})
    db.insert([row])
    world.fact(name="x", 数="本")
    leaf = event("x", {"数": "本"})
    assert leaf.facts(world.asked()).count() == 2
