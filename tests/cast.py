"""The cast: a small vendor, its customers, and moments of a working week, through public verbs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from journeys import bundle, facts
from journeys.models import Contact, Message, Subscription

DATA = Path(__file__).parent / "data"
TOKYO = ZoneInfo("Asia/Tokyo")


def at(text: str) -> datetime:
    """A Japanese wall clock as the engine takes it: `2026-05-11T10:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=TOKYO).astimezone(UTC)


CONTRACT_DAY = at("2026-05-11T09:00")
SLOT = at("2026-05-11T10:00")


def open_vendor(now: datetime = CONTRACT_DAY, file: str = "small.yaml") -> None:
    """Publish the small vendor's texts."""
    bundle.apply(bundle.read_files([DATA / file]), now)


def customer(
    key: str, now: datetime = CONTRACT_DAY, *, roles: tuple[str, ...] = ("admin",), **traits: Any
) -> Contact:
    """An account with one contact and a contract that starts today; the contact."""
    day = now.astimezone(TOKYO).date().isoformat()
    say(
        now,
        {
            "type": "group",
            "groupId": key,
            "userId": f"{key}-1",
            "traits": {
                "name": f"株式会社{key}",
                "subscriptions": [{"product": "app", "started_on": day}],
                **traits,
            },
        },
        {
            "type": "identify",
            "userId": f"{key}-1",
            "context": {"groupId": key},
            "traits": {"email": f"{key}@example.jp", "name": f"{key} 花子", "roles": list(roles)},
        },
    )
    return Contact.objects.get(user_id=f"{key}-1", is_current=True)


def customers(count: int, now: datetime = CONTRACT_DAY) -> None:
    """Many of them."""
    for n in range(count):
        customer(f"c{n:03}", now)


_said = iter(range(1_000_000_000))


def say(now: datetime, *calls: dict[str, Any]) -> None:
    """Send facts in the HTTP API's shape; a refusal fails the test."""
    sent = [{"timestamp": now.isoformat(), "messageId": f"m{next(_said)}"} | call for call in calls]
    verdicts = facts.take(sent, source="test", received_at=now)
    assert verdicts.rejected == [], verdicts.rejected


def happened(contact: Contact, name: str, now: datetime, **properties: Any) -> None:
    """One fact of a contact."""
    assert contact.account is not None
    say(
        now,
        {
            "type": "track",
            "userId": contact.user_id,
            "context": {"groupId": contact.account.external_id},
            "event": name,
            "properties": properties,
        },
    )


def contract(contact: Contact) -> Subscription:
    """The contact's live contract."""
    return Subscription.objects.select_related("stage").get(account=contact.account, ended_at=None)


def stage_of(contact: Contact) -> str:
    """The key of the stage the contact's contract is in; "" before it has begun."""
    stage = contract(contact).stage
    return stage.key if stage else ""


def ledger_of(contact: Contact) -> list[tuple[str, str, str]]:
    """(step, state, reason) of everything said to a contact, in the order it was planned."""
    rows = Message.objects.filter(contact=contact).order_by("planned_at", "pk")
    return list(rows.values_list("step_id", "state", "reason"))
