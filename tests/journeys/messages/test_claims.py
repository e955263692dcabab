"""Claims, crashes and what comes after: leases, lonely travellers, reconciling."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from journeys import faults
from journeys.faults import InjectedFault
from journeys.messages import delivery, handing, preparing, rendering
from journeys.messages.claim import claim
from journeys.messages.outcomes import Answer, Outcome
from journeys.models import Decision, Enrollment, Message
from tests.journeys.messages import world
from tests.journeys.messages.world import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_faults() -> Any:
    yield
    faults.arrange({})


def die_at(point: str) -> None:
    """Let the sender stumble at a point, as a crash would leave it."""
    faults.arrange({point: "raise"})
    with pytest.raises(InjectedFault):
        delivery.send_due(NOW)
    faults.arrange({})


def let_leases_run_out() -> None:
    Message.objects.filter(lease_until__isnull=False).update(lease_until=NOW - timedelta(days=400))


def test_only_released_messages_whose_time_has_come_are_claimed() -> None:
    due = world.message()
    world.message(released_at=None)
    world.message(due_at=NOW + timedelta(minutes=1))
    world.message(state="held")
    world.message(channel="nudge")

    assert [m.pk for m in claim(NOW, 10)] == [due.pk]
    assert claim(NOW, 10) == []


BEFORE = ("claim.after", "freeze.before_write", "freeze.after", "connect.after", "fence.locked",
          "fence.marked")  # fmt: skip
AFTER = ("fence.committed", "hand.after", "settle.before_commit")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", BEFORE)
def test_i11_a_sender_that_dies_before_the_fence_loses_nothing(point: str) -> None:
    message = world.message()
    die_at(point)

    assert delivery.send_due(NOW).claimed == 0
    let_leases_run_out()
    delivery.send_due(NOW)

    message.refresh_from_db()
    assert (message.state, message.attempts, len(mail.outbox)) == ("accepted", 2, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", AFTER)
def test_i11_i23_a_sender_that_dies_after_the_fence_sends_nothing_twice(point: str) -> None:
    message = world.message()
    die_at(point)
    let_leases_run_out()

    delivery.send_due(NOW)
    counts = delivery.reconcile(NOW)
    delivery.send_due(NOW)

    message.refresh_from_db()
    assert (message.state, message.reason) == ("uncertain", "no_answer")
    assert counts == {"accepted": 0, "planned": 0, "uncertain": 1}
    assert len(mail.outbox) == (point in ("hand.after", "settle.before_commit"))
    assert Enrollment.objects.get().due_at == NOW


@pytest.mark.django_db(transaction=True)
def test_what_was_not_begun_goes_back_at_once() -> None:
    message = world.message()
    die_at("hand.before")

    assert delivery.send_due(NOW).accepted == 1
    message.refresh_from_db()
    assert (message.state, len(mail.outbox)) == ("accepted", 1)


def test_an_authority_says_what_became_of_a_message() -> None:
    found, absent, unknown = (world.message(state="handed") for _n in range(3))
    for message in (found, absent, unknown):
        message.frozen = rendering.freeze(message, NOW)
        message.save(update_fields=["frozen"])
    let_leases_run_out()
    Message.objects.update(lease_until=NOW - timedelta(days=400))
    log = {
        f"<{found.uid}@mail.shimebi.example>": True,
        f"<{absent.uid}@mail.shimebi.example>": False,
    }

    counts = delivery.reconcile(NOW, authority=lambda _ids: log)

    assert counts == {"accepted": 1, "planned": 1, "uncertain": 1}
    states = Message.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["accepted", "planned", "uncertain"]


def test_a_fresh_hand_over_is_left_alone_by_reconciling() -> None:
    message = world.message()
    claim(NOW, 10)
    Message.objects.update(state="handed")

    assert delivery.reconcile(NOW + timedelta(days=30))["uncertain"] == 0

    message.refresh_from_db()
    assert message.state == "handed"


def test_a_late_yes_beats_nobody_knows() -> None:
    message = world.message()
    (ours,) = claim(NOW, 10)
    Message.objects.update(state="uncertain", reason="no_answer", token=None)

    handing.write([(ours, Outcome(Answer.ACCEPTED, "250 ok"))], NOW)

    message.refresh_from_db()
    assert (message.state, message.provider_reply) == ("accepted", "250 ok")


def test_i18_whoever_was_in_a_crash_travels_alone_and_after_the_others() -> None:
    crashed = [world.message(attempts=1) for _n in range(3)]
    fresh = [world.message() for _n in range(2)]

    batches = [[m.pk for m in claim(NOW, 10)] for _n in range(4)]

    assert batches == [[m.pk for m in fresh], *([m.pk] for m in crashed)]


def test_i18_a_message_that_kills_its_sender_is_parked(monkeypatch: pytest.MonkeyPatch) -> None:
    poison = world.message(attempts=preparing.MOST_CRASHES)

    delivery.send_due(NOW)

    poison.refresh_from_db()
    assert (poison.state, poison.reason, mail.outbox) == ("failed", "crashed", [])
    assert Decision.objects.get().verdict == "failed"


def test_i18_a_text_that_breaks_us_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken, fine = world.message(), world.message()
    freeze = rendering.freeze

    def stumble(message: Message, *args: Any) -> dict[str, Any]:
        if message.pk == broken.pk:
            raise ZeroDivisionError
        return freeze(message, *args)

    monkeypatch.setattr(rendering, "freeze", stumble)
    delivery.send_due(NOW)

    broken.refresh_from_db()
    fine.refresh_from_db()
    assert (broken.state, fine.state) == ("planned", "accepted")
    assert broken.due_at > NOW


def test_what_is_late_after_its_fence_goes_through_a_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = world.message()
    monkeypatch.setattr(handing, "GUARD_SECONDS", -1.0)
    delivery.send_due(NOW, limit=1)
    message.refresh_from_db()
    assert (message.state, message.attempts, mail.outbox) == ("planned", 0, [])

    monkeypatch.undo()
    delivery.send_due(NOW)
    message.refresh_from_db()
    assert message.state == "accepted"


def test_the_limit_is_a_limit() -> None:
    for _n in range(3):
        world.message()

    assert delivery.send_due(NOW, limit=2).claimed == 2
    assert delivery.send_due(NOW).claimed == 1
