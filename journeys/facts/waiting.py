"""Facts that are judged for nobody: of contacts without an account, and of nobody known (contracts 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from journeys.facts.recording import HOUSE
from journeys.facts.taking import take
from journeys.models import Account, Event, Inbox


@dataclass(frozen=True)
class Waiting:
    """Whose facts wait: a user id, or an anonymous id where there is none yet."""

    user_id: str
    anonymous_id: str
    facts: int
    first_at: datetime  # occurred
    since: datetime  # received


class NoSuchAccount(LookupError):
    """Nobody has this external id."""


def waiting(most: int = 200) -> list[Waiting]:
    """Whoever waits, longest first; two SELECTs."""
    about = {"facts": Count("pk"), "first_at": Min("occurred_at"), "since": Min("received_at")}
    contacts = Event.objects.filter(account=None, contact__account=None).exclude(contact=None)
    rows = contacts.values("contact__user_id").annotate(**about).order_by("since")[:most]
    found = [
        Waiting(row["contact__user_id"], "", row["facts"], row["first_at"], row["since"])
        for row in rows
    ]
    cookies = Inbox.objects.filter(adopted_at=None).values("anonymous_id").annotate(**about)
    found += [
        Waiting("", row["anonymous_id"], row["facts"], row["first_at"], row["since"])
        for row in cookies.order_by("since")[:most]
    ]
    return sorted(found, key=lambda one: one.since)


def give_account(
    *, account: str, user_id: str, anonymous_id: str = "", since: datetime, now: datetime
) -> Account:
    """Say by hand who it is: `user_id` is in `account` since `since`; what waited is drained.

    The facts count from now on, when they happened (contracts 1.11). NoSuchAccount for an
    external id that nobody has: a mistake in writing must not begin a customer.
    """
    found = Account.objects.filter(external_id=account).first()
    if found is None:
        raise NoSuchAccount(account)
    who = {"userId": user_id, "timestamp": since.isoformat()}
    calls = [{"type": "group", "groupId": account, "traits": {}, **who}]
    if anonymous_id:
        calls.append({"type": "identify", "anonymousId": anonymous_id, "traits": {}, **who})
    take(calls, source=HOUSE, received_at=now)
    return found
