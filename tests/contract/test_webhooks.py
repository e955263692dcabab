"""Contracts 2, steps: what a task and a webhook hold, and the events other systems are told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from journeys import plays, webhooks
from journeys.models import (
    Decision,
    Enrollment,
    Message,
    PlayTask,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from tests.cast import CONTRACT_DAY, at, contract, customer, happened
from tests.journeys.plays.world import USED, publish, tick
from tests.journeys.webhooks.conftest import begin, receiver, vendor

__all__ = ["begin", "receiver", "vendor"]
pytestmark = pytest.mark.django_db
TELL = {"id": "tell", "webhook": "crm"}
THEN = {"id": "then", "wait": "5bd"}


def stands(contact: Any) -> tuple[str, str]:
    e = Enrollment.objects.get(contact=contact, journey__key="help")
    return e.step_id, e.waiting_for


# --- `webhook: NAME` holds the person until accepted or given up ------------------------------------
def test_a_webhook_step_holds_the_person_until_accepted(begin, receiver):
    publish(TELL, THEN)
    _endpoint, secret = begin()
    hana = customer("hana")
    tick("2026-05-11T09:30")
    assert stands(hana) == ("tell", "webhook")

    webhooks.send_due(at("2026-05-11T09:31"))
    tick("2026-05-11T09:32")

    assert stands(hana) == ("then", "time")
    said = receiver.verify(receiver.posts[0], secret)
    assert (said["type"], said["data"]) == (
        "journey.step",
        {
            "journey": "help",
            "version": 1,
            "step": "tell",
            "run": 1,
            "visit": 0,
            "account": {"id": "hana", "name": "株式会社hana"},
            "contact": {"id": "hana-1"},
            "subscription": {"product": "app", "stage": "begin", "due_on": "2026-05-18"},
        },
    )
    assert list(
        Decision.objects.filter(step_id="tell").order_by("pk").values_list("verdict", "reason")
    ) == [("planned", "step_reached"), ("sent", "received")]


def test_a_webhook_step_holds_the_person_while_it_is_tried_again(begin, receiver):
    publish(TELL, THEN)
    begin()
    receiver.status = 503
    hana = customer("hana")
    tick("2026-05-11T09:30")
    for hour in ("10:00", "12:00", "18:00"):
        webhooks.send_due(at(f"2026-05-11T{hour}"))
        tick(f"2026-05-11T{hour}")
    assert stands(hana) == ("tell", "webhook")


def test_a_webhook_step_holds_the_person_until_given_up(begin, receiver):
    publish(TELL, THEN)
    begin()
    receiver.status = 410
    hana = customer("hana")
    tick("2026-05-11T09:30")
    webhooks.send_due(at("2026-05-11T09:31"))
    tick("2026-05-11T09:32")
    assert stands(hana) == ("then", "time")
    last = Decision.objects.filter(step_id="tell").order_by("-pk")[0]
    assert (last.verdict, last.reason, last.rule) == ("failed", "gone", "crm")


def test_a_step_for_a_webhook_that_is_not_set_up_is_skipped_with_reason(begin):
    publish(TELL, THEN)
    hana = customer("hana")
    tick("2026-05-11T09:30", times=2)
    assert stands(hana) == ("then", "time")
    assert Decision.objects.get(step_id="tell").reason == "no_channel"


def test_a_webhook_step_is_told_once_a_visit(begin, receiver):
    publish(TELL, THEN)
    begin()
    customer("hana")
    tick("2026-05-11T09:30", times=3)
    for _pass in range(3):
        webhooks.send_due(at("2026-05-11T09:31"))
    assert (WebhookDelivery.objects.count(), receiver.hits) == (1, 1)


def test_whoever_left_meanwhile_is_not_told_of(begin, receiver):
    publish(TELL, THEN, goal=USED)
    begin()
    hana = customer("hana")
    tick("2026-05-11T09:30")
    happened(hana, "app.used", at("2026-05-11T09:31"))
    tick("2026-05-11T09:32")

    webhooks.send_due(at("2026-05-11T09:33"))

    assert (WebhookDelivery.objects.get().state, receiver.posts) == ("cancelled", [])


def test_a_held_out_enrollment_tells_nobody(begin, receiver):
    publish(TELL, THEN, holdout=99.9)
    begin()
    customer("hana")
    tick("2026-05-11T09:30")
    assert not WebhookDelivery.objects.exists()
    assert Decision.objects.get(step_id="tell").reason == "holdout"


# --- `task: PLAY` holds only with `return_when` -----------------------------------------------------
def test_a_task_holds_the_person_only_with_return_when(vendor):
    publish({"id": "call", "task": "call"}, THEN)
    hana = customer("hana")
    tick("2026-05-11T09:30")
    assert stands(hana) == ("then", "time")


def test_with_return_when_automation_for_this_subscription_is_held_meanwhile(vendor):
    publish({"id": "call", "task": "call", "return_when": USED}, THEN)
    hana = customer("hana")
    tick("2026-05-11T09:30")

    tick("2026-05-20T15:00", times=2)

    assert (stands(hana), contract(hana).path) == (("call", "task"), "off")
    said = Message.objects.filter(contact=hana, state__in=("accepted", "shown", "planned"))
    assert not said.exists()


def test_the_return_condition_ends_the_hold(vendor):
    publish({"id": "call", "task": "call", "return_when": USED}, THEN)
    hana = customer("hana")
    tick("2026-05-11T09:30")
    happened(hana, "app.used", at("2026-05-11T09:40"))
    tick("2026-05-11T09:45", times=2)
    assert (stands(hana), contract(hana).path) == (("then", "time"), "on")


def test_a_task_is_due_after_the_time_its_step_says(vendor):
    publish({"id": "call", "task": "call", "due": "4bd"}, THEN)
    customer("hana")
    tick("2026-05-11T09:30")
    assert PlayTask.objects.get().due_on.isoformat() == "2026-05-15"


def test_on_path_is_a_subscription_trait_kept_by_the_product(vendor):
    """Contracts 1.14: a condition may ask for it."""
    publish({"id": "call", "task": "call", "return_when": USED}, THEN)
    hana = customer("hana")
    tick("2026-05-11T09:30")
    assert contract(hana).traits["on_path"] is False
    colleague = User.objects.create_user("t@vendor.example", is_staff=True)
    plays.finish(PlayTask.objects.get(), at("2026-05-11T10:00"), colleague)
    assert contract(hana).traits["on_path"] is True


# --- events (issue: subscribe, sign, retry, log) ----------------------------------------------------
@pytest.mark.parametrize(
    "event",
    ["stage.changed", "course.completed", "contact.opted_out", "signal.opened", "csql.created"],
)
def test_each_event_can_be_subscribed_to(begin, event):
    begin(event)
    assert WebhookEndpoint.objects.get().events == [event]


def test_the_guides_receiver_takes_a_delivery_once(begin, receiver, capsys):
    """The snippet of docs/integration.md, run as it stands."""
    guide = (Path(__file__).parents[2] / "docs" / "integration.md").read_text()
    webhooks_part = guide.partition("## Being told: webhooks")[2]
    (snippet,) = re.findall(r"```py\n(.*?)```", webhooks_part, re.DOTALL)
    endpoint, secret = begin()
    webhooks.send_test(endpoint, CONTRACT_DAY)
    webhooks.send_due(CONTRACT_DAY)
    post = receiver.posts[0]
    told: dict[str, Any] = {"SECRET": secret, "SEEN": set()}

    exec(compile(snippet, "integration.md", "exec"), told)  # noqa: S102 -- our own paper

    for _time in range(2):
        assert told["receive"](post.body.encode(), post.headers) == 204
    assert capsys.readouterr().out == "webhook.test {'receiver': 'crm'}\n"
