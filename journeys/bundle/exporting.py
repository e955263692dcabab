"""The installation's present texts as a bundle: applied again, it changes nothing."""

from __future__ import annotations

from typing import Any

from journeys.models import (
    Calendar,
    JourneyVersion,
    LifecycleVersion,
    Persona,
    Product,
    TemplateVersion,
    Topic,
    VersionStatus,
)

PERSONA = (
    "key", "name", "title", "organisation", "from_email", "reply_to", "hours", "phone",
    "legal_name", "postal_address", "complaints_to",
)  # fmt: skip
TOPIC = ("key", "name", "category", "description")
PRODUCT = ("key", "name", "subscribe")
CALENDAR = ("key", "name", "country", "slots", "window", "closures")

Documents = dict[str, dict[str, dict[str, Any]]]


def documents_now() -> Documents:
    """kind → key → document, as published now."""
    return {
        "products": {p.key: plain(p, PRODUCT) for p in Product.objects.all()},
        "calendars": {c.key: plain(c, CALENDAR) for c in Calendar.objects.filter(to_at=None)},
        "topics": {t.key: plain(t, TOPIC) for t in Topic.objects.all()},
        "personas": {p.key: plain(p, PERSONA) for p in Persona.objects.all()},
        "templates": {
            v.template.key: v.document
            for v in TemplateVersion.objects.filter(status=VersionStatus.PUBLISHED).select_related(
                "template"
            )
        },
        "lifecycles": {
            v.lifecycle.key: v.document
            for v in LifecycleVersion.objects.filter(status=VersionStatus.PUBLISHED).select_related(
                "lifecycle"
            )
        },
        "journeys": {
            v.journey.key: v.document
            for v in JourneyVersion.objects.filter(status=VersionStatus.PUBLISHED).select_related(
                "journey"
            )
        },
    }


def plain(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """A row's authored fields; empty ones are left out as an author leaves them out."""
    return {n: getattr(row, n) for n in names if getattr(row, n) not in ("", None, [], {})}


def export() -> dict[str, Any]:
    """One document with the bundle's top-level keys; empty ones absent."""
    found: dict[str, Any] = {"version": 1}
    for kind, documents in documents_now().items():
        if documents:
            found[kind] = [documents[key] for key in sorted(documents)]
    return found
