"""The last look: whatever became true since the message was released keeps it here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journeys import permission
from journeys.messages import delivery, targets
from journeys.messages.claim import claim
from journeys.messages.fence import pass_fence
from journeys.messages.preparing import prepare
from journeys.models import (
    Consent,
    Decision,
    Enrollment,
    Event,
    Message,
    Pause,
    Subscription,
    Topic,
)
from tests.journeys.messages import world
from tests.journeys.messages.world import NOW

pytestmark = pytest.mark.django_db

DONE = {"event": {"name": "goal.set", "by": "account"}}


def happened(message: Message, name: str = "goal.set") -> None:
    Event.objects.create(
        account_id=message.account_id, contact=message.contact, name=name, occurred_at=NOW,
        received_at=NOW,
    )  # fmt: skip


def stop(message: Message) -> None:
    permission.stop(message.person, message.topic, "test", NOW)


def stop_all(message: Message) -> None:
    permission.stop(message.person, permission.EVERYTHING, "test", NOW)


def neighbour_stops(message: Message) -> None:
    other = world.customer("大西 恵子", email=message.to_address.upper())
    permission.stop(other.person, message.topic, "test", NOW)


def bounce(message: Message) -> None:
    permission.suppress(message.to_address.upper(), "hard_bounce", NOW)


def leave(message: Message) -> None:
    rows = Enrollment.objects.filter(pk=message.enrollment_id or 0)
    rows.update(status=Enrollment.Status.LEFT, reason="exit_when")


def reach_goal(message: Message) -> None:
    rows = Enrollment.objects.filter(pk=message.enrollment_id or 0)
    rows.update(status=Enrollment.Status.GOAL, reason="goal_reached")


def contract_ends(message: Message) -> None:
    Subscription.objects.filter(pk=message.subscription_id or 0).update(ended_at=NOW)


def pause_all(message: Message) -> None:
    permission.pause(Pause.Scope.INSTALLATION, "", NOW)


def pause_account(message: Message) -> None:
    assert message.contact is not None
    assert message.contact.account is not None
    permission.pause(Pause.Scope.ACCOUNT, message.contact.account.external_id, NOW)


def pause_journey(message: Message) -> None:
    permission.pause(Pause.Scope.JOURNEY, message.journey_key, NOW)


def person_helps(message: Message) -> None:
    Subscription.objects.filter(pk=message.subscription_id or 0).update(path=Subscription.Path.OFF)


def two_letters_this_week(message: Message) -> None:
    for days in (6, 5):
        world.message(message.contact, state="accepted", handed_at=NOW - timedelta(days=days))


def letter_on_friday(message: Message) -> None:
    world.message(message.contact, state="uncertain", handed_at=NOW - timedelta(days=3))


def grows_old(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(expires_at=NOW)


@pytest.mark.parametrize(
    ("becomes", "state", "reason"),
    [
        (stop, "skipped", "opted_out"),
        (stop_all, "skipped", "opted_out"),
        (neighbour_stops, "skipped", "opted_out"),
        (bounce, "skipped", "suppressed"),
        (leave, "skipped", "exit_when"),
        (reach_goal, "skipped", "goal_reached"),
        (contract_ends, "skipped", "stage_left"),
        (grows_old, "expired", "expired"),
        (happened, "skipped", "already_done"),
        (pause_all, "held", "paused"),
        (pause_account, "held", "paused"),
        (pause_journey, "held", "paused"),
        (person_helps, "held", "on_hold"),
        (two_letters_this_week, "held", "cap"),
        (letter_on_friday, "held", "gap"),
    ],
)
def test_i10_i15_i20_what_became_true_meanwhile_keeps_the_message_here(
    becomes: Callable[[Message], None], state: str, reason: str
) -> None:
    message = world.message(skip_if=DONE)
    becomes(message)

    delivery.send_due(NOW)

    message.refresh_from_db()
    assert (message.state, message.reason, mail.outbox) == (state, reason, [])
    verdict = "moved" if state == "held" else "skipped"
    told = Decision.objects.filter(message_id=message.pk).values_list("verdict", "reason")
    assert list(told) == [(verdict, reason)]
    assert (message.released_at is None, message.attempts) == (
        state == "held",
        int(state != "held"),
    )


@pytest.mark.parametrize("name", ["goal", "exit_when"])
def test_i10_who_would_leave_at_the_next_tick_gets_no_more_of_the_journey(name: str) -> None:
    contact = world.customer()
    version = world.journey(**{name: DONE})
    message = world.message(contact, enrollment=world.enrolled(contact, version))
    happened(message)

    delivery.send_due(NOW)

    message.refresh_from_db()
    reason = {"goal": "goal_reached", "exit_when": "exit_when"}[name]
    assert (message.state, message.reason, mail.outbox) == ("skipped", reason, [])


def test_r47_promotion_needs_a_yes_and_guidance_does_not() -> None:
    promotion = world.message(version=world.template("promotional"))
    delivery.send_due(NOW)
    promotion.refresh_from_db()
    assert (promotion.state, promotion.reason) == ("skipped", "no_consent")

    agreed = world.message(version=world.template("promotional"))
    permission.resume(agreed.person, "tips", "form", NOW, wording="活用のヒントを受け取る")
    delivery.send_due(NOW)
    agreed.refresh_from_db()
    assert agreed.state == "accepted"


def test_i28_a_stop_leaves_contract_notices_alone() -> None:
    notice = world.message(version=world.template("transactional"))
    stop_all(notice)

    delivery.send_due(NOW)

    notice.refresh_from_db()
    assert notice.state == "accepted"


@pytest.mark.parametrize("urgent", [{"critical": True}, {"at_once": True}])
def test_urgent_messages_do_not_wait_but_count(urgent: dict[str, Any]) -> None:
    message = world.message(**urgent)
    two_letters_this_week(message)
    following = world.message(message.contact, priority=10)

    delivery.send_due(NOW)

    message.refresh_from_db()
    following.refresh_from_db()
    assert (message.state, following.state) == ("accepted", "held")
    assert following.reason == "lost_to_priority"


def test_r30_nothing_leaves_at_night_because_a_sender_was_late() -> None:
    night = datetime(2026, 5, 11, 13, 0, tzinfo=UTC)  # 22:00 in Tokyo
    message = world.message()

    delivery.send_due(night)

    message.refresh_from_db()
    assert (message.state, message.reason) == ("held", "closed_day")
    assert message.due_at == datetime(2026, 5, 12, 1, 0, tzinfo=UTC)


def test_a_page_its_reader_may_not_see_keeps_the_letter_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(targets._visible, "goal", lambda _rest, _contacts: set())
    message = world.message()

    delivery.send_due(NOW)

    message.refresh_from_db()
    assert (message.state, message.reason) == ("skipped", "page_gone")


def test_a_message_whose_lease_is_over_does_not_pass_and_is_due_again() -> None:
    """We live and say so: that is no crash."""
    message = world.message()
    ready = prepare(claim(NOW, 10), NOW)
    Message.objects.update(lease_until=NOW - timedelta(days=400))

    assert pass_fence(ready, NOW) == []

    message.refresh_from_db()
    assert (message.state, message.attempts) == ("planned", 0)


def test_a_message_that_was_withdrawn_meanwhile_does_not_pass() -> None:
    message = world.message()
    ready = prepare(claim(NOW, 10), NOW)
    Message.objects.update(state="skipped", reason="goal_reached", token=None)

    assert pass_fence(ready, NOW) == []

    message.refresh_from_db()
    assert (message.state, message.reason) == ("skipped", "goal_reached")


@pytest.mark.parametrize("count", [1, 3, 10])
def test_the_fence_asks_the_same_number_of_questions_for_one_and_for_ten(count: int) -> None:
    version, letter = world.journey(goal=DONE), world.template()
    for _n in range(count):
        contact = world.customer()
        world.message(contact, letter, enrollment=world.enrolled(contact, version), skip_if=DONE)
    ready = prepare(claim(NOW, 10), NOW)

    with CaptureQueriesContext(
        connection,
    ) as asked:
        handed = pass_fence(ready, NOW)

    assert len(handed) == count
    assert len(asked) <= 30


def test_a_consent_is_kept_with_what_proves_it() -> None:
    Topic.objects.get_or_create(key="tips", defaults={"name": "x", "category": "promotional"})
    person = world.customer().person
    permission.resume(person, "tips", "form", NOW, wording="受け取る")
    permission.stop(person, "tips", "one_click", NOW + timedelta(days=1))

    rows = Consent.objects.order_by("from_at").values_list("answer", "how", "wording", "to_at")
    assert list(rows) == [
        ("yes", "form", "受け取る", NOW + timedelta(days=1)),
        ("no", "one_click", "", None),
    ]
