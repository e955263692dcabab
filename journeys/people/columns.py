"""The columns that are read from reserved traits, brought up to date with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from journeys.models import Account, Contact, Subscription, User
from journeys.people.changes import Changes
from journeys.people.reserved import BadTrait, as_date, as_money

SAME_NAME_OF_CONTACT = ("kana", "email", "department", "title")
SAME_NAME_OF_ACCOUNT = ("name", "kana", "value_tier", "partner")
NAME_PARTS = {"name", "firstName", "lastName"}


def of_contact(contact: Contact, changed: Collection[str], changes: Changes) -> None:
    traits = contact.traits
    texts = {n: traits.get(n) or "" for n in SAME_NAME_OF_CONTACT if n in changed}
    if NAME_PARTS.intersection(changed):
        texts["name"] = full_name(traits)
    changes.set(contact, **texts)
    person = {name: texts[name] for name in ("name", "kana") if texts.get(name)}
    for name, column in (("locale", "locale"), ("timezone", "zone")):
        if name in changed and traits.get(name):
            person[column] = traits[name]
    changes.set(contact.person, **person)


def full_name(traits: Mapping[str, Any]) -> str:
    """The name as given, else of its parts: family name first, but not in English."""
    first, last = traits.get("firstName") or "", traits.get("lastName") or ""
    if str(traits.get("locale") or "").startswith("en"):
        first, last = last, first
    return str(traits.get("name") or f"{last} {first}".strip())[:200]


def of_accounts(changed: Sequence[tuple[Account, Collection[str]]], changes: Changes) -> None:
    """One SELECT for the owners that are named, if any is."""
    named = {a.traits.get("owner") for a, names in changed if "owner" in names} - {None}
    staff = User.objects.filter(is_staff=True, email__in=[email.lower() for email in named])
    owners = {user.email.lower(): user for user in staff} if named else {}
    for account, names in changed:
        texts = {n: account.traits.get(n) or "" for n in SAME_NAME_OF_ACCOUNT if n in names}
        if "owner" in names:
            texts["owner"] = owners.get((account.traits.get("owner") or "").lower())
        changes.set(account, **texts)


def of_subscription(contract: Subscription, changed: Collection[str], changes: Changes) -> None:
    traits = contract.traits
    if "renewal_on" in changed:
        changes.set(contract, renewal_on=_day(traits.get("renewal_on")))
    if "mrr" in changed:
        mrr = traits.get("mrr")
        changes.set(contract, mrr=None if mrr is None else as_money(mrr))


def _day(value: Any) -> Any:
    try:
        return None if value is None else as_date(value)
    except BadTrait:
        return None


def given_start(contract: Subscription) -> datetime | None:
    """The start the customer's data gives: 00:00 of that day in TIME_ZONE (contracts 1.12)."""
    day = _day(contract.traits.get("started_on"))
    if day is None:
        return None
    return datetime.combine(day, time(0), ZoneInfo(settings.TIME_ZONE))


def earliest(*moments: datetime | None) -> datetime | None:
    return min((m for m in moments if m is not None), default=None)
