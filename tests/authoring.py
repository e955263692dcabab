"""Journeys written in a test: the small vendor's texts, and one journey at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from journeys import bundle, engine, enrollments
from journeys.messages import delivery
from journeys.models import Contact, Decision, Enrollment, JourneyVersion
from journeys.publishing import publish_journey
from tests import cast

AIM = {"satisfaction": "迷わない", "efficiency": "説明を減らす", "kpi": "期限内の完了"}


def vendor(now: datetime = cast.CONTRACT_DAY) -> None:
    """The small vendor without its own journeys."""
    found = bundle.read_files([cast.DATA / "small.yaml"])
    found.documents["journeys"] = {}
    bundle.apply(found, now)


def document(*steps: dict[str, Any], **said: Any) -> dict[str, Any]:
    """A journey's document: everybody in stage `begin` comes in, and gets these steps."""
    return {
        "key": "j",
        "name": "J",
        "product": "app",
        "entry": {"stage": "begin"},
        "enroll": "existing",
        "aim": AIM,
        "topic": "start",
        "steps": list(steps),
        **said,
    }


def journey(
    *steps: dict[str, Any], now: datetime = cast.CONTRACT_DAY, **said: Any
) -> JourneyVersion:
    """Publish it, as the bundle and the editor do."""
    version, new = publish_journey(document(*steps, **said), now)
    if new and version.program["enroll"] == "new" and version.number == 1:
        enrollments.remember_who_matched(version, now)
    return version


def tick(moment: str | datetime) -> None:
    """A tick and a pass of the sender; twice, so that wakes are seen."""
    now = cast.at(moment) if isinstance(moment, str) else moment
    for _pass in range(2):
        engine.tick(now)
        delivery.send_due(now)


def run_of(contact: Contact, key: str = "j") -> Enrollment:
    """The newest run of a contact (or of its account) in a journey."""
    rows = Enrollment.objects.filter(journey__key=key, account=contact.account)
    return rows.exclude(status="out").order_by("-run", "-pk")[0]


def told(key: str = "j") -> list[tuple[str, str, str]]:
    """(step, verdict, reason) of a journey's decisions, in order."""
    rows = Decision.objects.filter(journey_key=key).order_by("pk")
    return list(rows.values_list("step_id", "verdict", "reason"))
