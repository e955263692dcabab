"""Asking inside a journey: about an enrollment, and about who might come in."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import F

from journeys.conditions import ENROLLMENT, Subject, compile, parse, since
from journeys.models import (
    Account,
    Contact,
    Enrollment,
    Journey,
    JourneyVersion,
    Subscription,
)
from tests.journeys.conditions import world
from tests.journeys.conditions.world import ago, asked, verdict

pytestmark = pytest.mark.django_db
M, N, U = "met", "not_met", "unknown"


def event(**more: Any) -> Any:
    return {"event": {"name": "x"} | more}


def enrolled(account: Account, who: Contact | None, about: Subscription | None) -> Enrollment:
    journey, _new = Journey.objects.get_or_create(key="j", name="J")
    version, _new = JourneyVersion.objects.get_or_create(
        journey=journey, number=1, status="published", document={}, document_hash="", program={}
    )
    return Enrollment.objects.create(
        journey=journey, version=version, account=account, contact=who, subscription=about,
        subject_key=f"{who}/{about}", bucket=0.5, step_at=ago(days=4), entered_at=ago(days=4),
    )  # fmt: skip


@pytest.fixture
def account() -> Account:
    return world.account()


def says(raw: Any, of: Enrollment) -> str:
    return verdict(raw, of, subject=ENROLLMENT)


def test_by_self_is_the_contacts_own_and_otherwise_the_accounts(account: Account):
    one = world.contact(account)
    mine = enrolled(account, one, None)
    world.fact(account)
    assert [says(event(), mine), says(event(by="self"), mine)] == [M, N]
    world.fact(by=one)
    assert says(event(by="self"), mine) == M


def test_an_accounts_own_enrollment_has_no_contact(account: Account):
    ours = enrolled(account, None, None)
    world.fact(by=world.contact(account))
    trait = {"trait": {"of": "contact", "name": "t", "is_set": True}}
    assert [says(event(), ours), says(event(by="self"), ours)] == [M, N]
    assert says(trait, ours) == N
    assert says({"not": event(name="y", within="3d")}, ours) == M


def test_it_asks_about_its_own_contract(account: Account):
    aaa, bbb = world.subscription(account, "aaa"), world.subscription(account, "bbb")
    world.move(aaa, "one", ago(days=9))
    world.move(bbb, "two", ago(days=3))
    world.trait(bbb, "goals.count", 2)
    world.fact(account, product="bbb", at=ago(days=2))
    one = world.contact(account)
    of_aaa, of_bbb, of_none = (enrolled(account, one, s) for s in (aaa, bbb, None))
    goals = {"trait": {"of": "subscription", "name": "goals.count", "gte": 1}}
    asked_of = (of_aaa, of_bbb, of_none)
    assert [says({"stage": {"is": "two"}}, e) for e in asked_of] == [N, M, M]
    assert [says(event(), e) for e in asked_of] == [N, M, M]
    assert [says(event(within="stage"), e) for e in asked_of] == [N, M, N]
    assert [says(goals, e) for e in asked_of] == [U, M, M]


def test_within_enrollment_begins_on_entering(account: Account):
    mine = enrolled(account, world.contact(account), None)
    world.fact(account, at=ago(days=5))
    assert says(event(within="enrollment"), mine) == N
    world.fact(account, at=ago(days=3))
    assert says(event(within="enrollment"), mine) == M
    people = {"people": {"who": event(within="enrollment")}}
    assert says(people, mine) == M


def test_tenure_is_the_contacts_or_else_the_accounts(account: Account):
    young = world.contact(account, known_since=ago(days=2))
    absent = event(name="y", count={"eq": 0}, within="1w")
    assert says(absent, enrolled(account, young, None)) == U
    assert says(absent, enrolled(account, None, None)) == M


def test_a_candidate_is_asked_about_with_the_contract_it_would_come_in_for(account: Account):
    aaa, bbb = world.subscription(account, "aaa"), world.subscription(account, "bbb")
    world.move(aaa, "one", ago(days=9))
    world.fact(by=world.contact(account), product="bbb")
    candidate = Subject(kind="contact", account="account_id", contact="pk", subscription="sub")
    raw = {"all": [event(by="self"), {"not": {"stage": {"is": "one"}}}]}
    for contract, number in ((aaa, 0), (bbb, 1)):
        rows = Contact.objects.annotate(sub=F("id") * 0 + contract.pk)
        met = compile(parse(raw, subject="enrollment"), True, asked(), candidate)
        assert rows.filter(met).count() == number


def test_a_condition_may_meet_a_locked_claim_and_an_update(account: Account):
    world.fact(account)
    mine = enrolled(account, world.contact(account), world.subscription(account))
    met = compile(parse(event()), True, asked(), ENROLLMENT)
    assert list(Enrollment.objects.select_for_update().filter(met)) == [mine]
    assert Enrollment.objects.filter(met).update(waiting_for="x") == 1
    assert since(parse(event()), [mine.pk], asked(), ENROLLMENT) == {mine.pk: ago(hours=1)}
