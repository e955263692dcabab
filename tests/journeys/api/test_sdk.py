"""Segment's own SDK, unmodified, against a running server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from segment.analytics.client import Client

from journeys.models import Account, Contact, Event, Person
from tests.doors import Door
from tests.journeys.api.proxy import BROKEN, BUSY, LOST, between


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("gzip", [True, False])
def test_the_python_sdk_works_unchanged(live_server: Any, gzip: bool) -> None:
    failed: list[Any] = []
    client = Client(
        Door().key, host=live_server.url, gzip=gzip, on_error=lambda *told: failed.append(told)
    )
    started = datetime.now(UTC)
    client.group("okano", "ac1", {"name": "みなと製菓"})
    client.identify("okano", {"email": "okano@minato.example", "roles": ["admin"]})
    client.track("okano", "invoice.created", {"amount": 3}, context={"product": "app"})
    client.page("okano", "Docs", "Home")
    client.track(anonymous_id="cookie", event="seen")
    client.alias("okano", "okano.new")
    client.shutdown()

    assert failed == []
    assert Account.objects.get().name == "みなと製菓"
    assert set(Contact.objects.values_list("user_id", flat=True)) == {"okano", "okano.new"}
    assert Person.objects.count() == 1
    invoice = Event.objects.get(name="invoice.created")
    assert (invoice.product, invoice.properties, invoice.account) == (
        "app",
        {"amount": 3},
        Account.objects.get(),
    )
    assert abs(invoice.occurred_at - started).total_seconds() < 5


@pytest.mark.django_db(transaction=True)
def test_the_python_sdk_learns_that_its_key_is_wrong(live_server: Any) -> None:
    failed: list[Any] = []
    client = Client("wrong", host=live_server.url, on_error=lambda *told: failed.append(told))
    client.track("okano", "login")
    client.shutdown()

    assert [error.status for error, _batch in failed] == [401]
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("gzip", [True, False])
def test_the_python_sdk_delivers_once_through_answers_that_are_busy_broken_or_lost(
    live_server: Any, gzip: bool
) -> None:
    """I2: the same messageIds come again, also after an answer that never arrived."""
    failed: list[Any] = []
    with between(live_server.url, [BUSY, BROKEN, LOST]) as (address, seen):
        client = Client(
            Door().key, host=address, gzip=gzip, on_error=lambda *told: failed.append(told)
        )
        for number in range(3):
            client.track("okano", "invoice.created", {"amount": number})
        client.shutdown()
    assert failed == []
    assert seen.done == [BUSY, BROKEN, LOST, "pass"]
    found = Event.objects.filter(name="invoice.created").order_by("pk")
    assert [event.properties["amount"] for event in found] == [0, 1, 2]
