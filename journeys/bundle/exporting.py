"""The installation's present texts as a bundle: applied again, it changes nothing.

Accounts are customers, not texts: a bundle may bring some to try things out with, an export never
carries them away.
"""

from __future__ import annotations

from typing import Any

from journeys import plays
from journeys.bundle import segments
from journeys.models import (
    Calendar,
    JourneyVersion,
    LifecycleVersion,
    Persona,
    Play,
    Product,
    Scenario,
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
CALENDAR = ("key", "name", "country", "slots", "window", "closures", "blackouts")

Documents = dict[str, dict[str, dict[str, Any]]]


def documents_now() -> Documents:
    """kind → key → document, as published now."""
    return {
        "products": {p.key: plain(p, PRODUCT) for p in Product.objects.all()},
        "calendars": {c.key: plain(c, CALENDAR) for c in Calendar.objects.filter(to_at=None)},
        "topics": {t.key: plain(t, TOPIC) for t in Topic.objects.all()},
        "personas": {p.key: plain(p, PERSONA) for p in Persona.objects.all()},
        "templates": _published(TemplateVersion, "template"),
        "plays": {p.key: plays.document(p) for p in Play.objects.all()},
        "segments": segments.documents(),
        "lifecycles": _published(LifecycleVersion, "lifecycle"),
        "journeys": _published(JourneyVersion, "journey"),
        "scenarios": {s.key: s.document for s in Scenario.objects.all()},
    }


def _published(model: Any, noun: str) -> dict[str, dict[str, Any]]:
    """Key → document of the published versions."""
    rows = model.objects.filter(status=VersionStatus.PUBLISHED)
    return dict(rows.values_list(f"{noun}__key", "document"))


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
