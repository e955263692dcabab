"""Moving contracts from one version of a route to another: previewed, mapped, kept on record (R105).

Publishing moves nobody. Whoever is moved keeps history, deadline and what was met; a stage that
has another key in the new version is entered there and then, by a row of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from journeys import conditions, db, ledger
from journeys.calendars import days_at
from journeys.conditions import SUBSCRIPTION, Ask
from journeys.conditions.dialect import among
from journeys.lifecycle.entering import due_on, newest_seq, placed
from journeys.lifecycle.standing import exit_tree
from journeys.models import (
    CriterionState,
    ExitCriterion,
    LifecycleVersion,
    Stage,
    StageTransition,
    Subscription,
    User,
)

SAMPLES = 5


class RerouteRefused(ValueError):
    """These contracts cannot be moved to that version, in a sentence."""


@dataclass(frozen=True)
class Transfer:
    """One stage's contracts: where they are, where they would be, who would move on at once."""

    old: Stage
    new: Stage | None
    count: int
    at_once: int = 0
    names: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        return self.new is not None and self.old.key == self.new.key


def transfers(
    old: LifecycleVersion, new: LifecycleVersion, stage_map: Mapping[str, str], now: datetime
) -> list[Transfer]:
    """What moving everybody from `old` to `new` would do, stage by stage; changes nothing.

    `stage_map`: old key → new key, where they differ. At most two statements a stage.
    """
    ask = Ask(now=now, days=days_at(now))
    stages = {s.key: s for s in new.stages.prefetch_related("criteria")}
    counted = _counts(old)
    found = []
    for stage in old.stages.all():
        if not (count := counted.get(stage.pk, 0)):
            continue
        target = stages.get(stage_map.get(stage.key) or stage.key)
        at_once, names = _at_once(stage, target, ask) if target else (0, ())
        found.append(Transfer(stage, target, count, at_once, names))
    return found


def _counts(version: LifecycleVersion) -> dict[int, int]:
    counted: defaultdict[int, int] = defaultdict(int)
    rows = Subscription.objects.filter(version=version, ended_at=None, stage__isnull=False)
    for stage_id in rows.values_list("stage_id", flat=True):
        counted[stage_id or 0] += 1
    return counted


def _at_once(old: Stage, new: Stage, ask: Ask) -> tuple[int, tuple[str, ...]]:
    """How many of a stage meet the exit of the other, who are not held by hand; a few names."""
    criteria = list(new.criteria.all())
    if not criteria:
        return 0, ()
    met = conditions.compile(exit_tree(new, criteria), True, ask, SUBSCRIPTION)
    rows = Subscription.objects.filter(
        met, stage=old, ended_at=None, manual_until_released=False
    ).order_by("account__kana", "account__name", "pk")
    names = tuple(str(sub.account) for sub in rows.select_related("account")[:SAMPLES])
    return (rows.count() if len(names) == SAMPLES else len(names)), names


@transaction.atomic
def reroute(
    *,
    old: LifecycleVersion,
    new: LifecycleVersion,
    stage_map: Mapping[str, str],
    by: User | None,
    reason: str,
    now: datetime,
) -> int:
    """Move every live contract of `old` to `new`; how many. A constant number of statements.

    RerouteRefused without a reason, across routes, or when a stage somebody is in has no place in
    the new version.
    """
    why = reason.strip()[:500]
    if not why:
        raise RerouteRefused(_("Write the reason: it is kept with the move."))
    if old.lifecycle_id != new.lifecycle_id or old.pk == new.pk:
        raise RerouteRefused(_("Contracts move between versions of one route."))
    there = Subscription.objects.filter(version=old, ended_at=None, stage__isnull=False)
    moving = list(db.hold(there.select_related("stage").order_by("pk")))
    target = _targets(moving, new, stage_map)
    days = days_at(now)
    seqs = newest_seq(sub.pk for sub in moving) if moving else {}
    moves: list[StageTransition] = []
    stays: list[dict[str, Any]] = []
    goes: list[dict[str, Any]] = []
    for sub in moving:
        stage = target[sub.stage_id]
        if sub.stage is not None and stage.key == sub.stage.key:
            stays.append({"id": sub.pk, "version_id": new.pk, "stage_id": stage.pk})
            continue
        due = due_on(stage, sub.started_at, now, days)
        moves.append(_move(sub, stage, new, seqs[sub.pk] + 1, due, by, why, now))
        goes.append(placed(sub, stage, new, now, due))
    db.insert(moves)
    db.update(Subscription, stays)
    db.update(Subscription, goes)
    _keep_met([sub.pk for sub in moving], old, new, stage_map)
    ledger.write(
        ledger.about_subscription(
            sub, now, ledger.Verdict.REROUTED, ledger.Reason.BY_HAND,
            rule=f"v{old.number} → v{new.number}",
            evidence={
                "was": sub.stage.key if sub.stage else "", "is": target[sub.stage_id].key,
                "by": str(by or ""), "user": by.pk if by else None, "note": why,
            },
        )
        for sub in moving
    )  # fmt: skip
    return len(moving)


def _targets(
    moving: Sequence[Subscription], new: LifecycleVersion, stage_map: Mapping[str, str]
) -> dict[int | None, Stage]:
    stages = {stage.key: stage for stage in new.stages.all()}
    found: dict[int | None, Stage] = {}
    for sub in moving:
        key = sub.stage.key if sub.stage else ""
        target = stages.get(stage_map.get(key) or key)
        if target is None:
            message = _(
                "“%(stage)s” has no place in version %(number)d: say which stage it becomes."
            )
            raise RerouteRefused(message % {"stage": sub.stage, "number": new.number})
        found[sub.stage_id] = target
    return found


def _move(
    sub: Subscription,
    stage: Stage,
    new: LifecycleVersion,
    seq: int,
    due: Any,
    by: User | None,
    why: str,
    now: datetime,
) -> StageTransition:
    return StageTransition(
        subscription=sub,
        account_id=sub.account_id,
        version_id=new.pk,
        seq=seq,
        from_stage=sub.stage.key if sub.stage else "",
        to_stage=stage.key,
        to_stage_name=stage.name,
        effective_at=now,
        decided_at=now,
        due_on=due,
        cause=StageTransition.Cause.VERSION,
        by_user_id=by.pk if by else None,
        note=why,
    )


def _keep_met(
    ids: list[int], old: LifecycleVersion, new: LifecycleVersion, stage_map: Mapping[str, str]
) -> None:
    """What was met stays met since then, where the new version asks the same of it."""
    same = {(c.stage.key, c.key): c for c in _criteria(new)}
    heir: dict[int, int] = {}
    for criterion in _criteria(old):
        key = stage_map.get(criterion.stage.key) or criterion.stage.key
        other = same.get((key, criterion.key))
        if other is not None and other.condition == criterion.condition:
            heir[criterion.pk] = other.pk
    rows = CriterionState.objects.filter(
        Q(lost_at=None) | Q(back_at=None), among("subscription_id", ids), criterion__in=heir
    )
    changes = [
        {"id": pk, "criterion_id": heir[criterion]}
        for pk, criterion in rows.values_list("pk", "criterion_id")
    ]
    db.update(CriterionState, changes)


def _criteria(version: LifecycleVersion) -> list[ExitCriterion]:
    return list(ExitCriterion.objects.filter(stage__version=version).select_related("stage"))
