"""What a mail server can answer at each verb, and what becomes of the message (reliability 3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from journeys import permission
from journeys.messages import delivery
from journeys.models import Decision, Message
from tests.journeys.messages import world
from tests.journeys.messages.smtp import DROP, relay
from tests.journeys.messages.world import NOW

pytestmark = pytest.mark.django_db

UNTOUCHED = ("planned", "")  # as before, ready for the next pass
LATER = ("planned", "refused")  # backed off
GONE = ("failed", "refused")
UNKNOWN = ("handed", "")  # parked until somebody knows

AT_CONNECT = [(verb, answer, UNTOUCHED) for verb in ("connect", "ehlo")
              for answer in ("421 busy", "450 later", "535 5.7.8 no", "550 no", "554 5.7.1 no", "nonsense", DROP)
              ]  # fmt: skip
AT_MAIL = [
    ("mail", "421 busy", UNTOUCHED),
    ("mail", "450 later", LATER),
    ("mail", "451 later", LATER),
    ("mail", "452 full", LATER),
    ("mail", "530 5.7.0 authenticate", UNTOUCHED),
    ("mail", "535 5.7.8 no", UNTOUCHED),
    ("mail", "550 5.7.1 sender rejected", LATER),
    ("mail", "552 5.3.4 too big", GONE),
    ("mail", DROP, UNTOUCHED),
]
AT_RCPT = [
    ("rcpt", "421 busy", LATER),
    ("rcpt", "450 4.2.0 greylisted", LATER),
    ("rcpt", "451 later", LATER),
    ("rcpt", "452 full", LATER),
    ("rcpt", "550 5.1.1 unknown", GONE),
    ("rcpt", "550-5.1.1 unknown\n550 5.1.1 really", GONE),
    ("rcpt", "552 mailbox full", LATER),
    ("rcpt", "553 no", GONE),
    ("rcpt", "554 5.7.1 spam", GONE),
    ("rcpt", DROP, UNTOUCHED),
]
AT_DATA = [
    ("data", "421 busy", LATER),
    ("data", "451 later", LATER),
    ("data", "550 no", GONE),
    ("data", "554 no", GONE),
    ("data", DROP, UNKNOWN),
    ("dot", "250 2.0.0 queued", ("accepted", "accepted")),
    ("dot", "421 busy", LATER),
    ("dot", "451 4.3.0 later", LATER),
    ("dot", "452 full", LATER),
    ("dot", "550 5.7.1 spam", GONE),
    ("dot", "552 too big", GONE),
    ("dot", "554 no", GONE),
    ("dot", "nonsense", UNKNOWN),
    ("dot", DROP, UNKNOWN),
]


@pytest.mark.parametrize(("verb", "answer", "expected"), AT_CONNECT + AT_MAIL + AT_RCPT + AT_DATA)
def test_each_answer_at_each_verb(
    verb: str, answer: str, expected: tuple[str, str], settings: Any
) -> None:
    sent = world.message()

    with relay(settings, {verb: answer}) as server:
        delivery.send_due(NOW)
        if expected is not UNTOUCHED:  # whatever was said, it is not tried again at once
            delivery.send_due(NOW)

    sent.refresh_from_db()
    assert (sent.state, sent.reason) == expected
    assert len(server.taken) == (expected[0] == "accepted")
    assert len(server.seen) <= 1


@pytest.mark.parametrize("answer", ["535 5.7.8 no", "554 5.7.1 no", "421 busy"])
def test_a_refusal_of_us_touches_no_recipient_and_stops_the_pass(
    answer: str, settings: Any
) -> None:
    waiting = [world.message() for _n in range(3)]

    with relay(settings, {"connect": answer}):
        sent = delivery.send_due(NOW)

    assert (sent.handed, bool(sent.broken)) == (0, True)
    rows = Message.objects.values_list("state", "attempts", "token", "due_at")
    assert list(rows) == [("planned", 0, None, NOW)] * len(waiting)
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("answer", "suppressed"),
    [("550 5.1.1 unknown", True), ("550 no such user", True), ("553 no", True),
     ("550 5.7.1 looks like spam", False), ("554 5.7.1 spam", False), ("552 mailbox full", False),
     ("450 4.2.0 greylisted", False)],
)  # fmt: skip
def test_i21_a_hard_bounce_suppresses_the_address_and_nothing_else_does(
    answer: str, suppressed: bool, settings: Any
) -> None:
    bounced = world.message()

    with relay(settings, {"rcpt": answer}):
        delivery.send_due(NOW)

    assert permission.is_suppressed(bounced.to_address.upper()) is suppressed


def test_i22_a_deferred_message_comes_again_with_the_same_bytes(settings: Any) -> None:
    deferred = world.message()

    with relay(settings, {"dot": "451 4.3.0 later"}) as server:
        delivery.send_due(NOW)
        server.script.clear()
        delivery.send_due(NOW + timedelta(minutes=2))

    first, second = server.seen
    assert first == second
    deferred.refresh_from_db()
    assert (deferred.state, deferred.attempts) == ("accepted", 2)
    verdicts = Decision.objects.filter(message_id=deferred.pk).order_by("pk")
    assert list(verdicts.values_list("verdict", "reason")) == [
        ("moved", "refused"),
        ("sent", "accepted"),
    ]


def test_a_message_that_is_refused_for_long_has_failed(settings: Any) -> None:
    refused = world.message(expires_at=None)

    with relay(settings, {"rcpt": "450 4.2.0 later"}) as server:
        for hour in range(0, 200, 12):
            delivery.send_due(NOW + timedelta(days=7 * hour / 12))

    refused.refresh_from_db()
    assert (refused.state, refused.reason, refused.attempts) == ("failed", "refused", 8)
    assert server.commands.count("rcpt") == 8


def test_one_refused_message_does_not_stop_the_others(settings: Any) -> None:
    for _n in range(3):
        world.message()

    with relay(settings, {"dot": "554 no"}) as server:
        sent = delivery.send_due(NOW)

    assert (sent.failed, len(server.seen)) == (3, 3)


def test_after_a_cut_connection_what_was_not_begun_goes_back(settings: Any) -> None:
    messages = [world.message() for _n in range(4)]

    with relay(settings, {"dot": DROP}) as server:
        sent = delivery.send_due(NOW)

    states = Message.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["handed", "planned", "planned", "planned"]
    assert (sent.unanswered, len(server.seen), len(messages)) == (1, 1, 4)


def test_starttls_that_fails_never_falls_back_to_plain_text(settings: Any) -> None:
    world.message()

    with relay(settings) as server:
        settings.EMAIL_USE_TLS = True
        sent = delivery.send_due(NOW)

    assert (bool(sent.broken), server.seen) == (True, [])
