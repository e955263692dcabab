"""The traits whose names mean something here (contracts 4): what they may hold. Pure.

What does not fit is left out and told; the other traits of the call stand (catalogue 4.1.27).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from journeys.people.calls import Problem

LONGEST_NAME = 200
MOST_CONTRACTS = 100
MOST_MONEY = 10**12
# One mailbox: no spaces, control characters, commas, quotes or brackets anywhere.
_WORD = r"[^\s\x00-\x20\x7f<>()\[\]\\,;:\"@]+"
_EMAIL = re.compile(rf"^{_WORD}@{_WORD}$")
_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
# Follow a person from one account to the next.
IDENTITY = ("email", "name", "firstName", "lastName", "kana", "locale", "timezone", "phone")


class BadTrait(ValueError):
    """A trait that does not fit, in a sentence."""


Reader = Callable[[Any], Any]


def text(longest: int) -> Reader:
    def read(value: Any) -> str:
        if not isinstance(value, str) or len(value) > longest:
            raise BadTrait(_("must be a text of at most %(n)d characters") % {"n": longest})
        return value

    return read


def email(value: Any) -> str:
    """One address, without a name or comments."""
    found = value.strip(" ") if isinstance(value, str) else ""
    if len(found) > 254 or not _EMAIL.match(found):
        raise BadTrait(_("is not an e-mail address"))
    return found


def zone(value: Any) -> str:
    name = str(text(60)(value))
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise BadTrait(_("is not a time zone such as Asia/Tokyo")) from None
    return name


def role(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 100:
        raise BadTrait(_("must be the name of a role"))
    return value.strip()


def roles(value: Any) -> list[str]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or len(value) > 100:
        raise BadTrait(_("must be a list of role names"))
    return list(dict.fromkeys(role(one) for one in value))


def day(value: Any) -> str:
    as_date(value)
    return str(value)


def money(value: Any) -> int | float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < MOST_MONEY:
        return value
    raise BadTrait(_("must be a number"))


def as_date(value: Any) -> date:
    """A day, or the local day (TIME_ZONE) of a moment. BadTrait when it is neither."""
    try:
        if isinstance(value, str) and _DAY.match(value):
            return date.fromisoformat(value)
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise BadTrait(_("is not a day such as 2026-04-01")) from None
    if moment.tzinfo is None:
        return moment.date()
    try:
        return moment.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    except OverflowError:
        raise BadTrait(_("is not a day such as 2026-04-01")) from None


def as_money(value: int | float) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


OF_CONTACT: Mapping[str, Reader] = {
    "email": email,
    "name": text(200),
    "firstName": text(100),
    "lastName": text(100),
    "kana": text(200),
    "title": text(200),
    "department": text(200),
    "locale": text(20),
    "timezone": zone,
    "phone": text(40),
    "role": role,
    "roles": roles,
}
OF_ACCOUNT: Mapping[str, Reader] = {
    "name": text(200),
    "kana": text(200),
    "owner": email,
    "value_tier": text(20),
    "partner": text(200),
}
OF_SUBSCRIPTION: Mapping[str, Reader] = {
    "started_on": day,
    "renewal_on": day,
    "mrr": money,
}
Cleaned = tuple[dict[str, Any], list[Problem]]


def clean(traits: Mapping[str, Any], readers: Mapping[str, Reader], path: str) -> Cleaned:
    """The traits that fit, and a problem for each that does not; null (remove it) always fits."""
    fitting: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in traits.items():
        try:
            if not name.strip() or len(name) > LONGEST_NAME:
                raise BadTrait(_("needs a name of at most %(n)d characters") % {"n": LONGEST_NAME})
            reader = readers.get(name)
            fitting[name] = value if value is None or reader is None else reader(value)
        except BadTrait as bad:
            problems.append(_problem(f"{path}.{name[:50]}", bad))
    return fitting, problems


def clean_contact(traits: Mapping[str, Any]) -> Cleaned:
    """Traits of an identify call."""
    return clean(traits, OF_CONTACT, "traits")


def clean_account(traits: Mapping[str, Any]) -> Cleaned:
    """Traits of a group call; `subscriptions` keeps the contracts that can be read."""
    fitting, problems = clean(traits, OF_ACCOUNT, "traits")
    if fitting.get("subscriptions") is None:
        return fitting, problems
    contracts, more = _contracts(fitting.pop("subscriptions"))
    if contracts:
        fitting["subscriptions"] = contracts
    return fitting, problems + more


def _contracts(raw: Any) -> tuple[list[dict[str, Any]], list[Problem]]:
    path = "traits.subscriptions"
    if not isinstance(raw, list) or len(raw) > MOST_CONTRACTS:
        bad = BadTrait(_("must be a list of contracts, each with its product"))
        return [], [_problem(path, bad)]
    found: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for number, entry in enumerate(raw):
        product = entry.get("product") if isinstance(entry, dict) else None
        if not isinstance(product, str) or not 0 < len(product.strip()) <= 100:
            bad = BadTrait(_("must name the product"))
            problems.append(_problem(f"{path}[{number}].product", bad))
            continue
        fitting, more = clean(entry, OF_SUBSCRIPTION, f"{path}[{number}]")
        found.append(fitting | {"product": product.strip()})
        problems += more
    return found, problems


def _problem(path: str, bad: BadTrait) -> Problem:
    return Problem("bad_trait", path, f"{path}: {bad}")
