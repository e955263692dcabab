"""Receivers in the admin: added, tried, switched off; the secret is shown once, each attempt kept."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from journeys import outside, webhooks
from journeys.models import WebhookDelivery, WebhookEndpoint
from tests.cast import SLOT
from tests.journeys.admin.conftest import as_, url
from tests.journeys.webhooks.conftest import receiver
from tests.journeys.webhooks.receiver import Receiver

__all__ = ["receiver"]
pytestmark = pytest.mark.django_db
ADD = "/admin/journeys/webhookendpoint/add/"


@pytest.fixture
def boss(vendor: None, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(outside, "hindrance", lambda: "")
    return as_("admin")


def add(client: Client, receiver: Receiver, **said: Any) -> Any:
    form = {"key": "crm", "name": "CRM", "url": receiver.url, "events": ["stage.changed"]} | said
    return client.post(ADD, form)


def act(client: Client, what: str) -> Any:
    return client.post(url("act", WebhookEndpoint.objects.get()), {"do": what}, follow=True)


def test_a_receivers_secret_is_shown_once(boss, receiver):
    page = add(boss, receiver)
    secret = page.context["secret"]
    assert secret in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.events, endpoint.active) == (["stage.changed"], True)
    later = boss.get(url("change", endpoint)).content.decode()
    assert secret not in later
    assert "whsec_" not in later


def test_no89_an_address_inside_is_refused_at_its_field(boss, receiver):
    page = add(boss, receiver, url="https://169.254.169.254/")
    assert "url" in page.context["adminform"].form.errors
    assert not WebhookEndpoint.objects.exists()


def test_no89_also_when_it_is_changed(boss, receiver):
    add(boss, receiver)
    endpoint = WebhookEndpoint.objects.get()
    page = boss.post(url("change", endpoint), {"name": "x", "url": "https://10.0.0.1/"})
    assert "url" in page.context["adminform"].form.errors


def test_a_change_keeps_the_secret(boss, receiver):
    secret = add(boss, receiver).context["secret"]
    endpoint = WebhookEndpoint.objects.get()
    boss.post(url("change", endpoint), {"name": "x", "url": receiver.url, "events": []})
    act(boss, "test")
    webhooks.send_due(SLOT)
    assert receiver.verify(receiver.posts[0], secret)
    assert WebhookEndpoint.objects.get().events == []


def test_a_test_event_is_on_its_way_and_in_the_log(boss, receiver):
    add(boss, receiver)
    act(boss, "test")
    receiver.status, receiver.body = 500, b"no such table"
    webhooks.send_due(SLOT)
    page = boss.get(url("change", WebhookDelivery.objects.get())).content.decode()
    for said in ("webhook.test", "500", "no such table", "msg_"):
        assert said in page
    assert "webhook.test" in boss.get("/admin/journeys/webhookdelivery/").content.decode()


def test_what_was_given_up_is_sent_again_from_the_log(boss, receiver):
    add(boss, receiver)
    act(boss, "test")
    WebhookDelivery.objects.update(state="given_up")
    row = WebhookDelivery.objects.get()
    assert boss.get(url("again", row)).status_code == 405
    boss.post(url("again", row))
    webhooks.send_due(SLOT)
    assert (receiver.events, WebhookDelivery.objects.get().state) == (["webhook.test"], "accepted")


def test_a_receiver_is_switched_off_and_on_and_given_a_new_secret(boss, receiver):
    old = add(boss, receiver).context["secret"]
    act(boss, "off")
    assert "Switched off" in boss.get(url("change", WebhookEndpoint.objects.get())).content.decode()
    act(boss, "on")
    assert WebhookEndpoint.objects.get().active
    new = act(boss, "secret").context["secret"]
    assert new != old
    said = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert "New secret" in said
    assert not any("whsec_" in one for one in said)


def test_reading_changes_nothing(boss, receiver):
    add(boss, receiver)
    assert boss.get(url("act", WebhookEndpoint.objects.get())).status_code == 405
    assert not WebhookDelivery.objects.exists()


def test_cs_operations_see_receivers_and_do_not_change_them(boss, receiver):
    add(boss, receiver)
    ops, endpoint = as_("cs_ops"), WebhookEndpoint.objects.get()
    assert ops.get(url("change", endpoint)).status_code == 200
    assert ops.get(reverse("admin:journeys_webhookendpoint_add")).status_code == 403
    assert ops.post(url("act", endpoint), {"do": "secret"}).status_code == 403
    assert as_("csm").get("/admin/journeys/webhookendpoint/").status_code == 403
