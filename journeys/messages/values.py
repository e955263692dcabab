"""What merge fields stand for: plain values read from rows, never the rows themselves (R46).

Built-in fields are read here; other rooms add theirs with `register_value`. A field without a
value is left out, and a text that needs it is not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from journeys import lifecycle
from journeys.calendars import days_at
from journeys.lifecycle.entering import due_on
from journeys.messages.phrases import day, language_of
from journeys.messages.salutation import bare_name, company_name
from journeys.models import Account, Contact, Goal, Message, Persona, Stage, Subscription
from journeys.timing import Days

#: Reads one field for many contacts: (contact ids, now) → {contact id: plain value}.
Reader = Callable[[Collection[int], datetime], Mapping[int, Any]]

BUILT_IN = (
    "account_name", "department", "title", "person_name", "personal_line",
    "owner_name", "owner_phone", "owner_hours",
    "stage_name", "stage_due", "stage_days_left", "onboarding_due",
    "remaining_count", "remaining_list", "goal_before", "goal_after",
)  # fmt: skip
_CHECKLIST = frozenset({"remaining_count", "remaining_list"})
_registered: dict[str, Reader] = {}


def register_value(name: str, function: Reader) -> None:
    """Add a merge field at start-up. ValueError when the name is taken by another reader."""
    if name in BUILT_IN or _registered.get(name, function) is not function:
        raise ValueError(f"the merge field “{name}” is there already")
    _registered[name] = function


def declared() -> frozenset[str]:
    """Every merge field a text may use."""
    return frozenset(BUILT_IN) | _registered.keys()


@dataclass
class _Rows:
    """What a batch of messages needs to look up, once."""

    now: datetime
    days: Days
    contacts: dict[int, Contact] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    goals: dict[int, Goal] = field(default_factory=dict)
    personas: dict[str, Persona] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.days.local_date(self.now)


def values_of(
    messages: Sequence[Message], now: datetime, wanted: Collection[str] | None = None
) -> dict[int, dict[str, Any]]:
    """Message id → merge values (only `wanted` ones where named), as they are at `now`.

    A fixed number of SELECTs, one checklist a subscription where remaining_* is wanted. Dates are
    written in the reader's language and the calendar's zone.
    """
    names = declared() if wanted is None else set(wanted)
    rows = _look_up(messages, now)
    found = {m.pk: _of_one(m, rows, names) for m in messages}
    contact_ids = {m.contact_id for m in messages if m.contact_id}
    for name in sorted(names & _registered.keys()):
        read = _registered[name](contact_ids, now)
        for message in messages:
            found[message.pk][name] = read.get(message.contact_id or 0)
    return {
        pk: {n: v for n, v in values.items() if n in names and v not in (None, "")}
        for pk, values in found.items()
    }


def _look_up(messages: Sequence[Message], now: datetime) -> _Rows:
    subscriptions = Subscription.objects.select_related("stage", "version")
    goals = Goal.objects.filter(
        subscription__in={m.subscription_id for m in messages}, replaced_at=None
    )
    keys = {
        (m.template_version.document.get("persona") or "") for m in messages if m.template_version
    }
    return _Rows(
        now=now,
        days=days_at(now),
        contacts=Contact.objects.select_related("person").in_bulk(
            {m.contact_id for m in messages if m.contact_id}
        ),
        accounts=Account.objects.select_related("owner").in_bulk(
            {m.account_id for m in messages if m.account_id}
        ),
        subscriptions=subscriptions.in_bulk(
            {m.subscription_id for m in messages if m.subscription_id}
        ),
        goals={g.subscription_id: g for g in goals.order_by("agreed_at", "pk")},
        personas={p.key: p for p in Persona.objects.filter(key__in=keys)},
    )


def _of_one(message: Message, rows: _Rows, names: Collection[str]) -> dict[str, Any]:
    contact = rows.contacts.get(message.contact_id or 0)
    subscription = rows.subscriptions.get(message.subscription_id or 0)
    language = language_of(contact.person.locale if contact else "ja")
    found = _who(contact, rows.accounts.get(message.account_id or 0))
    found |= _owner(message, rows)
    if subscription is not None:
        found |= _where(subscription, rows, language)
        if "onboarding_due" in names:
            found |= _onboarding(subscription, rows, language)
        found |= _goal(rows.goals.get(subscription.pk))
        if not _CHECKLIST.isdisjoint(names):
            found |= _remaining(subscription, rows.now)
    return found


def _who(contact: Contact | None, account: Account | None) -> dict[str, Any]:
    """Who is spoken to, and the one sentence a person wrote for them (M13: none, no letter)."""
    return {
        "personal_line": str(account.traits.get("personal_line") or "") if account else "",
        "account_name": company_name(account.name) if account else "",
        "department": contact.department if contact else "",
        "title": contact.title if contact else "",
        "person_name": bare_name(contact.name or contact.person.name) if contact else "",
    }


def _owner(message: Message, rows: _Rows) -> dict[str, Any]:
    """The account's owner; where nobody owns it, the sender speaks for themselves."""
    account = rows.accounts.get(message.account_id or 0)
    owner = account.owner if account else None
    if owner is not None:
        return {
            "owner_name": owner.get_full_name(),
            "owner_phone": owner.phone,
            "owner_hours": owner.hours,
        }
    document = message.template_version.document if message.template_version else {}
    persona = rows.personas.get(document.get("persona") or "")
    if persona is None:
        return {}
    return {
        "owner_name": persona.name,
        "owner_phone": persona.phone,
        "owner_hours": persona.hours,
    }


def _where(subscription: Subscription, rows: _Rows, language: str) -> dict[str, Any]:
    due, stage = subscription.stage_due_on, subscription.stage
    return {
        "stage_name": stage.name if stage else "",
        "stage_due": day(due, rows.today, language) if due else "",
        # An overdue day is the vendor's word, not the customer's: it reads as none left.
        "stage_days_left": max(0, rows.days.between(rows.today, due)) if due else None,
    }


def _onboarding(subscription: Subscription, rows: _Rows, language: str) -> dict[str, Any]:
    """The day by which the stage that completes onboarding should be left."""
    stages = Stage.objects.filter(version=subscription.version_id, completes_onboarding=True)
    stage = stages.first()
    if stage is None:
        return {}
    due = subscription.stage_due_on
    if stage.pk != subscription.stage_id:
        if stage.limit_from != "start" or subscription.started_at is None:
            return {}
        due = due_on(stage, subscription.started_at, subscription.started_at, rows.days)
    return {"onboarding_due": day(due, rows.today, language) if due else ""}


def _goal(goal: Goal | None) -> dict[str, Any]:
    if goal is None:
        return {}
    return {
        "goal_before": f"{goal.baseline.normalize():f}{goal.unit}",
        "goal_after": f"{goal.target.normalize():f}{goal.unit}",
    }


def _remaining(subscription: Subscription, now: datetime) -> dict[str, Any]:
    labels = remaining_labels(subscription, now)
    return {"remaining_count": len(labels), "remaining_list": labels}


def remaining_labels(subscription: Subscription, now: datetime) -> list[str]:
    """What the customer still has to do in this stage, in their own words."""
    return [item.label for item in lifecycle.missing(subscription, now)]
