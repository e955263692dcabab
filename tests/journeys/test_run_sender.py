"""The sender's command: one pass or a loop, and what it refuses to start with."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from journeys import clock
from journeys.management.commands.run_sender import SenderLoop
from journeys.management.loops import LONGEST_REST
from journeys.messages.delivery import Sent
from journeys.models import Heartbeat
from tests.journeys.messages import world
from tests.journeys.messages.smtp import relay
from tests.journeys.messages.world import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_the_doors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def test_once_sends_everything_that_is_due() -> None:
    letter = world.template()
    for _n in range(3):
        world.message(world.customer(), letter)
    out = StringIO()

    call_command("run_sender", "--once", stdout=out)

    assert out.getvalue() == "3 accepted, 0 failed, 0 later\n"
    assert len(mail.outbox) == 3


def test_once_says_when_the_mail_server_cannot_be_used(settings: Any) -> None:
    world.message()

    with (
        relay(settings, {"connect": "554 5.7.1 go away"}),
        pytest.raises(CommandError, match="go away"),
    ):
        call_command("run_sender", "--once", stdout=StringIO())


@pytest.mark.parametrize(("lease", "timeout", "grace"), [(60, 30, 90), (60, None, 900)])
def test_it_refuses_a_grace_shorter_than_a_silent_hand_over(
    lease: int, timeout: int | None, grace: int, settings: Any
) -> None:
    settings.SENDER_LEASE_SECONDS, settings.EMAIL_TIMEOUT = lease, timeout
    settings.RECONCILE_AFTER_SECONDS = grace

    with pytest.raises(CommandError, match="RECONCILE_AFTER_SECONDS"):
        call_command("run_sender", "--once")


@pytest.mark.django_db(transaction=True)  # a pass drops connections that are too old
def test_i19_a_pass_leaves_a_heartbeat() -> None:
    loop = SenderLoop()

    loop.guarded_pass()
    loop.guarded_pass()

    assert Heartbeat.objects.filter(role="sender").count() == 1


def test_it_rests_longer_and_longer_while_the_provider_is_down() -> None:
    loop = SenderLoop()

    rests = [loop.seconds_to_rest(Sent(broken="535 no")) for _n in range(12)]

    assert rests == sorted(rests)
    assert (rests[0], rests[-1]) == (2.0, LONGEST_REST)
    assert loop.seconds_to_rest(Sent(claimed=3)) == 0
    assert loop.seconds_to_rest(Sent()) == 1.0
