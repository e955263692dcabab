"""Applying a bundle: what changed becomes new versions, in one transaction or not at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from journeys import enrollments, people
from journeys.bundle.exporting import CALENDAR, PERSONA, PRODUCT, TOPIC, plain
from journeys.bundle.planning import Plan, plan
from journeys.bundle.reading import Bundle
from journeys.messages.templates import publish_template
from journeys.models import (
    Calendar,
    Journey,
    Lifecycle,
    Persona,
    Product,
    Template,
    Topic,
    User,
    VersionStatus,
)
from journeys.publishing import PublishRefused, publish_journey, publish_lifecycle


@transaction.atomic
def apply(bundle: Bundle, now: datetime, *, by: User | None = None, prune: bool = False) -> Plan:
    """Publish what changed. PublishRefused (nothing changed) when a check fails.

    Nothing is deleted without `prune`; even then texts are retired, because customers may run
    on them.
    """
    if bundle.problems:
        raise PublishRefused(bundle.problems)
    found = plan(bundle, prune=prune)
    _put_nouns(bundle, now)
    _publish(bundle, now, by)
    for product in Product.objects.filter(key__in=bundle.of("products")):
        if product.subscribe != "none":
            people.subscribe_everybody(product, now)
    _retire(found.delete)
    return found


def _put_nouns(bundle: Bundle, now: datetime) -> None:
    """What has one present text and no versions."""
    nouns: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
        ("products", Product, PRODUCT),
        ("topics", Topic, TOPIC),
        ("personas", Persona, PERSONA),
    )
    for kind, model, names in nouns:
        for key, document in bundle.of(kind).items():
            _put(model, key, document, names)
    _put_calendars(bundle, now)


def _publish(bundle: Bundle, now: datetime, by: User | None) -> None:
    """What has versions; each kind may refer to those before it."""
    for document in bundle.of("templates").values():
        publish_template(document, now, by=by)
    for document in bundle.of("lifecycles").values():
        publish_lifecycle(document, now, by=by)
    for document in bundle.of("journeys").values():
        version, new = publish_journey(document, now, by=by)
        if new and version.program["enroll"] == "new" and version.number == 1:
            enrollments.remember_who_matched(version, now)


def _put(model: Any, key: str, document: dict[str, Any], names: tuple[str, ...]) -> None:
    """Make the noun, or change exactly what its document says otherwise."""
    row = model.objects.filter(key=key).first() or model(key=key)
    if row.pk and plain(row, names) == document:
        return
    for name in names:
        field = model._meta.get_field(name)
        setattr(row, name, document.get(name, field.get_default()))
    if row.pk:
        row.save(update_fields=names)
    else:
        model.objects.bulk_create([row])


def _put_calendars(bundle: Bundle, now: datetime) -> None:
    """A changed calendar closes its row and begins a new one: what was decided stays explained."""
    for key, document in bundle.of("calendars").items():
        live = Calendar.objects.filter(key=key, to_at=None).first()
        if live and plain(live, CALENDAR) == document:
            continue
        Calendar.objects.filter(key=key, to_at=None).update(to_at=now)
        Calendar.objects.create(**document, from_at=now)


def _retire(names: list[str]) -> None:
    versioned: dict[str, Any] = {
        "templates": Template,
        "lifecycles": Lifecycle,
        "journeys": Journey,
    }
    for name in names:
        kind, _slash, key = name.partition("/")
        if kind in versioned:
            for noun in versioned[kind].objects.filter(key=key):
                noun.versions.filter(status=VersionStatus.PUBLISHED).update(
                    status=VersionStatus.RETIRED
                )
