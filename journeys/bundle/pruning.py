"""`--prune`: what a bundle no longer names is retired; what is still needed is kept and said."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from journeys.bundle.exporting import Documents
from journeys.bundle.reading import Bundle
from journeys.calendars import DEFAULT
from journeys.models import (
    Calendar,
    Journey,
    Lifecycle,
    Play,
    Scenario,
    Template,
    VersionStatus,
)
from journeys.publishing import Problem

#: Products, topics, personas and segments stay: contracts, consents, letters and running
#: customers speak of them.
PRUNED = ("calendars", "templates", "plays", "lifecycles", "journeys", "scenarios")
VERSIONED: dict[str, Any] = {"templates": Template, "lifecycles": Lifecycle, "journeys": Journey}


def retire(bundle: Bundle, before: Documents, now: datetime) -> tuple[list[str], list[Problem]]:
    """Retire what the bundle does not name; the `kind/key` of each, and what cannot go."""
    gone: list[str] = []
    problems: list[Problem] = []
    for kind in PRUNED:
        for key in sorted(before[kind].keys() - bundle.of(kind).keys()):
            if kind == "calendars" and key == DEFAULT:
                continue  # the installation's own calendar
            try:
                _retire(kind, key, now)
            except ProtectedError:
                message = _("there are tasks of this play; it cannot be removed")
                problems.append(Problem(f"{kind}/{key}", message))
            else:
                gone.append(f"{kind}/{key}")
    return gone, problems


def _retire(kind: str, key: str, now: datetime) -> None:
    if kind in VERSIONED:
        noun = VERSIONED[kind].objects.get(key=key)
        published = noun.versions.filter(status=VersionStatus.PUBLISHED)
        published.update(status=VersionStatus.RETIRED)
    elif kind == "calendars":
        Calendar.objects.filter(key=key, to_at=None).update(to_at=now)
    elif kind == "plays":
        Play.objects.get(key=key).delete()
    else:
        Scenario.objects.filter(key=key).delete()
