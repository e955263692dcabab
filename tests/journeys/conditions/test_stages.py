"""`stage` (contracts 1.12) and traits of subscriptions."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.conditions import CONTACT, SUBSCRIPTION
from journeys.models import Subscription
from tests.journeys.conditions import world
from tests.journeys.conditions.world import ago, asked, verdict

pytestmark = pytest.mark.django_db
M, N, U = "met", "not_met", "unknown"


@pytest.fixture
def contract() -> Subscription:
    """Nine days in stage one, then (since four days) in stage two."""
    made = world.subscription(world.account())
    world.move(made, "one", ago(days=9), seq=1)
    world.move(made, "two", ago(days=4), seq=2, came_from="one")
    return made


# question, verdict
TABLE = [
    ({"is": "two"}, M), ({"is": "one"}, N), ({"was": "one"}, M), ({"was": "two"}, M),
    ({"was": "three"}, N), ({"is": "two", "for_at_least": "4d"}, M),
    ({"is": "two", "for_at_least": "5d"}, N), ({"is": "one", "for_at_least": "1d"}, N),
    ({"is": "two", "product": "aaa"}, M), ({"is": "two", "product": "bbb"}, N),
    # Thursday 7 May 10:00 was one business day before Friday's, two before Monday's
    ({"is": "two", "for_at_least": "2bd"}, M), ({"is": "two", "for_at_least": "3bd"}, N),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), TABLE)
def test_a_stage_is_always_met_or_not_met(question: Any, expected: str, contract: Subscription):
    swapped = {M: N, N: M}[expected]
    assert verdict({"stage": question}, contract, subject=SUBSCRIPTION) == expected
    assert verdict({"not": {"stage": question}}, contract, subject=SUBSCRIPTION) == swapped
    assert verdict({"stage": question}, contract.account) == expected


def test_no_stage_is_not_this_stage():
    contract = world.subscription(world.account())
    for question in ({"is": "one"}, {"was": "one"}):
        assert verdict({"stage": question}, contract, subject=SUBSCRIPTION) == N
        assert verdict({"not": {"stage": question}}, contract, subject=SUBSCRIPTION) == M
        assert verdict({"stage": question}, world.account(str(question))) == N


def test_an_account_and_its_contacts_ask_any_of_its_live_contracts(contract: Subscription):
    account = contract.account
    one = world.contact(account)
    other = world.subscription(account, "bbb")
    world.move(other, "three", ago(days=3))
    assert verdict({"stage": {"is": "three"}}, account) == M
    assert verdict({"stage": {"is": "two"}}, one, subject=CONTACT) == M
    Subscription.objects.filter(pk=other.pk).update(ended_at=ago(days=1))
    assert verdict({"stage": {"is": "three"}}, account) == N
    assert verdict({"stage": {"is": "three"}}, account, asked(ago(days=2))) == M
    assert verdict({"stage": {"is": "three"}}, other, subject=SUBSCRIPTION) == M


def test_as_of_a_moment_the_stage_is_the_one_in_effect(contract: Subscription):
    for days, stage in ((10, None), (9, "one"), (5, "one"), (4, "two")):
        ask = asked(ago(days=days))
        for key in ("one", "two"):
            expected = M if key == stage else N
            assert verdict({"stage": {"is": key}}, contract, ask, SUBSCRIPTION) == expected


def test_a_correction_moves_the_entry_back_once_it_is_known(contract: Subscription):
    world.move(
        contract, "two", ago(days=6), seq=2, came_from="one", decided=ago(days=1), corrects=2
    )
    longer = {"stage": {"is": "two", "for_at_least": "6d"}}
    assert verdict(longer, contract, subject=SUBSCRIPTION) == M
    assert verdict({"stage": {"is": "two"}}, contract, asked(ago(days=5)), SUBSCRIPTION) == M
    known = asked(known_at=ago(days=2))
    assert verdict(longer, contract, known, SUBSCRIPTION) == N


def test_a_move_back_by_hand_is_the_newest_one(contract: Subscription):
    world.move(contract, "one", ago(days=1), seq=3, came_from="two")
    assert verdict({"stage": {"is": "one"}}, contract, subject=SUBSCRIPTION) == M
    assert verdict({"stage": {"was": "two"}}, contract, subject=SUBSCRIPTION) == M
    longer = {"stage": {"is": "one", "for_at_least": "2d"}}
    assert verdict(longer, contract, subject=SUBSCRIPTION) == N


def goals(**operators: Any) -> Any:
    return {"trait": {"of": "subscription", "name": "goals.count"} | operators}


def test_a_subscriptions_trait_is_its_own(contract: Subscription):
    world.trait(contract, "goals.count", 2)
    assert verdict(goals(gte=1), contract, subject=SUBSCRIPTION) == M
    assert verdict(goals(gte=3), contract, subject=SUBSCRIPTION) == N
    assert verdict(goals(eq="2"), contract, subject=SUBSCRIPTION) == U


def test_an_account_asks_any_of_its_contracts_for_their_trait(contract: Subscription):
    account = contract.account
    world.trait(contract, "goals.count", 2)
    assert [verdict(goals(**q), account) for q in ({"eq": 2}, {"eq": 3})] == [M, N]
    world.subscription(account, "bbb")  # of which nothing is known
    assert [verdict(goals(**q), account) for q in ({"eq": 2}, {"eq": 3})] == [M, U]
    assert verdict(goals(is_set=False), account) == M
    assert verdict(goals(is_set=False), world.account("none")) == U
