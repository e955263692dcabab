"""What became of messages, and where somebody stands with a journey (contracts 1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from journeys.conditions import CONTACT, ENROLLMENT, SUBSCRIPTION, explain, parse
from journeys.conditions.errors import ConditionError
from journeys.models import Account, Click, Contact, Enrollment, Link, Message
from tests.journeys.conditions import world
from tests.journeys.conditions.test_enrollments import enrolled
from tests.journeys.conditions.world import NOW, ago, asked, verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    return world.account()


@pytest.fixture
def one(account: Account) -> Contact:
    return world.contact(account)


def message(
    to: Contact, state: str, at: datetime = NOW - timedelta(days=2), **more: Any
) -> Message:
    known = {
        "key": str(Message.objects.count()), "channel": "email", "account_id": to.account_id,
        "contact": to, "person_id": to.person_id, "journey_key": "j1", "step_id": "m03",
        "category": "guidance", "state": state, "planned_at": at, "due_at": at, "handed_at": at,
        "settled_at": at,
    }  # fmt: skip
    return Message.objects.create(**(known | more))


def click(of: Message, at: datetime) -> None:
    link = Link.objects.create(message=of, position=of.links.count(), target="home")
    Click.objects.create(link=link, message_id=of.pk, at=at)


def was(word: str, **more: Any) -> Any:
    return {"message": {"journey": "j1", "step": "m03", "was": word} | more}


WORDS = ("sent", "delivered", "clicked", "answered", "dismissed", "bounced")


@pytest.mark.parametrize(
    ("state", "met"),
    [("planned", ()), ("handed", ()), ("uncertain", ()), ("skipped", ()), ("accepted", ("sent",)),
     ("delivered", ("sent", "delivered")), ("failed", ("bounced",))],
)  # fmt: skip
def test_sent_is_accepted_or_delivered(one: Contact, state: str, met: tuple[str, ...]):
    message(one, state, reason="refused")
    assert tuple(w for w in WORDS if verdict(was(w), one, subject=CONTACT) == "met") == met


@pytest.mark.parametrize(
    ("state", "met"),
    [("shown", ("sent", "delivered")), ("clicked", ("sent", "delivered", "clicked")),
     ("dismissed", ("sent", "delivered", "dismissed"))],
)  # fmt: skip
def test_a_nudge_is_sent_when_it_was_visible(one: Contact, state: str, met: tuple[str, ...]):
    at = ago(days=2)
    message(one, state, channel="nudge", handed_at=None, shown_at=at, answered_at=at)
    assert tuple(w for w in WORDS if verdict(was(w), one, subject=CONTACT) == "met") == met


def test_a_click_counts_inside_its_window(one: Contact):
    click(message(one, "accepted"), ago(days=4))
    assert verdict(was("clicked", within="4d"), one, subject=CONTACT) == "not_met"
    assert verdict(was("clicked", within="5d"), one, subject=CONTACT) == "met"


def test_an_answer_is_the_fact_of_the_same_step(one: Contact):
    message(one, "accepted")
    world.fact(by=one, name="message.answered", step="m04", at=ago(days=1))
    assert verdict(was("answered"), one, subject=CONTACT) == "not_met"
    world.fact(by=one, name="message.answered", step="m03", at=ago(days=1))
    assert verdict(was("answered"), one, subject=CONTACT) == "met"


def test_for_an_account_or_contract_any_of_the_contacts_counts(account: Account, one: Contact):
    other = world.contact(account, "other")
    aaa, bbb = world.subscription(account, "aaa"), world.subscription(account, "bbb")
    message(one, "accepted", subscription_id=aaa.pk)
    assert verdict(was("sent"), account) == "met"
    assert verdict(was("sent"), other, subject=CONTACT) == "not_met"
    assert [verdict(was("sent"), s, subject=SUBSCRIPTION) for s in (aaa, bbb)] == ["met", "not_met"]


def test_messages_are_asked_as_of_and_as_known(one: Contact):
    message(one, "accepted", settled_at=ago(days=1))
    assert verdict(was("sent"), one, asked(ago(days=3)), CONTACT) == "not_met"
    assert verdict(was("sent"), one, asked(ago(days=1)), CONTACT) == "met"
    assert verdict(was("sent"), one, asked(known_at=ago(hours=30)), CONTACT) == "not_met"


def test_outside_a_journey_the_key_is_needed(account: Account, one: Contact):
    for raw in ({"message": {"step": "m03", "was": "sent"}}, {"journey": {"status": "in"}}):
        for kind in ("account", "contact", "subscription"):
            with pytest.raises(ConditionError) as refusal:
                parse(raw, subject=kind)
            assert refusal.value.code == "bad_subject"
        parse(raw, subject="enrollment")


def test_inside_a_journey_its_own_run_is_meant(account: Account, one: Contact):
    mine = enrolled(account, one, None)
    raw = {"message": {"step": "m03", "was": "sent"}}
    message(one, "accepted")
    assert verdict(raw, mine, subject=ENROLLMENT) == "not_met"
    assert verdict(was("sent"), mine, subject=ENROLLMENT) == "met"
    message(one, "accepted", enrollment_id=mine.pk)
    assert verdict(raw, mine, subject=ENROLLMENT) == "met"
    assert verdict({"journey": {"status": "in"}}, mine, subject=ENROLLMENT) == "met"
    other = enrolled(account, world.contact(account, "other"), None)
    assert verdict(raw, other, subject=ENROLLMENT) == "not_met"


STATUSES = ("in", "finished", "goal", "left", "holdout")


@pytest.mark.parametrize("status", [*STATUSES, "out"])
def test_a_journey_is_in_one_of_its_statuses(account: Account, one: Contact, status: str):
    holdout = status == "holdout"
    row = enrolled(account, one, None)
    row.status, row.holdout = "in" if holdout else status, holdout
    row.left_at = None if status in ("in", "out", "holdout") else ago(days=1)
    row.save()
    found = [
        s for s in STATUSES
        if verdict({"journey": {"key": "j", "status": s}}, one, subject=CONTACT) == "met"
    ]  # fmt: skip
    assert found == {"out": [], "holdout": ["in", "holdout"]}.get(status, [status])
    assert verdict({"journey": {"key": "k", "status": "in"}}, one, subject=CONTACT) == "not_met"


def test_journeys_are_asked_as_of_and_as_known(account: Account, one: Contact):
    enrolled(account, one, None)
    Enrollment.objects.update(status="goal", left_at=ago(days=1))
    inside, goal = ({"journey": {"key": "j", "status": s}} for s in ("in", "goal"))
    for ask, said in (
        (asked(ago(days=5)), ["not_met", "not_met"]), (asked(ago(days=2)), ["met", "not_met"]),
        (asked(), ["not_met", "met"]), (asked(known_at=ago(days=2)), ["met", "not_met"]),
    ):  # fmt: skip
        assert [verdict(raw, account, ask) for raw in (inside, goal)] == said


def test_explain_shows_the_rows_and_when_the_window_closes(account: Account, one: Contact):
    click(message(one, "accepted"), ago(days=1))
    node = parse(was("clicked", within="4d"))
    found = explain(node, [one.pk], asked(), CONTACT)[one.pk]
    assert (found.verdict, found.found, found.count) == ("met", True, 1)
    assert found.rows[0] == {"at": ago(days=1), "journey": "j1", "step": "m03", "was": "clicked"}
    assert found.changes_at == NOW + timedelta(days=3)
