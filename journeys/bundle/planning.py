"""What applying a bundle would do, without doing it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from journeys.bundle.exporting import documents_now
from journeys.bundle.reading import KINDS, Bundle
from journeys.models import Enrollment, Subscription


@dataclass
class Plan:
    """{create, update, delete, touches, problems} of contracts 2."""

    create: list[str] = field(default_factory=list)
    update: list[str] = field(default_factory=list)
    delete: list[str] = field(default_factory=list)
    touches: dict[str, int] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)


def plan(bundle: Bundle, *, prune: bool = False) -> Plan:
    """Compare a bundle with what is published: names `kind/key`, and how many customers it touches."""
    found = Plan(
        problems=[
            {"file": p.file, "line": p.line, "path": p.path, "message": p.message}
            for p in bundle.problems
        ]
    )
    now = documents_now()
    for kind in KINDS:
        for key, document in bundle.of(kind).items():
            if key not in now[kind]:
                found.create.append(f"{kind}/{key}")
            elif now[kind][key] != document:
                found.update.append(f"{kind}/{key}")
        gone = sorted(now[kind].keys() - bundle.of(kind).keys()) if prune else ()
        found.delete += [f"{kind}/{key}" for key in gone]
    found.touches = _touches(found)
    return found


def _touches(found: Plan) -> dict[str, int]:
    """How many live customers run on what would change (they stay on their version)."""
    counts: dict[str, int] = {}
    for name in found.update + found.delete:
        kind, _slash, key = name.partition("/")
        if kind == "journeys":
            rows = Enrollment.objects.filter(journey__key=key, status=Enrollment.Status.IN)
            counts[name] = rows.count()
        elif kind == "lifecycles":
            subs = Subscription.objects.filter(version__lifecycle__key=key, ended_at=None)
            counts[name] = subs.count()
    return counts
