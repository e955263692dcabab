"""What is written down to be told: envelopes, natural keys, and rows that are written once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from journeys import db
from journeys.models import WebhookDelivery, WebhookEndpoint

#: What a receiver may subscribe to (R103).
EVENTS = (
    "stage.changed",
    "course.completed",
    "contact.opted_out",
    "signal.opened",
    "csql.created",
)
#: Names that are taken, and told as soon as there is such a thing.
LATER = ("signal.opened", "csql.created")
STEP = "journey.step"
TEST = "webhook.test"
MOST_BYTES = 20_000  # Standard Webhooks: payloads stay small


@dataclass(frozen=True)
class Told:
    """Something that happened, as a receiver is told. `key` is natural and unique in its event."""

    event: str
    key: str
    at: datetime
    data: Mapping[str, Any]
    account_id: int | None = None
    enrollment_id: int | None = None
    step_id: str = ""


class TooLong(ValueError):
    """The envelope would be longer than receivers take."""


def envelope(told: Told) -> str:
    """{"type", "timestamp", "data"} as compact JSON: the text that is signed and sent."""
    content = {"type": told.event, "timestamp": moment(told.at), "data": told.data}
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    if len(body.encode()) > MOST_BYTES:
        raise TooLong(told.key)
    return body


def moment(at: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def delivery(told: Told, endpoint: WebhookEndpoint, now: datetime) -> WebhookDelivery:
    """An unsaved row of the outbox, due at once."""
    return WebhookDelivery(
        key=f"{told.event}/{told.key}/{endpoint.uid}",
        endpoint=endpoint,
        event=told.event,
        body=envelope(told),
        account_id=told.account_id,
        enrollment_id=told.enrollment_id,
        step_id=told.step_id,
        state=WebhookDelivery.State.WAITING,
        created_at=now,
        next_at=now,
    )


def write(rows: Iterable[WebhookDelivery]) -> int:
    """Put rows into the outbox by one statement; those that are there already are left alone."""
    return db.insert(list(rows), ignore_conflicts=True)


def account_of(external_id: str, name: str) -> dict[str, str]:
    """An account as receivers know it."""
    return {"id": external_id, "name": name}
