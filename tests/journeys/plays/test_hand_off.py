"""What a person does: tasks of journeys, hand-offs, and the way back to the route (R83, R84)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journeys import conditions, engine, plays, publishing
from journeys.models import (
    Decision,
    Enrollment,
    Message,
    Play,
    PlayTask,
    Subscription,
    TraitChange,
    User,
)
from tests.cast import CONTRACT_DAY, at, contract, customer, happened
from tests.journeys.plays.world import CALL, USED, open_vendor, publish, tick

pytestmark = pytest.mark.django_db
State = PlayTask.State
HOLDING = {"id": "phone", "task": "call", "return_when": USED, "due": "3bd"}
LETTER = {"id": "after", "email": "again"}


@pytest.fixture(autouse=True)
def vendor() -> None:
    open_vendor()


@pytest.fixture
def takimoto() -> User:
    return User.objects.create_user("takimoto@vendor.example", last_name="滝本", is_staff=True)


def only_task() -> PlayTask:
    return PlayTask.objects.get()


def position(contact: Any) -> tuple[str, str]:
    """Where a contact stands in the journey: (step, what it waits for)."""
    e = Enrollment.objects.get(contact=contact, journey__key="help")
    return e.step_id, e.waiting_for


def test_a_task_without_a_return_condition_does_not_hold() -> None:
    publish({"id": "phone", "task": "call"}, LETTER)
    hana = customer("hana")

    tick("2026-05-11T09:30")

    assert position(hana) == ("after", "message")
    assert (only_task().holds, contract(hana).path) == (False, "on")


def test_a_task_says_who_why_by_when_and_what_is_missing() -> None:
    """R84: reason, history, play, channel and due in business days."""
    publish(HOLDING)
    hana = customer("hana")

    tick("2026-05-11T09:30")

    task = only_task()
    assert (task.account, task.contact, task.why) == (hana.account, hana, "人の手")
    assert task.text == {k: CALL[k] for k in ("name", "channel", "minutes", "guide", "roles")}
    assert task.due_on == date(2026, 5, 14)
    assert task.evidence == {"stage": "はじめ", "due_on": "2026-05-18", "missing": ["目標を決める"]}
    assert (task.cause, task.state, task.opened_at) == ("operation", "open", at("2026-05-11T09:30"))


def test_without_due_the_play_says_how_long_it_may_take() -> None:
    publish({"id": "phone", "task": "call"})
    customer("hana")
    tick("2026-05-11T09:30")
    assert only_task().due_on == date(2026, 5, 13)


def test_a_task_is_its_accounts_owners_else_the_journeys() -> None:
    owner = User.objects.create_user("owner@vendor.example", is_staff=True)
    ops = User.objects.create_user("ops@vendor.example", is_staff=True)
    aim = {"satisfaction": "s", "efficiency": "e", "kpi": "k", "owner": "ops@vendor.example"}
    publish({"id": "phone", "task": "call"}, aim=aim)
    hana = customer("hana", owner="owner@vendor.example")
    taro = customer("taro")

    tick("2026-05-11T09:30")

    owners = dict(PlayTask.objects.values_list("account_id", "owner_id"))
    assert owners == {hana.account_id: owner.pk, taro.account_id: ops.pk}


def test_r83_a_hand_off_takes_the_contract_off_the_route() -> None:
    """The trait on_path is kept by the product (contracts 1.14)."""
    publish(HOLDING, LETTER)
    hana = customer("hana")

    tick("2026-05-11T09:30")

    sub = contract(hana)
    assert (sub.path, sub.traits["on_path"]) == ("off", False)
    change = TraitChange.objects.get(of="subscription", subject_id=sub.pk, name="on_path")
    assert (change.value, change.occurred_at) == (False, at("2026-05-11T09:30"))
    assert position(hana) == ("phone", "task")


def test_r83_meanwhile_guidance_of_every_journey_waits_and_urgent_notices_pass() -> None:
    publish(HOLDING)
    hana = customer("hana")
    tick("2026-05-11T09:30")  # "welcome" has planned its letter for the slot

    tick("2026-05-11T10:00")
    letter = Message.objects.get(step_id="hello")
    assert (letter.state, letter.reason) == ("held", "on_hold")

    Message.objects.filter(pk=letter.pk).update(critical=True, due_at=at("2026-05-11T15:00"))
    tick("2026-05-11T15:00")
    letter.refresh_from_db()
    assert letter.state == "accepted"
    assert contract(hana).path == "off"


def test_r84_a_hand_off_ends_by_itself_and_the_journey_goes_on_at_the_next_step() -> None:
    publish(HOLDING, LETTER)
    hana = customer("hana")
    tick("2026-05-11T09:30")
    happened(hana, "app.used", at("2026-05-12T11:00"))

    tick("2026-05-12T11:05")

    task, sub = only_task(), contract(hana)
    assert (task.state, task.closed_at, task.closed_by) == (
        State.RETURNED,
        at("2026-05-12T11:05"),
        None,
    )
    assert (sub.path, sub.traits["on_path"]) == ("on", True)

    tick("2026-05-12T11:06")
    assert position(hana) == ("after", "message")


def test_r84_done_by_a_person_leads_back_too(takimoto: User) -> None:
    publish(HOLDING, LETTER)
    hana = customer("hana")
    tick("2026-05-11T09:30")

    plays.start(only_task(), at("2026-05-11T13:00"), takimoto)
    plays.finish(only_task(), at("2026-05-11T13:20"), takimoto, minutes=12, note="7/10 15:00")

    task = only_task()
    assert (task.state, task.closed_by, task.owner) == (State.DONE, takimoto, takimoto)
    assert (task.outcome, task.minutes_spent, task.note) == ("reached", 12, "7/10 15:00")
    assert contract(hana).path == "on"
    tick("2026-05-11T13:21")
    assert position(hana) == ("after", "message")


def test_r84_what_was_said_before_is_not_said_again() -> None:
    publish({"id": "before", "email": "hello"}, HOLDING, LETTER, topic="contract")
    hana = customer("hana")
    tick("2026-05-11T09:30")
    tick("2026-05-11T10:00", times=2)
    happened(hana, "app.used", at("2026-05-12T11:00"))
    tick("2026-05-12T11:05", times=2)

    mine = Message.objects.filter(contact=hana, journey_key="help").order_by("pk")
    assert list(mine.values_list("step_id", flat=True)) == ["before", "after"]


def test_one_of_two_hand_offs_that_ends_leaves_the_contract_with_a_person(takimoto: User) -> None:
    publish(HOLDING)
    hana = customer("hana")
    tick("2026-05-11T09:30")
    plays.hand_off(
        subscription=contract(hana), play=Play.objects.get(key="review"), now=at("2026-05-11T10:00"),
        why="相談したい", return_when={"event": {"name": "goal.set"}}, by=takimoto,
    )  # fmt: skip

    plays.finish(PlayTask.objects.get(play__key="call"), at("2026-05-11T11:00"), takimoto)
    assert contract(hana).path == "off"
    happened(hana, "goal.set", at("2026-05-11T11:30"))
    tick("2026-05-11T12:00")
    assert contract(hana).path == "on"


def test_r83_a_colleagues_choice_needs_a_reason_and_a_return_condition(takimoto: User) -> None:
    hana = customer("hana")
    tick("2026-05-11T09:30")
    call = Play.objects.get(key="call")
    with pytest.raises(ValueError, match="理由"):
        plays.hand_off(
            subscription=contract(hana), play=call, now=CONTRACT_DAY, why=" ", return_when=USED
        )
    with pytest.raises(conditions.ConditionError, match="evnt"):
        plays.hand_off(
            subscription=contract(hana), play=call, now=CONTRACT_DAY, why="相談",
            return_when={"evnt": {}},
        )  # fmt: skip
    assert PlayTask.objects.count() == 0


def test_a_contract_that_ends_cancels_its_tasks() -> None:
    publish(HOLDING)
    hana = customer("hana")
    tick("2026-05-11T09:30")
    Subscription.objects.filter(account=hana.account).update(ended_at=at("2026-05-11T12:00"))

    tick("2026-05-11T12:01")

    assert only_task().state == State.CANCELLED
    assert "contract_ended" in Decision.objects.values_list("reason", flat=True)


def test_whoever_is_held_out_gets_no_task() -> None:
    publish(HOLDING, {"id": "rest", "wait": "5bd"}, holdout=99.9)
    hana = customer("hana")
    tick("2026-05-11T09:30")
    assert (PlayTask.objects.count(), contract(hana).path) == (0, "on")
    assert Decision.objects.get(step_id="phone").reason == "holdout"


def test_each_turn_of_a_task_is_in_the_ledger(takimoto: User) -> None:
    publish(HOLDING)
    customer("hana")
    tick("2026-05-11T09:30")
    plays.finish(only_task(), at("2026-05-11T13:20"), takimoto)

    rows = Decision.objects.filter(step_id="phone").order_by("pk")
    assert list(rows.values_list("verdict", "reason", "rule")) == [
        ("tasked", "step_reached", "電話"),
        ("done", "by_hand", "電話"),
    ]
    assert rows[1].evidence["by"] == "滝本"


def test_i17_a_task_begins_once_however_often_the_engine_looks() -> None:
    publish(HOLDING)
    customer("hana")
    for minute in range(3):
        tick(f"2026-05-11T09:3{minute}")
    assert PlayTask.objects.count() == 1


def test_a_task_that_ended_does_not_end_again(takimoto: User) -> None:
    publish(HOLDING)
    customer("hana")
    tick("2026-05-11T09:30")
    task = only_task()
    plays.finish(task, at("2026-05-11T13:20"), takimoto)
    for again in (plays.start, plays.finish, plays.cancel):
        with pytest.raises(plays.AlreadyClosed):
            again(task, at("2026-05-11T14:00"), takimoto)


def test_a_play_nobody_knows_is_refused_at_publishing() -> None:
    with pytest.raises(publishing.PublishRefused, match="nobody"):
        publish({"id": "phone", "task": "nobody"})


def test_a_plays_text_changes_for_tasks_to_come_only() -> None:
    publish({"id": "phone", "task": "call"})
    customer("hana")
    tick("2026-05-11T09:30")

    play, changed = plays.publish(CALL | {"name": "電話する"})
    _same, again = plays.publish(plays.document(play))

    assert (changed, again, play.number) == (True, False, 2)
    assert (only_task().text["name"], only_task().play_number) == ("電話", 1)


@pytest.mark.parametrize("beat", ["open", "settle"])
def test_statements_are_constant_whatever_the_number(beat: str) -> None:
    """Sets, not loops: the same at 1, 3 and 30 customers."""
    publish(HOLDING)
    counts = []
    for n, many in enumerate((1, 3, 30)):
        day = f"2026-05-1{n + 1}"
        people = [customer(f"c{n}{i:03}", at(f"{day}T09:00")) for i in range(many)]
        engine.tick(at(f"{day}T09:10"))  # entered
        with CaptureQueriesContext(connection) as seen:
            plays.settle(at(f"{day}T09:10"))
        if beat == "settle":
            for one in people:
                happened(one, "app.used", at(f"{day}T09:20"))
            with CaptureQueriesContext(connection) as seen:
                assert plays.settle(at(f"{day}T09:30")) == many
        else:
            openings = [
                plays.Opening(key=f"t/{one.uid}", play="call", account_id=one.account_id or 0,
                              subscription_id=contract(one).pk, return_when=USED)
                for one in people
            ]  # fmt: skip
            PlayTask.objects.all().delete()
            Subscription.objects.update(path="on")
            with CaptureQueriesContext(connection) as seen:
                assert plays.open_tasks(openings, at(f"{day}T09:40")) == many
        counts.append(len(seen))
    assert counts == counts[:1] * 3


def test_r84_nobody_is_asked_for_what_is_true_already() -> None:
    publish(HOLDING, LETTER)
    hana = customer("hana")
    happened(hana, "app.used", at("2026-05-11T09:05"))

    tick("2026-05-11T09:30")

    assert (PlayTask.objects.count(), position(hana)) == (0, ("after", "message"))
    assert Decision.objects.get(step_id="phone").reason == "already_done"


def test_a_journey_about_no_contract_waits_itself_and_holds_nothing_else() -> None:
    entry = {"when": {"trait": {"of": "account", "name": "name", "is_set": True}}}
    publish(HOLDING, {"id": "rest", "wait": "5bd"}, product=None, entry=entry)
    hana = customer("hana")
    tick("2026-05-11T09:30")
    assert (position(hana), contract(hana).path) == (("phone", "task"), "on")

    happened(hana, "app.used", at("2026-05-11T10:00"))
    tick("2026-05-11T10:05", times=2)
    assert position(hana) == ("rest", "time")


def test_a_hand_off_outlives_its_journey_until_it_ends_itself() -> None:
    """The person is still with the customer: automation does not talk over them."""
    publish(HOLDING, goal={"event": {"name": "goal.set"}})
    hana = customer("hana")
    tick("2026-05-11T09:30")
    happened(hana, "goal.set", at("2026-05-11T10:00"))
    tick("2026-05-11T10:05")
    assert (only_task().state, contract(hana).path) == (State.OPEN, "off")

    happened(hana, "app.used", at("2026-05-11T11:00"))
    tick("2026-05-11T11:05")
    assert (only_task().state, contract(hana).path) == (State.RETURNED, "on")
