"""Accounts of a bundle: customers to try things out with, said by the calls a product would make.

A call's messageId is made of what it says, so applying a bundle again says nothing twice, and a
changed line is news.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from journeys import facts
from journeys.bundle.shapes import AccountDoc, ContactDoc, FactDoc
from journeys.models import Receipt
from journeys.publishing import Problem, PublishRefused

SOURCE = "bundle"
Call = dict[str, Any]


def calls_of(document: dict[str, Any]) -> list[Call]:
    """The calls an account is made of, in the order of time; equal documents make equal calls."""
    doc = AccountDoc.model_validate(document)
    calls = [_group(doc)]
    calls += [_identify(doc, contact) for contact in doc.contacts]
    calls += [_track(doc, fact) for fact in doc.facts]
    calls.sort(key=lambda call: datetime.fromisoformat(call["timestamp"]))
    return [call | {"messageId": _name_of(doc.key, call)} for call in calls]


def is_news(document: dict[str, Any]) -> bool:
    """Whether applying an account would say anything that was not said before."""
    names = {call["messageId"] for call in calls_of(document)}
    return Receipt.objects.filter(source=SOURCE, message_id__in=names).count() < len(names)


def tell(document: dict[str, Any], now: datetime) -> None:
    """Say everything about an account. PublishRefused when a call is refused."""
    verdicts = facts.take(calls_of(document), source=SOURCE, received_at=now)
    if verdicts.rejected:
        raise PublishRefused([Problem("", one.message) for one in verdicts.rejected])


def _group(doc: AccountDoc) -> Call:
    contracts = [
        {"product": c.product, "started_on": c.started_on}
        | ({"renewal_on": c.renewal_on} if c.renewal_on else {})
        | ({"mrr": c.mrr} if c.mrr is not None else {})
        | c.traits
        for c in doc.subscriptions
    ]
    named = dict(_given(doc, ("name", "kana", "owner", "value_tier", "partner")))
    traits = doc.traits | named | ({"subscriptions": contracts} if contracts else {})
    return _nobody(doc) | {
        "type": "group",
        "groupId": doc.key,
        "timestamp": doc.since,
        "traits": traits,
    }


def _identify(doc: AccountDoc, contact: ContactDoc) -> Call:
    fields = ("name", "email", "kana", "department", "title", "locale", "roles")
    return {
        "type": "identify",
        "userId": contact.id,
        "context": {"groupId": doc.key},
        "timestamp": contact.since or doc.since,
        "traits": contact.traits | dict(_given(contact, fields)),
    }


def _track(doc: AccountDoc, fact: FactDoc) -> Call:
    context: dict[str, Any] = {"groupId": doc.key}
    if fact.product:
        context["product"] = fact.product
    who = {"userId": fact.contact} if fact.contact else _nobody(doc)
    return who | {
        "type": "track",
        "event": fact.name,
        "context": context,
        "timestamp": fact.at,
        "properties": fact.properties,
    }


def _nobody(doc: AccountDoc) -> dict[str, str]:
    """What is said of a company and of nobody in it."""
    return {"anonymousId": f"account:{doc.key}"[:200]}


def _given(doc: Any, names: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    return ((name, getattr(doc, name)) for name in names if getattr(doc, name))


def _name_of(account: str, call: Call) -> str:
    text = json.dumps(call, ensure_ascii=False, sort_keys=True)
    return f"{account[:100]}/{call['type']}/{hashlib.sha256(text.encode()).hexdigest()[:32]}"
