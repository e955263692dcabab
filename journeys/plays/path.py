"""Off the route and back: one column and the trait `on_path`, kept together, in sets (R83)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from journeys import db, people
from journeys.models import PlayTask, Subscription

Path = Subscription.Path


def take_off(subscription_ids: Collection[int], now: datetime) -> int:
    """A person takes over: automation for these contracts waits; how many were on the route."""
    return _turn(_held(subscription_ids), Path.ON, Path.OFF, now)


def bring_back(subscription_ids: Collection[int], now: datetime) -> int:
    """Let automation go on for those of them that no open hand-off holds any more; how many.

    Looked at after the rows are locked, so that a hand-off that has just begun is seen.
    """
    rows = _held(subscription_ids)
    still = PlayTask.objects.filter(
        subscription__in=[sub.pk for sub in rows], holds=True, state=PlayTask.State.OPEN
    )
    held = set(still.values_list("subscription_id", flat=True)) if rows else set()
    return _turn([sub for sub in rows if sub.pk not in held], Path.OFF, Path.ON, now)


def _held(subscription_ids: Collection[int]) -> list[Subscription]:
    if not subscription_ids:
        return []
    rows = Subscription.objects.filter(pk__in=sorted(subscription_ids)).order_by("pk")
    return list(db.hold(rows))


def _turn(rows: list[Subscription], old: Path, new: Path, now: datetime) -> int:
    turning = [sub for sub in rows if sub.path == old]
    if not turning:
        return 0
    db.update(Subscription, [{"id": sub.pk, "path": new} for sub in turning])
    on_path = {"on_path": new == Path.ON}
    people.set_traits([(sub, on_path, now) for sub in turning], received_at=now)
    return len(turning)
