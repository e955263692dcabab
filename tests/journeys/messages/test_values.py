"""What merge fields stand for: read from rows, in the reader's words, in a fixed number of SELECTs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journeys.messages import values
from journeys.models import Event, ExitCriterion, Goal, Message, Stage, Subscription
from tests.journeys.messages import world
from tests.journeys.messages.world import NOW

pytestmark = pytest.mark.django_db


def of(message: Message, now: datetime = NOW) -> dict[str, Any]:
    return values.values_of([message], now)[message.pk]


def test_the_fields_of_a_contact_with_owner_and_contract() -> None:
    assert of(world.message()) == {
        "account_name": "株式会社みなと製菓",
        "department": "管理部",
        "title": "主任",
        "person_name": "岡野 里美",
        "owner_name": "滝本 航",
        "owner_phone": "03-0000-0000",
        "owner_hours": "平日 9–18時",
        "stage_name": "準備",
        "stage_due": "5月18日（月）",
        "stage_days_left": 5,
        "onboarding_due": "5月18日（月）",
        "remaining_count": 0,
        "remaining_list": [],
    }


def test_dates_are_written_for_the_reader_and_name_another_year() -> None:
    message = world.message(world.customer(locale="en-US"))
    Subscription.objects.update(stage_due_on=date(2027, 1, 4))

    assert of(message)["stage_due"] == "Mon 4 January 2027"


def test_an_overdue_stage_reads_as_no_days_left() -> None:
    assert of(world.message(), NOW + timedelta(days=30))["stage_days_left"] == 0


def test_the_goal_that_holds_is_the_newest_one() -> None:
    message = world.message()
    goal: dict[str, Any] = {"metric": "締め日数", "unit": "日", "agreed_at": NOW}
    subscription = Subscription.objects.get()
    Goal.objects.create(subscription=subscription, baseline=9, target=6, replaced_at=NOW, **goal)
    Goal.objects.create(
        subscription=subscription, baseline=Decimal("8.00"), target=Decimal("4.50"), **goal
    )

    assert (of(message)["goal_before"], of(message)["goal_after"]) == ("8日", "4.5日")


def test_what_remains_is_judged_as_the_next_tick_would() -> None:
    message = world.message()
    stage = Stage.objects.get()
    for position, name in enumerate(("goal.set", "user.signed_in")):
        ExitCriterion.objects.create(
            stage=stage, position=position, key=name, label=f"{name}をする",
            condition={"event": {"name": name, "by": "account"}},
        )  # fmt: skip
    assert of(message)["remaining_list"] == ["goal.setをする", "user.signed_inをする"]

    Event.objects.create(
        account_id=message.account_id, name="goal.set", occurred_at=NOW, received_at=NOW
    )

    assert of(message)["remaining_list"] == ["user.signed_inをする"]
    assert of(message)["remaining_count"] == 1


def test_where_nobody_owns_the_account_the_sender_speaks() -> None:
    message = world.message()
    assert message.contact is not None
    assert message.contact.account is not None
    message.contact.account.owner = None
    message.contact.account.save(update_fields=["owner"])

    assert of(message)["owner_name"] == "水沢 真帆"


@pytest.fixture
def registered() -> Iterator[None]:
    def lessons(contacts: Collection[int], now: datetime) -> Mapping[int, Any]:
        return dict.fromkeys(contacts, f"レッスン{now.day}")

    values.register_value("test_lesson", lessons)
    yield
    values._registered.pop("test_lesson")


@pytest.mark.usefixtures("registered")
def test_other_rooms_add_their_values() -> None:
    assert of(world.message())["test_lesson"] == "レッスン11"
    with pytest.raises(ValueError, match="test_lesson"):
        values.register_value("test_lesson", lambda _ids, _now: {})
    with pytest.raises(ValueError, match="stage_due"):
        values.register_value("stage_due", lambda _ids, _now: {})


def test_one_message_and_ten_cost_the_same_questions() -> None:
    letter = world.template()
    wanted = {"account_name", "owner_name", "stage_due", "goal_before"}
    counts = []
    for total in (1, 10):
        world.message(version=letter)
        messages = list(Message.objects.select_related("template_version"))[:1] * total
        with CaptureQueriesContext(connection) as asked:
            values.values_of(messages, NOW, wanted)
        counts.append(len(asked))

    assert counts[0] == counts[1]
