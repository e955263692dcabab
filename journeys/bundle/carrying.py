"""Carrying a bundle out, document by document; plan takes it back, apply keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from journeys import conditions, enrollments, people, plays
from journeys.bundle import accounts, pruning, segments
from journeys.bundle.exporting import (
    CALENDAR,
    PERSONA,
    PRODUCT,
    TOPIC,
    documents_now,
    plain,
)
from journeys.bundle.reading import KINDS, Bundle
from journeys.messages.templates import publish_template
from journeys.models import Account, Calendar, Journey, Persona, Product, Scenario, Topic, User
from journeys.publishing import Problem, PublishRefused, publish_journey, publish_lifecycle

Document = dict[str, Any]
#: Publishes a document; says whether anything changed. PublishRefused with its mistakes.
Verb = Callable[[Document], bool]


@dataclass
class Done:
    """`kind/key` of what was made, changed and retired, and what is wrong, with its place."""

    create: list[str] = field(default_factory=list)
    update: list[str] = field(default_factory=list)
    delete: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def carry_out(
    bundle: Bundle, now: datetime, *, by: User | None = None, prune: bool = False
) -> Done:
    """Publish each document in the order of KINDS. To be called in a transaction of the caller,
    who takes it back when there are problems.
    """
    before = documents_now()
    done = Done()
    if prune:
        done.delete, done.problems = pruning.retire(bundle, before, now)
    known = {kind: set(documents) for kind, documents in before.items()}
    known["accounts"] = set(
        Account.objects.filter(external_id__in=bundle.of("accounts")).values_list(
            "external_id", flat=True
        )
    )
    failed: set[str] = set()
    for kind in KINDS:
        verb = _verbs(bundle, now, by)[kind]
        for key, document in _in_order(kind, bundle).items():
            try:
                changed = verb(document)
            except PublishRefused as error:
                failed.add(key)
                # What is missing only because it was refused itself needs no second sentence.
                done.problems += [
                    bundle.placed(kind, key, p) for p in error.problems if p.missing not in failed
                ]
            else:
                if changed:
                    (done.update if key in known[kind] else done.create).append(f"{kind}/{key}")
    _subscribe(bundle, now)
    return done


def _in_order(kind: str, bundle: Bundle) -> dict[str, Document]:
    documents = bundle.of(kind)
    return segments.in_order(documents) if kind == "segments" else documents


def _verbs(bundle: Bundle, now: datetime, by: User | None) -> dict[str, Verb]:
    beside = bundle.of("segments")
    return {
        "products": _put_product,
        "calendars": lambda document: _put_calendar(document, now),
        "topics": lambda document: _put(Topic, document, TOPIC),
        "personas": lambda document: _put(Persona, document, PERSONA),
        "templates": lambda document: publish_template(document, now, by=by)[1],
        "plays": lambda document: plays.publish(document)[1],
        "segments": lambda document: segments.publish(document, now, beside),
        "lifecycles": lambda document: publish_lifecycle(document, now, by=by)[1],
        "journeys": lambda document: _publish_journey(document, now, by),
        "scenarios": _put_scenario,
        "accounts": lambda document: _tell_account(document, now),
    }


def _put(model: Any, document: Document, names: tuple[str, ...]) -> bool:
    """Make the noun, or change exactly what its document says otherwise."""
    row = model.objects.filter(key=document["key"]).first() or model(key=document["key"])
    values = {n: document.get(n, model._meta.get_field(n).get_default()) for n in names}
    if row.pk and all(getattr(row, name) == value for name, value in values.items()):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    if row.pk:
        row.save(update_fields=names)
    else:
        model.objects.bulk_create([row])
    return True


def _put_product(document: Document) -> bool:
    rule = document.get("subscribe", "none")
    if isinstance(rule, dict):
        try:
            conditions.parse(rule, subject="account")
        except conditions.ConditionError as error:
            path = f"subscribe.{error.path}" if error.path else "subscribe"
            raise PublishRefused([Problem(path, error.message)]) from None
    return _put(Product, document, PRODUCT)


def _put_calendar(document: Document, now: datetime) -> bool:
    """A changed calendar closes its row and begins a new one: what was decided stays explained."""
    live = Calendar.objects.filter(key=document["key"], to_at=None).first()
    fresh = Calendar(**document, from_at=now)
    if live and plain(live, CALENDAR) == plain(fresh, CALENDAR):
        return False
    Calendar.objects.filter(key=document["key"], to_at=None).update(to_at=now)
    Calendar.objects.bulk_create([fresh])
    return True


def _publish_journey(document: Document, now: datetime, by: User | None) -> bool:
    version, new = publish_journey(document, now, by=by)
    if new and version.program["enroll"] == "new" and version.number == 1:
        enrollments.remember_who_matched(version, now)
    return new


def _put_scenario(document: Document) -> bool:
    if not Journey.objects.filter(key=document["journey"]).exists():
        raise PublishRefused([segments.missing("journey", document["journey"])])
    if (key := document.get("segment")) and key not in segments.documents():
        raise PublishRefused([segments.missing("segment", key)])
    row = Scenario.objects.filter(key=document["key"]).first()
    if row and row.document == document:
        return False
    values = {"name": document["name"], "document": document}
    Scenario.objects.update_or_create(key=document["key"], defaults=values)
    return True


def _tell_account(document: Document, now: datetime) -> bool:
    news = accounts.is_news(document)
    if news:
        accounts.tell(document, now)
    return news


def _subscribe(bundle: Bundle, now: datetime) -> None:
    for product in Product.objects.filter(key__in=bundle.of("products")):
        if product.subscribe == people.EVERY_ACCOUNT:
            people.subscribe_everybody(product, now)
    people.subscribe_matching(now)
