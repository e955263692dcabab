"""Contracts 1, sentence by sentence: each test is named after the sentence it holds.

Asked as an outsider asks: `manage.py evaluate` over facts that came in.
"""

from __future__ import annotations

import io
import json
from datetime import datetime
from typing import Any

import pytest
from django.core.management import call_command

from journeys.conditions import ConditionError, parse, parse_yaml
from journeys.models import Account, Contact, Subscription
from tests.journeys.conditions import world
from tests.journeys.conditions.world import LONG_AGO, ago

pytestmark = pytest.mark.django_db
NOW = "2026-05-11T10:00:00+09:00"


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The answer of `evaluate - --format json` to a condition."""

    def run(condition: str, *options: str, as_of: str = NOW) -> dict[str, Any]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(condition.encode())))
        out = io.StringIO()
        call_command("evaluate", "-", "--as-of", as_of, "--format", "json", *options, stdout=out)
        found: dict[str, Any] = json.loads(out.getvalue())
        return found

    return run


@pytest.fixture
def account() -> Account:
    return world.account("acme")


def tokyo(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+09:00")


def verdict(found: dict[str, Any]) -> str:
    if found["matches"]:
        return "met"
    return "unknown" if found["unknown"] else "not_met"


def refusal(condition: str, subject: str = "account") -> ConditionError:
    with pytest.raises(ConditionError) as refused:
        parse_yaml(condition, subject=subject)
    return refused.value


# --- reading ----------------------------------------------------------------------------------
def test_yaml_is_read_as_yaml_1_2_core():
    """no, on and dates stay text; duplicate keys and aliases are refused"""
    tree = parse_yaml("trait: {of: account, name: on, in: [no, 2026-05-01]}")
    assert tree.body() == {"of": "account", "name": "on", "in": ["no", "2026-05-01"]}
    assert refusal("event: {name: x, name: y}").code == "bad_yaml"
    assert refusal("all: [&a {event: {name: x}}, *a]").code == "bad_yaml"


def test_at_most_6_deep_50_nodes_32_kb():
    deep: Any = {"event": {"name": "x"}}
    for _level in range(5):
        deep = {"not": deep}
    parse(deep)
    for raw in ({"not": deep}, {"any": [{"event": {"name": "x"}}] * 50},
                {"event": {"name": "x", "where": {f"k{n}": "y" * 900 for n in range(20)}}},
                {"any": [{"event": {"name": "x" * 900}}] * 40}):  # fmt: skip
        if len(json.dumps(raw)) > 32_000 or "where" not in str(raw):
            with pytest.raises(ConditionError) as refused:
                parse(raw)
            assert refused.value.code == "too_complex"


# --- 1 three values, 2 types, 3 operators, 4 count -----------------------------------------------
def test_stage_message_journey_segment_are_always_met_or_not_met(ask: Any, account: Account):
    for leaf in ("stage: {is: x}", "stage: {was: x}", "message: {journey: j, was: sent}",
                 "journey: {key: j, status: in}"):  # fmt: skip
        assert verdict(ask(leaf)) == "not_met"
        assert verdict(ask(f"not: {{{leaf}}}")) == "met"


def test_not_swaps_and_keeps_unknown(ask: Any, account: Account):
    assert verdict(ask("not: {trait: {of: account, name: seats, gt: 3}}")) == "unknown"


@pytest.mark.parametrize(
    ("value", "operators", "said"),
    [("30", "gt: 3", "unknown"), (30, "gt: 3", "met"), (30, 'eq: "30"', "unknown"),
     (True, "eq: 1", "unknown"), ("A", "eq: a", "not_met"), ("が", "eq: が", "met"),
     (0, "is_set: true", "met"), ("", "is_set: true", "met"), (None, "is_set: false", "met"),
     (["a", "b"], "in: [b, c]", "met"), (["a"], "not_in: [a]", "not_met"),
     ("abc", "contains: b, starts_with: a", "met"), (["a"], "contains: a", "met")],
)  # fmt: skip
def test_operators_compare_inside_one_json_type(
    ask: Any, account: Account, value: Any, operators: str, said: str
):
    world.trait(account, "t", value)
    assert verdict(ask(f"trait: {{of: account, name: t, {operators}}}")) == said


def test_no_facts_satisfy_lt_lte_and_eq_0(ask: Any, account: Account):
    for count, said in (
        ("lt: 1", "met"),
        ("lte: 0", "met"),
        ("eq: 0", "met"),
        ("gte: 1", "not_met"),
    ):
        assert verdict(ask(f"event: {{name: x, count: {{{count}}}}}")) == said


def test_all_of_where_must_hold_and_dots_go_inside(ask: Any, account: Account):
    world.fact(account, amount=5, customer={"kind": "new"})
    where = "where: {amount: {gt: 0}, customer.kind: %s}"
    assert verdict(ask(f"event: {{name: x, {where % 'new'}}}")) == "met"
    assert verdict(ask(f"event: {{name: x, {where % 'old'}}}")) == "not_met"


# --- 5 windows, 6 tenure, 7 days ------------------------------------------------------------------
def test_the_window_is_open_on_the_left_and_closed_on_the_right(ask: Any, account: Account):
    world.fact(account, at=tokyo("2026-05-04T10:00:00"))
    assert verdict(ask("event: {name: x, within: 7d, assume_history: true}")) == "not_met"
    assert verdict(ask("event: {name: x, within: 7d}", as_of="2026-05-11T09:59:59+09:00")) == "met"
    assert verdict(ask("event: {name: x, within: 7d}", as_of="2026-05-04T10:00:00+09:00")) == "met"


def test_business_days_go_back_to_the_same_local_time(ask: Any, account: Account):
    """Monday 11 May 10:00 minus 3bd is Wednesday … Golden Week: Thursday 30 April, 1, 7 and 8 May."""
    world.fact(account, at=tokyo("2026-05-01T10:00:00"))
    assert verdict(ask("event: {name: x, within: 3bd}")) == "not_met"
    assert verdict(ask("event: {name: x, within: 4bd}")) == "met"


def test_from_a_closed_day_it_counts_from_the_end_of_the_last_business_day(
    ask: Any, account: Account
):
    world.fact(account, at=tokyo("2026-05-08T00:00:01"))
    sunday = "2026-05-10T15:00:00+09:00"
    assert verdict(ask("event: {name: x, within: 1bd}", as_of=sunday)) == "met"


def test_enrollment_only_inside_a_journey_and_stage_needs_a_contract():
    assert refusal("event: {name: x, within: enrollment}", "contact").path == "event.within"
    assert refusal("event: {name: x, within: stage}").path == "event.within"
    parse_yaml("event: {name: x, within: stage, product: aaa}", subject="account")


def test_an_absence_in_a_window_longer_than_the_tenure_is_unknown(ask: Any):
    world.account("young", known_since=ago(days=3))
    absent = "event: {name: x, count: {eq: 0}, within: 14d%s}"
    assert verdict(ask(absent % "")) == "unknown"
    assert verdict(ask(absent % ", assume_history: true")) == "met"
    assert verdict(ask("event: {name: x, count: {eq: 0}, within: 90min}")) == "met"


def test_days_are_calendar_days_in_time_zone_unless_named(ask: Any, account: Account):
    for moment in ("2026-05-08T08:00:00", "2026-05-08T10:00:00"):
        world.fact(account, at=tokyo(moment))
    assert verdict(ask("event: {name: x, distinct: day, count: {gte: 2}}")) == "not_met"
    assert verdict(ask("event: {name: x, distinct: day@UTC, count: {gte: 2}}")) == "met"


# --- 8 who, 9 product, 10 traits ------------------------------------------------------------------
def people(account: Account) -> list[Contact]:
    made = [world.contact(account, key, roles=["admin"]) for key in "abcde"]
    for contact in made[:3]:
        world.fact(by=contact)
    return made


def test_by_defaults_to_account_and_the_stored_tree_always_spells_it():
    assert parse({"event": {"name": "x"}}).body() == {"name": "x", "by": "account"}


def test_share_is_exact_3_of_5_is_0_6(ask: Any, account: Account):
    people(account)
    for share, said in ((0.6, "met"), (0.61, "not_met")):
        assert verdict(ask(f"event: {{name: x, by: {{role: admin, share: {share}}}}}")) == said
        who = "who: {event: {name: x, by: self}}"
        assert verdict(ask(f"people: {{role: admin, {who}, share: {share}}}")) == said


def test_nobody_there_is_unknown(ask: Any, account: Account):
    assert verdict(ask("people: {role: admin}")) == "unknown"
    assert verdict(ask("event: {name: x, by: {role: admin}}")) == "unknown"


def test_facts_without_a_contact_count_for_nobody(ask: Any, account: Account):
    world.contact(account, "a")
    world.fact(account)
    assert verdict(ask("event: {name: x, by: {at_least: 1}}")) == "not_met"
    assert verdict(ask("event: {name: x}")) == "met"


def test_for_a_subscription_facts_of_its_product_or_none_count(ask: Any, account: Account):
    for product in ("aaa", "bbb"):
        world.subscription(account, product)
    world.fact(account, product="aaa")
    world.fact(account, name="y")
    of = ("--subject", "subscription")
    assert ask("event: {name: x}", *of)["matches"] == ["acme/aaa"]
    assert ask("event: {name: y}", *of)["matches"] == ["acme/aaa", "acme/bbb"]


def test_message_and_journey_outside_a_journey_need_its_key():
    assert refusal("message: {step: m, was: sent}").code == "bad_subject"
    assert refusal("journey: {status: in}").code == "bad_subject"
    parse_yaml("journey: {status: in}", subject="enrollment")


def test_trait_of_contact_needs_subject_contact():
    assert refusal("trait: {of: contact, name: t, eq: 1}").path == "trait.of"


# --- 11 as of T -----------------------------------------------------------------------------------
def test_as_of_asks_with_hindsight_and_as_known_with_what_had_been_received(
    ask: Any, account: Account
):
    world.fact(account, at=ago(days=5), received=ago(days=1))
    then = "2026-05-07T10:00:00+09:00"
    assert verdict(ask("event: {name: x}", as_of=then)) == "met"
    assert verdict(ask("event: {name: x}", "--as-known", then, as_of=then)) == "not_met"
    assert verdict(ask("event: {name: x}", "--as-known", NOW, as_of=then)) == "met"


def test_traits_stand_as_their_dated_changes_stood_at_t(ask: Any, account: Account):
    world.trait(account, "plan", "free", ago(days=10))
    world.trait(account, "plan", "pro", ago(days=1))
    pro = "trait: {of: account, name: plan, eq: pro}"
    assert verdict(ask(pro)) == "met"
    assert verdict(ask(pro, as_of="2026-05-08T10:00:00+09:00")) == "not_met"
    assert verdict(ask(pro, as_of="2026-04-01T10:00:00+09:00")) == "unknown"


# --- 12 stage, date -------------------------------------------------------------------------------
def staged(account: Account) -> Subscription:
    contract = world.subscription(account)
    world.move(contract, "trial", LONG_AGO)
    world.move(contract, "setup", ago(days=3), seq=2, came_from="trial")
    return contract


def test_was_includes_the_current_stage_and_any_of_the_subscriptions_counts(
    ask: Any, account: Account
):
    staged(account)
    for leaf, said in (("was: trial", "met"), ("was: setup", "met"), ("is: trial", "not_met"),
                       ("is: setup, product: aaa", "met"), ("is: setup, product: bbb", "not_met"),
                       ("is: setup, for_at_least: 3d", "met"),
                       ("is: setup, for_at_least: 4d", "not_met")):  # fmt: skip
        assert verdict(ask(f"stage: {{{leaf}}}")) == said, leaf


@pytest.mark.parametrize(
    ("leaf", "value", "said"),
    [("before: 90d", "2026-05-12", "met"), ("before: 90d", "2026-05-11", "not_met"),
     ("before: 90d", "2026-08-10", "not_met"), ("before: 90d", "2026-08-09", "met"),
     ("after: 30d", "2026-04-11", "met"), ("after: 30d", "2026-04-12", "not_met"),
     ("between: [-90d, -60d]", "2026-08-09", "met"), ("between: [-90d, -60d]", "2026-07-10", "not_met"),
     ("before: 90d", "soon", "unknown"), ("before: 90d", None, "unknown")],
)  # fmt: skip
def test_date_is_relative_to_a_date_trait(
    ask: Any, account: Account, leaf: str, value: Any, said: str
):
    world.trait(world.subscription(account), "renewal_on", value)
    assert verdict(ask(f"date: {{of: subscription, name: renewal_on, {leaf}}}")) == said


# --- the other heads ------------------------------------------------------------------------------
def test_sum_then_compares_the_sum_of_a_number_property(ask: Any, account: Account):
    for amount in (0.1, 0.2):
        world.fact(account, amount=amount)
    assert verdict(ask("event: {name: x, sum: amount, count: {eq: 0.3}}")) == "met"


def test_every_month_in_a_row_holds_in_each_of_the_last_full_periods(ask: Any, account: Account):
    for month in (2, 3, 4):
        world.fact(account, at=tokyo(f"2026-0{month}-15T12:00:00"))
    assert verdict(ask("event: {name: x, every: month, in_a_row: 3}")) == "met"
    assert verdict(ask("event: {name: x, every: month, in_a_row: 4}")) == "not_met"


def test_ratio_is_unknown_when_the_lower_one_is_0_or_missing(ask: Any, account: Account):
    ratio = "ratio: {of: {event: {name: x}}, to: {trait: {of: account, name: seats}}, gte: 0.8}"
    world.fact(account)
    assert verdict(ask(ratio)) == "unknown"
    world.trait(account, "seats", 0)
    assert verdict(ask(ratio)) == "unknown"
    world.trait(account, "seats", 1, ago(days=1))
    assert verdict(ask(ratio)) == "met"


def test_signal_is_reserved_now():
    assert refusal("signal: {kind: setup-overdue, is: open}").code == "not_available"


# --- 13 names, 15 explain -------------------------------------------------------------------------
def test_unseen_names_are_accepted_with_a_warning(ask: Any, account: Account):
    found = ask("any: [{event: {name: never}}, {trait: {of: account, name: nothing, eq: 1}}]")
    assert len(found["warnings"]) == 2


@pytest.mark.parametrize(
    ("condition", "path", "allowed"),
    [("all: [{event: {name: x}}, {event: {name: x, count: {more: 1}}}]", "all[1].event.count.more",
      "gte"),
     ("evnt: {name: x}", "evnt", "event"), ("all: []", "all", ""), ("any: []", "any", ""),
     ("at_least: {n: 1, of: []}", "at_least.of", ""),
     ("at_least: {n: 2, of: [{event: {name: x}}]}", "at_least.n", ""),
     ("people: {share: 1.5}", "people.share", ""), ("event: {name: x, within: 0d}", "event.within", ""),
     ("event: {name: x, within: 3654d}", "event.within", "")],
)  # fmt: skip
def test_the_language_is_refused_with_the_path_and_the_allowed_words(
    condition: str, path: str, allowed: str
):
    refused = refusal(condition)
    assert refused.path == path
    assert not allowed or allowed in refused.allowed


def test_explain_gives_the_same_tree_with_what_was_found_and_wanted(ask: Any, account: Account):
    for days in range(1, 8):
        world.fact(account, at=ago(days=days))
    found = ask("all: [{event: {name: x, count: {gte: 9}, within: 14d}}]", "--explain", "acme")
    leaf = found["explain"]["children"][0]
    assert (leaf["verdict"], leaf["found"], leaf["wanted"]["count"]) == ("not_met", 7, {"gte": 9})
    assert (len(leaf["rows"]), leaf["count"], leaf["changes_at"]) == (5, 7, None)
    assert leaf["sentence"]
