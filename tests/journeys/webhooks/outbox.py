"""A delivery to try things with, and what became of it."""

from __future__ import annotations

from datetime import datetime

from journeys import webhooks
from journeys.models import WebhookDelivery, WebhookEndpoint
from tests.cast import SLOT


def tell(endpoint: WebhookEndpoint, now: datetime = SLOT) -> WebhookDelivery:
    return webhooks.send_test(endpoint, now)


def end_of(row: WebhookDelivery) -> tuple[str, str, int]:
    row.refresh_from_db()
    return row.state, row.reason, row.attempts
