"""A vendor, a receiver that listens, and settings that let it be on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from journeys import outside, webhooks
from journeys.models import WebhookEndpoint
from tests.cast import CONTRACT_DAY
from tests.journeys.plays.world import open_vendor
from tests.journeys.webhooks.receiver import Receiver, listening


@pytest.fixture
def vendor(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "hindrance", lambda: "")
    open_vendor()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    with listening() as one:
        settings.WEBHOOK_HOSTS = [one.netloc]
        yield one


Begin = Callable[..., tuple[WebhookEndpoint, str]]


@pytest.fixture
def begin(vendor: None, receiver: Receiver) -> Begin:
    """Begin a receiver called crm; (receiver, its secret)."""

    def _begin(*events: str, key: str = "crm", **more: Any) -> tuple[WebhookEndpoint, str]:
        said: dict[str, Any] = {"url": receiver.url, "now": CONTRACT_DAY} | more
        return webhooks.add(key=key, events=events, **said)

    return _begin


@pytest.fixture
def crm(begin) -> tuple[WebhookEndpoint, str]:
    return begin()
