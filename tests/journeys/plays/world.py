"""The small vendor with plays, and journeys that give something to a person."""

from __future__ import annotations

from typing import Any

from journeys import engine, plays, publishing
from journeys.messages import delivery
from journeys.models import JourneyVersion
from tests import cast
from tests.cast import CONTRACT_DAY, at

CALL = {
    "key": "call",
    "name": "電話",
    "channel": "phone",
    "minutes": 10,
    "guide": "責めない。",
    "roles": ["admin"],
    "cause": "operation",
}
REVIEW = {"key": "review", "name": "設定レビュー", "channel": "web_meeting", "minutes": 30}
#: Back on the route as soon as the customer uses the product.
USED = {"event": {"name": "app.used"}}


def open_vendor() -> None:
    cast.open_vendor()
    for document in (CALL, REVIEW):
        plays.publish(document)


def publish(*steps: dict[str, Any], **more: Any) -> JourneyVersion:
    """A journey of these steps that takes everybody who begins the route."""
    document = {
        "key": "help",
        "name": "人の手",
        "product": "app",
        "entry": {"stage": "begin"},
        "to": {"role": "admin"},
        "enroll": "existing",
        "aim": {"satisfaction": "迷わない", "efficiency": "減らす", "kpi": "期限内", "owner": ""},
        "topic": "start",
        "steps": list(steps),
    } | more
    return publishing.publish_journey(document, CONTRACT_DAY)[0]


def tick(moment: str, times: int = 1) -> None:
    """The beats, and the sender after them, as the sweep does it."""
    for _pass in range(times):
        engine.tick(at(moment))
        delivery.send_due(at(moment))
