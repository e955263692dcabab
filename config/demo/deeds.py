"""What people do in the demo's past, through the doors' own verbs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from journeys import goals
from journeys.messages.following import follow
from journeys.models import Contact, Link, Subscription
from learning import progress
from learning.models import LessonPage

CALLS = ("group", "identify", "track")


def as_call(call: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A call of the facts file in the shape a product's SDK would send it."""
    sent = {k: v for k, v in call.items() if k not in ("at", "groupId")}
    if "groupId" in call:
        sent["context"] = {"groupId": call["groupId"]}
        if call["type"] == "group":
            sent["groupId"] = call["groupId"]
    what = call.get("event") or call["type"]
    who = call.get("userId") or call.get("groupId")
    props = "-".join(str(v) for v in call.get("properties", {}).values())
    return sent | {
        "timestamp": now.isoformat(),
        "messageId": f"{now:%Y%m%d%H%M%S}-{what}-{who}-{props}",
    }


def _contact(call: dict[str, Any]) -> Contact:
    return Contact.objects.select_related("person").get(user_id=call["userId"], is_current=True)


def learn(call: dict[str, Any], now: datetime) -> None:
    """Somebody opens a lesson and reads it to its end."""
    lesson = LessonPage.objects.get(slug=call["lesson"])
    progress.read_through(contact=_contact(call), lesson=lesson, now=now)


def set_goal(call: dict[str, Any], now: datetime) -> None:
    """Somebody enters the success goal on the goal page."""
    contact = _contact(call)
    goals.set_goal(
        subscription=Subscription.objects.get(account=contact.account_id, ended_at=None),
        contact=contact,
        metric=call["metric"],
        unit=call["unit"],
        baseline=Decimal(str(call["before"])),
        target=Decimal(str(call["after"])),
        target_on=None,
        now=now,
    )


def click(call: dict[str, Any], now: datetime) -> None:
    """Somebody follows the button of a letter, if it has come."""
    link = Link.objects.filter(
        message__contact=_contact(call), message__template_version__template__key=call["template"]
    ).first()
    if link is not None:
        follow(link, now)


DEEDS: dict[str, Callable[[dict[str, Any], datetime], None]] = {
    "learn": learn,
    "goal": set_goal,
    "click": click,
}
