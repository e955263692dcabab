"""Two contacts turn out to be one: what either has learned, the one who stays has learned."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from journeys import db
from journeys.models import Contact
from learning.models import Completion, Progress


def merge_learning(winner: Contact, loser: Contact, now: datetime) -> None:
    """Join their progress lesson by lesson and keep the earlier of two completions.

    What only the loser had is left to the merge, which points it at the winner. Progress never
    falls (I35).
    """
    _join_progress(winner, loser)
    _keep_the_earlier(winner, loser)


def _join_progress(winner: Contact, loser: Contact) -> None:
    rows = Progress.objects.select_for_update().filter(contact__in=(winner, loser)).order_by("pk")
    mine, others = _by_contact(rows, winner, "lesson_key")
    both = mine.keys() & others.keys()
    db.update(Progress, [_joined(mine[key], others[key]) for key in sorted(both, key=str)])
    Progress.objects.filter(pk__in=[others[key].pk for key in both]).delete()


def _by_contact(
    rows: Iterable[Any], winner: Contact, *names: str
) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """The winner's rows and the loser's, each by what they are about."""
    mine: dict[Any, Any] = {}
    others: dict[Any, Any] = {}
    for row in rows:
        key = tuple(getattr(row, name) for name in names)
        (mine if row.contact_id == winner.pk else others)[key] = row
    return mine, others


def _joined(one: Progress, other: Progress) -> dict[str, Any]:
    """The further of two states, with the reading time of both."""
    done = [row for row in (one, other) if row.completed_at]
    first = min(done, key=lambda row: row.completed_at or row.started_at) if done else one
    return {
        "id": one.pk,
        "state": Progress.State.COMPLETED if done else one.state,
        "percent": max(one.percent, other.percent),
        "completed_at": first.completed_at,
        "source": first.source,
        "rule": first.rule,
        "active_ms": one.active_ms + other.active_ms,
        "blocks": list(dict.fromkeys([*one.blocks, *other.blocks])),
        "started_at": min(one.started_at, other.started_at),
        "last_seen_at": max(one.last_seen_at, other.last_seen_at),
    }


def _keep_the_earlier(winner: Contact, loser: Contact) -> None:
    rows = Completion.objects.filter(contact__in=(winner, loser)).order_by("pk")
    mine, others = _by_contact(rows, winner, "kind", "page_key")
    gone = [
        max(mine[key], others[key], key=lambda row: row.completed_at).pk
        for key in mine.keys() & others.keys()
    ]
    Completion.objects.filter(pk__in=gone).delete()
