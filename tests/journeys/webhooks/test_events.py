"""What other systems are told, and when it is written down (R103)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from journeys import engine, permission, webhooks
from journeys.models import Consent, Pause, StageTransition, WebhookDelivery, WebhookMark
from tests.cast import SLOT, at, customer, happened
from tests.journeys.plays.world import tick

pytestmark = pytest.mark.django_db(transaction=False)


def written() -> list[str]:
    return list(WebhookDelivery.objects.order_by("pk").values_list("event", flat=True))


def stop(contact: Any, topic: str, moment: str) -> None:
    Consent.objects.create(
        person=contact.person, topic=topic, answer="no", how="page", from_at=at(moment)
    )


def test_a_move_along_the_route_is_told_with_its_dates(begin, receiver):
    begin("stage.changed")
    hana = customer("hana")
    tick("2026-05-11T09:30")
    happened(hana, "goal.set", at("2026-05-11T09:40"))
    tick("2026-05-11T09:45")

    webhooks.send_due(at("2026-05-11T09:46"))

    moves = {post.event["data"]["to"]: post.event for post in receiver.posts}
    assert moves["settle"] == {
        "type": "stage.changed",
        "timestamp": "2026-05-11T00:40:00Z",
        "data": {
            "account": {"id": "hana", "name": "株式会社hana"},
            "product": "app",
            "from": "begin",
            "to": "settle",
            "to_name": "定着",
            "effective_at": "2026-05-11T00:40:00Z",
            "decided_at": "2026-05-11T00:45:00Z",
            "due_on": "2026-06-08",
            "cause": "criteria",
        },
    }


def test_a_completed_course_is_told_wherever_the_fact_came_from(begin, receiver):
    begin("course.completed")
    hana = customer("hana")
    happened(hana, "course.completed", SLOT, course="a1")
    happened(hana, "lesson.completed", SLOT, lesson="a1-1")
    engine.tick(SLOT)

    webhooks.send_due(SLOT)

    assert [post.event["data"] for post in receiver.posts] == [
        {
            "account": {"id": "hana", "name": "株式会社hana"},
            "contact": {"id": "hana-1"},
            "product": None,
            "course": "a1",
            "occurred_at": "2026-05-11T01:00:00Z",
        }
    ]


def test_a_stop_is_told_of_the_contact(begin, receiver):
    begin("contact.opted_out")
    hana = customer("hana")
    stop(hana, "start", "2026-05-11T09:50")
    engine.tick(SLOT)

    webhooks.send_due(SLOT)

    assert receiver.posts[0].event["data"] == {
        "contact": {"id": "hana-1"},
        "account": {"id": "hana", "name": "株式会社hana"},
        "topic": "start",
        "how": "page",
        "at": "2026-05-11T00:50:00Z",
    }


def test_a_receiver_is_told_only_what_it_subscribed_to(begin):
    begin("contact.opted_out")
    begin(key="quiet")
    happened(customer("hana"), "course.completed", SLOT, course="a1")
    engine.tick(SLOT)
    assert written() == []


def test_a_receiver_is_told_what_happens_after_it_began(begin):
    hana = customer("hana")
    engine.tick(at("2026-05-11T09:30"))
    begin("stage.changed")
    happened(hana, "goal.set", at("2026-05-11T09:40"))
    engine.tick(at("2026-05-11T09:45"))
    assert written() == ["stage.changed"]


def test_everything_is_written_once_however_often_it_is_looked_at(begin):
    """I17: also while the mark is not safe yet and rows are read again."""
    begin("stage.changed")
    customer("hana")
    for minute in range(3):
        engine.tick(at(f"2026-05-11T09:3{minute}"))
    assert written() == ["stage.changed"]
    assert WebhookMark.objects.get().safe_id == 0


def test_a_row_that_commits_late_with_an_older_id_is_not_missed(begin):
    """A transaction may hold an id for a while; what came after it has been told by then."""
    begin("stage.changed")
    customer("hana")
    engine.tick(at("2026-05-11T09:30"))
    first = StageTransition.objects.get()
    newest = first.pk + 1_000
    StageTransition.objects.filter(pk=first.pk).update(id=newest)
    webhooks.collect(SLOT)

    first.pk, first.uid, first.seq = newest - 500, uuid.uuid4(), 2
    first.save(force_insert=True)
    webhooks.collect(SLOT)

    assert len(written()) == 2


def test_a_mark_becomes_safe_after_ten_minutes_of_the_databases_time(begin):
    begin("stage.changed")
    customer("hana")
    engine.tick(at("2026-05-11T09:30"))
    WebhookMark.objects.update(noted_at=F("noted_at") - timedelta(minutes=11))
    webhooks.collect(SLOT)
    WebhookMark.objects.update(noted_at=F("noted_at") - timedelta(minutes=11))
    webhooks.collect(SLOT)
    assert WebhookMark.objects.get().safe_id == StageTransition.objects.get().pk


def test_a_correction_of_a_date_is_no_move(begin):
    begin("stage.changed")
    customer("hana")
    engine.tick(at("2026-05-11T09:30"))
    first = StageTransition.objects.get()
    StageTransition.objects.create(
        subscription_id=first.subscription_id, account_id=first.account_id,
        version_id=first.version_id, seq=first.seq, to_stage=first.to_stage,
        effective_at=at("2026-05-10T00:00"), decided_at=SLOT, cause="correction",
        corrects=first.pk,
    )  # fmt: skip
    webhooks.collect(SLOT)
    assert written() == ["stage.changed"]


def test_reserved_events_may_be_subscribed_to_and_unknown_ones_not(begin):
    begin("signal.opened", "csql.created")
    with pytest.raises(ValueError, match=r"stage\.moved"):
        begin("stage.moved", key="other")


def test_nothing_leaves_while_everything_is_stopped(begin, receiver):
    """R36."""
    begin("stage.changed")
    customer("hana")
    engine.tick(SLOT)
    permission.pause(Pause.Scope.INSTALLATION, "", SLOT)
    assert webhooks.send_due(SLOT).held == "paused"
    permission.unpause(Pause.Scope.INSTALLATION, "", SLOT)
    assert webhooks.send_due(SLOT).accepted == 1
    assert len(receiver.posts) == 1


def test_nothing_leaves_from_a_copied_database(begin, receiver, monkeypatch):
    from journeys import outside  # noqa: PLC0415 -- the fixture has silenced it

    begin("stage.changed")
    customer("hana")
    engine.tick(SLOT)
    monkeypatch.setattr(outside, "hindrance", lambda: "a copy")
    assert (webhooks.send_due(SLOT).held, receiver.posts) == ("a copy", [])


@pytest.mark.parametrize("event", ["stage.changed", "course.completed", "contact.opted_out"])
def test_statements_are_constant_whatever_the_number(begin, event):
    begin(event)
    begin(event, key="second")
    counts = []
    for many in (1, 3, 30):
        people = [customer(f"c{many}-{n}") for n in range(many)]
        before = WebhookDelivery.objects.count()
        if event == "stage.changed":
            from journeys import lifecycle  # noqa: PLC0415 -- only here

            lifecycle.advance(SLOT)
        for one in people:
            if event == "course.completed":
                happened(one, event, SLOT, course="a1")
            elif event == "contact.opted_out":
                stop(one, "start", "2026-05-11T09:50")
        with CaptureQueriesContext(connection) as seen:
            webhooks.collect(SLOT)
        assert WebhookDelivery.objects.count() - before == 2 * many
        counts.append(len(seen))
    # the first look makes the mark
    assert counts[1] == counts[2]
