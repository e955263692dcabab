"""What applying a bundle would do: exactly what applying does, taken back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from journeys.bundle.carrying import carry_out
from journeys.bundle.reading import Bundle
from journeys.models import Enrollment, Subscription


@dataclass
class Plan:
    """{create, update, delete, touches, problems} of contracts 2."""

    create: list[str] = field(default_factory=list)
    update: list[str] = field(default_factory=list)
    delete: list[str] = field(default_factory=list)
    touches: dict[str, int] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)


def plan(bundle: Bundle, now: datetime, *, prune: bool = False) -> Plan:
    """What would be made, changed and retired (`kind/key`), how many customers run on it, and
    what is wrong. Everything is tried in a transaction that is then taken back.
    """
    if bundle.problems:
        return Plan(problems=_said(bundle.problems))
    with transaction.atomic():
        done = carry_out(bundle, now, prune=prune)
        transaction.set_rollback(True)
    return Plan(
        create=done.create,
        update=done.update,
        delete=done.delete,
        touches=touches(done.update + done.delete),
        problems=_said(done.problems),
    )


def _said(problems: list[Any]) -> list[dict[str, Any]]:
    return [
        {"file": p.file, "line": p.line, "path": p.path, "message": p.message} for p in problems
    ]


def touches(names: list[str]) -> dict[str, int]:
    """How many live customers run on what would change (they stay on their version)."""
    counts: dict[str, int] = {}
    for name in names:
        kind, _slash, key = name.partition("/")
        if kind == "journeys":
            rows = Enrollment.objects.filter(journey__key=key, status=Enrollment.Status.IN)
            counts[name] = rows.count()
        elif kind == "lifecycles":
            subs = Subscription.objects.filter(version__lifecycle__key=key, ended_at=None)
            counts[name] = subs.count()
    return counts
