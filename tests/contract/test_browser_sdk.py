"""Contracts 4: Segment's browser SDK works unchanged; what it sends is in tests/data/browser_sdk.json.

It asks for its settings, then sends each call by itself: JSON as text/plain, its key in Authorization, so
that the browser asks with OPTIONS first.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import time_machine

from journeys.models import Account, Contact, Event, Inbox, Person
from tests.cast import DATA, at
from tests.doors import Door

pytestmark = pytest.mark.django_db
REQUESTS = json.loads((DATA / "browser_sdk.json").read_text())


def send(door: Door, one: dict[str, Any]) -> Any:
    asked = door.client.options(
        one["path"],
        headers={
            "Origin": one["headers"]["Origin"],
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    allowed = asked["Access-Control-Allow-Headers"].lower()
    assert (asked.status_code, asked["Access-Control-Allow-Origin"]) == (200, "*")
    assert "authorization" in allowed
    assert "content-type" in allowed
    assert "POST" in asked["Access-Control-Allow-Methods"]
    headers = one["headers"] | {"Authorization": door.basic(door.key)}
    body = json.dumps({**one["body"], "writeKey": door.key})
    return door.client.generic("POST", one["path"], body, "text/plain", headers=headers)


def test_everything_the_browser_sends_arrives(door: Door) -> None:
    with time_machine.travel(at("2026-05-11T10:00:10")):
        answers = [send(door, one) for one in REQUESTS]
    assert [answer.json()["accepted"] for answer in answers] == [1] * 6
    assert {answer["Access-Control-Allow-Origin"] for answer in answers} == {"*"}
    assert set(Contact.objects.values_list("user_id", flat=True)) == {"okano", "okano.new"}
    assert Person.objects.count() == 1
    assert Account.objects.get().name == "みなと製菓"
    page = Event.objects.get(name="page")  # sent before anybody was known
    assert (page.contact, page.account) == (
        Contact.objects.get(user_id="okano"),
        Account.objects.get(),
    )
    assert page.properties["name"] == "Setup"
    invoice = Event.objects.get(name="invoice.created")
    assert (invoice.product, invoice.properties) == ("app", {"amount": 3})
    assert Event.objects.filter(name="screen").count() == 1
    assert not Inbox.objects.filter(adopted_at=None).exists()


def test_a_call_the_browser_sends_again_counts_once(door: Door) -> None:
    with time_machine.travel(at("2026-05-11T10:00:10")):
        for one in REQUESTS:
            later = {**one, "body": {**one["body"], "sentAt": "2026-05-11T01:00:09.000Z"}}
            assert send(door, one).json()["accepted"] == 1
            assert send(door, later).json()["duplicates"] == 1
    assert Event.objects.count() == 3


def test_the_settings_lead_back_here_and_start_nothing_else(door: Door) -> None:
    found = door.client.get(
        f"/v1/projects/{door.key}/settings", headers={"Origin": "https://app.example"}
    )
    settings = found.json()
    assert found["Access-Control-Allow-Origin"] == "*"
    assert list(settings["integrations"]) == ["Segment.io"]
    assert settings["integrations"]["Segment.io"]["apiHost"] == "testserver/v1"
    assert settings["remotePlugins"] == []
