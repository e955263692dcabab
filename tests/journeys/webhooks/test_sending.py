"""How a delivery leaves: signed, at least once, with patience, and never into the house."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from journeys import webhooks
from journeys.models import User, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from journeys.webhooks import calling, settling
from journeys.webhooks.calling import Answer
from tests.cast import SLOT
from tests.journeys.webhooks.outbox import end_of, tell

pytestmark = pytest.mark.django_db
State = WebhookDelivery.State


# --- patience (reliability 4.8 no. 90) ----------------------------------------------------------------
@pytest.mark.parametrize("status", [500, 503, 429, 404, 302])
def test_no90_what_is_not_accepted_is_tried_again_with_growing_rests(crm, receiver, status):
    row = tell(crm[0])
    receiver.status = status
    rests = []
    now = SLOT
    while webhooks.send_due(now).claimed:
        row.refresh_from_db()
        if row.next_at is None:
            break
        rests.append(row.next_at - now)
        now = row.next_at

    assert len(rests) == len(settling.BACK_OFF)
    for rest, base in zip(rests, settling.BACK_OFF, strict=True):
        assert base * 0.8 <= rest <= base * 1.2
    assert end_of(row) == ("given_up", "given_up", len(settling.BACK_OFF) + 1)
    assert row.log.count() == row.attempts


def test_no90_rests_differ_between_deliveries():
    """Jitter: a thousand deliveries do not come back in the same second."""
    rests = {
        settling.rest_of(WebhookDelivery(attempts=4), Answer(status=500), SLOT) for _n in range(20)
    }
    assert len(rests) > 10


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        ("7200", timedelta(hours=2)),
        ("Mon, 11 May 2026 03:00:00 GMT", timedelta(hours=2)),
        ("999999999", timedelta(hours=24)),
        ("soon", None),
        ("-5", None),
    ],
)
def test_no90_retry_after_is_kept(crm, receiver, said, rest):
    row = tell(crm[0])
    receiver.status, receiver.headers = 429, {"Retry-After": said}
    webhooks.send_due(SLOT)
    row.refresh_from_db()
    assert row.next_at is not None
    if rest is None:
        assert row.next_at - SLOT < timedelta(seconds=10)
    else:
        assert row.next_at - SLOT == rest


def test_no90_a_receiver_that_is_gone_is_switched_off_and_its_owner_told(begin, receiver):
    owner = User.objects.create_user("owner@vendor.example", is_staff=True)
    endpoint, _secret = begin(owner=owner)
    receiver.status = 410
    rows = [tell(endpoint) for _n in range(30)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.transaction.on_commit", lambda do: do())
        webhooks.send_due(SLOT)

    endpoint.refresh_from_db()
    assert (endpoint.active, endpoint.disabled_at) == (False, SLOT)
    assert "410" in endpoint.disabled_why
    assert {end_of(row)[0] for row in rows} == {"given_up"}
    assert [letter.to for letter in mail.outbox] == [["owner@vendor.example"]]
    assert receiver.hits <= 8  # what was under way; the others were not tried


def test_a_receiver_that_takes_nothing_for_days_is_switched_off(crm, receiver):
    endpoint, _secret = crm
    row = tell(endpoint)
    WebhookDelivery.objects.update(attempts=9, answered=9)
    receiver.status = 500
    webhooks.send_due(SLOT)
    endpoint.refresh_from_db()
    assert (end_of(row)[0], endpoint.active) == ("given_up", False)


def test_a_receiver_that_refuses_one_and_takes_others_stays_on(crm, receiver):
    endpoint, _secret = crm
    tell(endpoint)
    webhooks.send_due(SLOT)
    row = tell(endpoint)
    WebhookDelivery.objects.filter(pk=row.pk).update(attempts=9, answered=9)
    receiver.status = 400
    webhooks.send_due(SLOT)
    endpoint.refresh_from_db()
    assert (end_of(row)[0], endpoint.active) == ("given_up", True)


@pytest.mark.parametrize("how", ["delay", "drip"])
def test_no90_a_slow_receiver_costs_five_seconds(crm, receiver, monkeypatch, how):
    """Also one that sends a byte now and then, so that no single read is ever late."""
    monkeypatch.setattr(calling, "SECONDS", 0.6)
    setattr(receiver, how, {"delay": 3.0, "drip": 0.05}[how])
    row = tell(crm[0])

    webhooks.send_due(SLOT)

    attempt = row.log.get()
    assert (attempt.status, attempt.took_ms < 2_000) == (None, True)
    assert end_of(row)[:2] == ("waiting", "no_answer")


def test_no90_of_an_endless_answer_64_kb_are_read(crm, receiver):
    receiver.status, receiver.body = 200, b"x" * 50_000_000
    row = tell(crm[0])
    webhooks.send_due(SLOT)
    assert len(row.log.get().answer) == 64 * 1024
    assert end_of(row)[0] == "accepted"


def test_an_answer_with_nul_bytes_is_kept_readable(crm, receiver):
    receiver.status, receiver.body = 200, b"a\x00b\xff"
    row = tell(crm[0])
    webhooks.send_due(SLOT)
    assert row.log.get().answer == "a�b�"


def test_no90_redirects_are_not_followed(crm, receiver):
    receiver.status, receiver.headers = 302, {"Location": f"http://{receiver.netloc}/inside"}
    row = tell(crm[0])
    webhooks.send_due(SLOT)
    assert ([post.path for post in receiver.posts], row.log.get().status) == (["/hooks"], 302)


def test_a_receiver_that_does_not_listen_is_tried_again(begin, receiver):
    endpoint, _secret = begin(url=f"http://{receiver.netloc}/hooks")
    receiver.server.server_close()
    row = tell(endpoint)
    webhooks.send_due(SLOT)
    assert end_of(row)[:2] == ("waiting", "no_answer")


def test_i18_one_receiver_that_fails_does_not_stop_the_others(begin, receiver):
    broken, _secret = begin(key="broken")
    well, _secret = begin(key="well")
    WebhookEndpoint.objects.filter(pk=broken.pk).update(url="http://127.0.0.1:1/")
    for _n in range(40):
        tell(broken)
    good = [tell(well) for _n in range(5)]

    for _pass in range(3):
        webhooks.send_due(SLOT)

    assert {end_of(row)[0] for row in good} == {"accepted"}
    assert WebhookAttempt.objects.filter(delivery__endpoint=broken).count() <= 8


def test_i18_what_kills_its_sender_is_parked_after_three_times(crm, receiver):
    row = tell(crm[0])
    WebhookDelivery.objects.update(
        attempts=3, state="claimed", lease_until=timezone.now() - timedelta(hours=1)
    )
    webhooks.send_due(SLOT)
    assert (end_of(row)[:2], receiver.posts) == (("given_up", "crashed"), [])


def test_what_a_dead_sender_left_behind_is_sent_again_under_the_same_id(crm, receiver):
    row = tell(crm[0])
    past = timezone.now() - timedelta(hours=1)
    WebhookDelivery.objects.update(attempts=1, state="claimed", lease_until=past)
    webhooks.send_due(SLOT)
    assert [post.id for post in receiver.posts] == [f"msg_{row.uid.hex}"]


def test_i18_a_sender_that_dies_after_posting_posts_again_alone_and_gives_up_in_the_end(
    crm, receiver, monkeypatch
):
    """At least once under one id; what kills its sender takes nobody with it twice."""
    endpoint, _secret = crm
    poison, other = tell(endpoint), tell(endpoint)

    def dies(told: Any, now: datetime) -> Any:
        if poison.pk in {row.pk for row, _answer in told}:
            raise SystemExit
        return settling.write(told, now)

    monkeypatch.setattr("journeys.webhooks.sending.write", dies)
    for _pass in range(5):
        with contextlib.suppress(SystemExit):
            webhooks.send_due(SLOT)
        WebhookDelivery.objects.filter(state="claimed").update(
            lease_until=timezone.now() - timedelta(hours=1)
        )

    assert end_of(other) == ("accepted", "received", 2)
    assert end_of(poison)[:2] == ("given_up", "crashed")
    posted = Counter(post.id for post in receiver.posts)
    assert posted == {webhooks.id_of(poison): 3, webhooks.id_of(other): 2}


def test_a_live_lease_is_respected(crm, receiver):
    tell(crm[0])
    future = timezone.now() + timedelta(hours=1)
    WebhookDelivery.objects.update(attempts=1, state="claimed", lease_until=future)
    assert (webhooks.send_due(SLOT).claimed, receiver.posts) == (0, [])


def test_what_was_given_up_is_sent_again_by_hand(crm, receiver):
    row = tell(crm[0])
    WebhookDelivery.objects.update(state="given_up", reason="given_up", attempts=10, answered=10)
    assert webhooks.send_again([row], SLOT) == 1
    webhooks.send_due(SLOT)
    assert end_of(row) == ("accepted", "received", 1)


def test_a_receiver_switched_off_by_hand_gets_nothing_until_it_is_on_again(crm, receiver):
    endpoint, _secret = crm
    row = tell(endpoint)
    webhooks.switch_off_by_hand(endpoint, SLOT, "maintenance")
    assert (webhooks.send_again([row], SLOT), webhooks.send_due(SLOT).claimed) == (0, 0)
    webhooks.switch_on(endpoint, SLOT)
    webhooks.send_again([row], SLOT)
    assert webhooks.send_due(SLOT).accepted == 1
    assert len(receiver.posts) == 1


def test_the_log_forgets_what_ended_thirty_days_ago(crm, receiver, settings):
    settings.WEBHOOK_KEEP_DAYS = 30
    endpoint, _secret = crm
    tell(endpoint)
    webhooks.send_due(SLOT)
    waiting = tell(endpoint)

    forgotten = [webhooks.forget(SLOT + timedelta(days=days)) for days in (30, 31)]

    assert forgotten == [0, 1]
    assert [row.pk for row in WebhookDelivery.objects.all()] == [waiting.pk]
    assert not WebhookAttempt.objects.exists()


def test_payloads_stay_below_20_kb():
    from journeys.webhooks import outbox  # noqa: PLC0415 -- only here

    with pytest.raises(outbox.TooLong):
        outbox.envelope(outbox.Told("webhook.test", "k", SLOT, {"x": "あ" * 7_000}))


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "requests_hardened")
