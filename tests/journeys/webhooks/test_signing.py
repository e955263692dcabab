"""A delivery is signed by Standard Webhooks: its receiver's own library believes it, or not."""

from __future__ import annotations

from datetime import timedelta

import pytest
import standardwebhooks
from django.utils import timezone

from journeys import webhooks
from journeys.models import WebhookAttempt, WebhookEndpoint
from journeys.webhooks import secrets
from tests.cast import SLOT
from tests.journeys.webhooks.outbox import end_of, tell

pytestmark = pytest.mark.django_db


def test_a_delivery_is_signed_as_the_receivers_library_expects(crm, receiver):
    endpoint, secret = crm
    row = tell(endpoint)

    assert webhooks.send_due(SLOT).accepted == 1

    post = receiver.posts[0]
    assert receiver.verify(post, secret)["type"] == "webhook.test"
    assert (post.id, post.headers["content-type"]) == (
        f"msg_{row.uid.hex}", "application/json; charset=utf-8",
    )  # fmt: skip
    assert end_of(row) == ("accepted", "received", 1)


@pytest.mark.parametrize("forged", ["body", "id", "secret"])
def test_a_forged_delivery_is_noticed_by_the_receiver(crm, receiver, forged):
    endpoint, secret = crm
    tell(endpoint)
    webhooks.send_due(SLOT)
    post = receiver.posts[0]
    if forged == "body":
        post.body += " "
    elif forged == "id":
        post.headers["webhook-id"] = "msg_other"
    else:
        secret = secrets.new()
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        receiver.verify(post, secret)


def test_the_id_stays_and_the_timestamp_is_the_attempts(crm, receiver, monkeypatch):
    endpoint, secret = crm
    tell(endpoint)
    receiver.status = 500
    webhooks.send_due(SLOT)
    receiver.status = 200
    later = timezone.now() + timedelta(minutes=2)
    monkeypatch.setattr("journeys.clock.machine", lambda: later)
    webhooks.send_due(SLOT + timedelta(hours=1))

    first, second = receiver.posts
    assert (first.id, first.body) == (second.id, second.body)
    assert int(second.headers["webhook-timestamp"]) == int(later.timestamp())
    assert receiver.verify(second, secret)


def test_the_secret_is_stored_sealed_and_a_new_one_holds_from_the_next_attempt(crm, receiver):
    endpoint, secret = crm
    assert secret.startswith("whsec_")
    assert secret not in WebhookEndpoint.objects.get().secret

    new = webhooks.renew_secret(endpoint)
    tell(endpoint)
    webhooks.send_due(SLOT)

    assert receiver.verify(receiver.posts[0], new)


def test_a_secret_outlives_a_change_of_secret_key(crm, receiver, settings):
    endpoint, secret = crm
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another long and random text"
    tell(endpoint)
    webhooks.send_due(SLOT)
    assert receiver.verify(receiver.posts[0], secret)


def test_a_secret_that_cannot_be_opened_is_said_in_the_log(crm, receiver, settings):
    tell(crm[0])
    settings.SECRET_KEY = "another long and random text"
    webhooks.send_due(SLOT)
    assert receiver.posts == []
    assert "SECRET_KEY" in WebhookAttempt.objects.get().error
