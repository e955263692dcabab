"""Quantifiers over an account's people: `by` and `people` (contracts 1.8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from journeys.conditions import CONTACT, SUBSCRIPTION
from journeys.models import Account, Contact
from tests.journeys.conditions import world
from tests.journeys.conditions.world import LONG_AGO, NOW, ago, asked, verdict

pytestmark = pytest.mark.django_db
M, N, U = "met", "not_met", "unknown"


def by(**who: Any) -> Any:
    return {"event": {"name": "x", "by": who}}


def people(**who: Any) -> Any:
    return {"people": {"who": {"event": {"name": "x", "by": "self"}}} | who}


def team(size: int, active: int, role: str = "admin") -> Account:
    account = world.account(f"{size}/{active}")
    for number in range(size):
        one = world.contact(account, f"{size}/{active}/{number}", roles=[role])
        if number < active:
            world.fact(by=one)
    return account


# of 5 people: who, how many are active, verdict
TABLE = [
    ({"share": 0.6}, 3, M), ({"share": 0.6}, 2, N), ({"share": 0.61}, 3, N), ({"share": 0}, 0, M),
    ({"share": 1}, 5, M), ({"share": 1}, 4, N), ({"every": True}, 5, M), ({"every": True}, 4, N),
    ({"at_least": 2}, 2, M), ({"at_least": 2}, 1, N), ({"role": "admin"}, 1, M),
    ({"role": "admin"}, 0, N), ({"role": "admin", "share": 0.6}, 3, M), ({"at_least": 6}, 5, N),
]  # fmt: skip


@pytest.mark.parametrize(("who", "active", "expected"), TABLE)
def test_a_share_is_exact_and_by_and_people_agree(who: Any, active: int, expected: str):
    account = team(5, active)
    for raw in (by(**who), people(**who)):
        assert verdict(raw, account) == expected
        assert verdict({"not": raw}, account) == {M: N, N: M}[expected]


def test_seven_tenths_of_ten_is_seven():
    """0.7 * 10 in floating point is more than 7."""
    assert verdict(by(share=0.7), team(10, 7)) == M
    assert verdict(by(share=0.29), team(100, 29)) == M


@pytest.mark.parametrize(
    "raw", [by(role="boss"), people(role="boss", every=True), {"people": {"role": "boss"}}]
)
def test_nobody_there_is_unknown(raw: Any):
    account = team(2, 2)
    assert verdict(raw, account) == U
    assert verdict({"not": raw}, account) == U


def test_people_without_a_question_counts_the_role():
    account = team(2, 0)
    assert verdict({"people": {"role": "admin", "at_least": 2}}, account) == M
    assert verdict({"people": {"role": "admin", "at_least": 3}}, account) == N
    assert verdict({"people": {"at_least": 2}}, account) == M


def test_facts_without_a_contact_and_of_other_accounts_count_for_nobody():
    account, other = team(2, 0), team(2, 2)
    world.fact(account)
    assert [verdict(by(at_least=1), a) for a in (account, other)] == [N, M]


def test_each_person_alone_must_meet_the_count():
    account = team(2, 2)
    raw = {"event": {"name": "x", "count": {"gte": 2}, "by": {"at_least": 1}}}
    assert verdict(raw, account) == N
    world.fact(by=Contact.objects.first())
    assert verdict(raw, account) == M


def test_who_has_left_or_come_later_does_not_count():
    account = team(2, 2)
    gone, late = world.contact(account, "gone"), world.contact(account, "late")
    gone.memberships.update(to_at=ago(days=2), ended_received_at=ago(days=2))
    late.memberships.update(from_at=NOW + timedelta(hours=1))
    assert verdict(people(every=True), account) == M
    assert verdict(people(every=True), account, asked(ago(days=3))) == N
    assert verdict({"people": {"at_least": 4}}, account, asked(NOW + timedelta(hours=2))) == N


def test_a_role_counts_while_it_is_held():
    account = world.account()
    one = world.contact(account, roles=["admin"])
    one.memberships.filter(role="admin").update(to_at=ago(days=2), ended_received_at=ago(days=1))
    raw = {"people": {"role": "admin"}}
    assert verdict(raw, account) == U
    assert verdict(raw, account, asked(ago(days=3))) == M
    # as was known before its end was heard of
    assert verdict(raw, account, asked(NOW, known_at=ago(days=1, hours=1))) == M
    assert verdict(raw, account, asked(NOW, known_at=ago(days=1))) == U


def test_two_stays_of_one_person_are_one_person():
    account = world.account()
    one = world.contact(account)
    world.member(one, since=LONG_AGO + timedelta(days=1))
    assert verdict({"people": {"at_least": 2}}, account) == N


def test_a_person_for_whom_it_is_unknown_does_not_meet():
    account = world.account()
    one, _other = world.contact(account, "1"), world.contact(account, "2")
    world.trait(one, "trained", True)
    who = {"trait": {"of": "contact", "name": "trained", "eq": True}}
    assert verdict({"people": {"who": who, "share": 0.5}}, account) == M
    assert verdict({"people": {"who": who, "every": True}}, account) == N
    # for the other it is unknown either way
    assert verdict({"people": {"who": {"not": who}}}, account) == N


def test_who_may_be_a_tree_and_asks_as_of_the_same_moment():
    account = world.account()
    one = world.contact(account, roles=["approver"])
    world.trait(one, "trained", True, at=ago(days=2))
    world.fact(by=one, at=ago(days=3))
    who = {"all": [{"trait": {"of": "contact", "name": "trained", "eq": True}},
                   {"not": {"event": {"name": "y", "by": "self"}}}]}  # fmt: skip
    raw = {"people": {"role": "approver", "who": who, "every": True}}
    assert verdict(raw, account) == M
    assert verdict(raw, account, asked(ago(days=2, hours=1))) == N


def test_a_contacts_account_is_asked_through_people_too():
    account = team(5, 3)
    one = account.contacts.first()
    assert verdict(people(share=0.6), one, subject=CONTACT) == M


def test_people_of_a_subscription_count_its_products_facts():
    account = world.account()
    contract = world.subscription(account, "aaa")
    one = world.contact(account)
    world.fact(by=one, product="bbb")
    for raw in (by(at_least=1), people(at_least=1)):
        assert verdict(raw, contract, subject=SUBSCRIPTION) == N
        assert verdict(raw, account) == M


def test_an_absence_of_each_person_asks_for_tenure():
    young = world.account(known_since=ago(days=3))
    world.contact(young)
    raw = {"event": {"name": "x", "count": {"eq": 0}, "within": "14d", "by": {"every": True}}}
    assert verdict(raw, young) == U
    world.fact(by=young.contacts.first())
    assert verdict(raw, young) == N
