"""A question has a moment and a knowledge: as of T, and with what was received by T (1.11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from journeys.conditions import CONTACT
from tests.journeys.conditions import world
from tests.journeys.conditions.world import NOW, ago, asked, verdict

pytestmark = pytest.mark.django_db
M, N, U = "met", "not_met", "unknown"
X: Any = {"event": {"name": "x"}}


def plan(**operators: Any) -> Any:
    return {"trait": {"of": "account", "name": "plan"} | operators}


def test_a_fact_counts_from_when_it_happened_and_as_known_from_when_it_came():
    account = world.account()
    world.fact(account, at=ago(days=5), received=ago(days=2))
    assert verdict(X, account, asked(ago(days=5))) == M
    assert verdict(X, account, asked(ago(days=5, seconds=1))) == N
    assert verdict(X, account, asked(known_at=ago(days=2))) == M
    assert verdict(X, account, asked(known_at=ago(days=2, seconds=1))) == N
    assert verdict(X, account, asked(ago(days=5), known_at=ago(days=3))) == N


def test_a_trait_is_what_it_was():
    account = world.account()
    world.trait(account, "plan", "free", at=ago(days=9))
    world.trait(account, "plan", "pro", at=ago(days=5))
    world.trait(account, "plan", None, at=ago(days=1))
    stood = {10: U, 9: N, 5: M, 2: M, 1: U, 0: U}
    for days, expected in stood.items():
        assert verdict(plan(eq="pro"), account, asked(ago(days=days))) == expected
    assert verdict(plan(is_set=True), account, asked(ago(days=10))) == N
    assert verdict(plan(is_set=False), account) == M


def test_a_value_that_happened_earlier_but_came_later_does_not_win():
    account = world.account()
    world.trait(account, "plan", "pro", at=ago(days=3), received=ago(days=3))
    world.trait(account, "plan", "free", at=ago(days=5), received=ago(days=1))
    assert verdict(plan(eq="pro"), account) == M
    assert verdict(plan(eq="free"), account, asked(ago(days=4))) == M
    assert verdict(plan(eq="free"), account, asked(ago(days=4), known_at=ago(days=2))) == U


def test_of_two_values_of_one_moment_the_later_word_wins():
    account = world.account()
    world.trait(account, "plan", "free", at=ago(days=3))
    world.trait(account, "plan", "pro", at=ago(days=3))
    assert verdict(plan(eq="pro"), account) == M


def test_the_caches_on_the_nouns_are_not_read():
    account = world.account()
    account.traits = {"plan": "pro"}
    account.save(update_fields=["traits"])
    assert verdict(plan(eq="pro"), account) == U


def test_nouns_do_not_lend_each_other_their_traits():
    account = world.account()
    one = world.contact(account)
    world.trait(one, "plan", "pro")
    of_contact = {"trait": {"of": "contact", "name": "plan", "eq": "pro"}}
    assert verdict(plan(eq="pro"), one, subject=CONTACT) == U
    assert verdict(of_contact, one, subject=CONTACT) == M
    assert one.pk == account.pk or verdict(plan(eq="pro"), account) == U


def test_a_window_ends_at_the_moment_asked_about():
    account = world.account()
    world.fact(account, at=ago(days=5))
    raw = {"event": {"name": "x", "within": "3d"}}
    for days, expected in ((0, N), (2, N), (2.5, M), (5, M), (5.1, N)):
        assert verdict(raw, account, asked(ago(days=days))) == expected


def test_tenure_is_that_of_the_moment_asked_about():
    account = world.account(known_since=ago(days=20))
    raw = {"event": {"name": "x", "count": {"eq": 0}, "within": "14d"}}
    for days, expected in ((0, M), (6, M), (7, U), (30, U)):
        assert verdict(raw, account, asked(ago(days=days))) == expected


def test_at_the_ends_of_time_nothing_raises():
    account = world.account()
    raw = {
        "all": [
            {"event": {"name": "x", "within": "3650d"}},
            {"event": {"name": "x", "within": "99bd"}},
        ]
    }
    for year in (1900, 2099):
        assert verdict(raw, account, asked(NOW.replace(year=year))) in (N, U)
    assert verdict(X, account, asked(NOW + timedelta(days=40_000))) == N
