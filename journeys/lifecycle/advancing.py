"""Who meets a stage's exit criteria now, and the rows that say so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from journeys import conditions, db, ledger
from journeys.calendars import days_at
from journeys.conditions import SUBSCRIPTION, Ask
from journeys.lifecycle.entering import due_on, newest_seq, placed, start_subscriptions
from journeys.lifecycle.standing import exit_tree, standing, tree_of
from journeys.lifecycle.states import keep_states
from journeys.models import (
    ExitCriterion,
    LifecycleVersion,
    Stage,
    StageTransition,
    Subscription,
)


def advance(now: datetime) -> int:
    """Start what has begun, then move everybody whose exit criteria are met; how many moves.

    Stages are judged in route order, so one tick passes every stage that is done, one row each.
    """
    moved = start_subscriptions(now)
    ask = Ask(now=now, days=days_at(now))
    live = Subscription.objects.filter(ended_at=None, version__isnull=False)
    inhabited = set(live.values_list("version_id", "stage_id").distinct())
    versions = LifecycleVersion.objects.filter(pk__in={v for v, _stage in inhabited})
    for version in versions.prefetch_related("stages__criteria"):
        here = {stage for v, stage in inhabited if v == version.pk and stage}
        moved += _along(version, here, ask)
    return moved


def _along(version: LifecycleVersion, inhabited: set[int], ask: Ask) -> int:
    """One version's stages in route order; those that nobody is in are not asked about."""
    stages = list(version.stages.all())
    moved, stood = 0, []
    for stage, following in pairwise(stages):
        if stage.pk not in inhabited:
            continue
        criteria = list(stage.criteria.all())
        there = standing(stage, criteria, ask)
        stood.append((stage, criteria, there))
        if ready := there.ready(stage, criteria):
            leaving = list(Subscription.objects.filter(pk__in=ready).order_by("pk"))
            _move(leaving, version, (stage, following), criteria, ask)
            moved += len(leaving)
            inhabited.add(following.pk)
    keep_states(stood, ask)
    return moved


def _move(
    leaving: list[Subscription],
    version: LifecycleVersion,
    stages: tuple[Stage, Stage],
    criteria: Sequence[ExitCriterion],
    ask: Ask,
) -> None:
    stage, following = stages
    ids = [sub.pk for sub in leaving]
    floor = {sub.pk: sub.stage_entered_at or sub.started_at or ask.now for sub in leaving}
    since = conditions.since(exit_tree(stage, criteria), ids, ask, SUBSCRIPTION, floor=floor)
    evidence = _evidence(criteria, ids, ask)
    seqs = newest_seq(ids)
    moves, changes = [], []
    for sub in leaving:
        effective = since.get(sub.pk, ask.now)
        due = due_on(following, sub.started_at, effective, ask.days)
        moves.append(
            StageTransition(
                subscription=sub,
                account_id=sub.account_id,
                version_id=version.pk,
                seq=seqs[sub.pk] + 1,
                from_stage=stage.key,
                to_stage=following.key,
                to_stage_name=following.name,
                effective_at=effective,
                decided_at=ask.now,
                due_on=due,
                cause=StageTransition.Cause.CRITERIA,
                evidence={"criteria": evidence[sub.pk], "stage": stage.name},
            )
        )
        changes.append(placed(sub, following, version, effective, due))
    db.insert(moves)
    db.update(Subscription, changes, only_where=f"t.stage_id = {int(stage.pk)}")
    ledger.write(
        ledger.about_subscription(
            sub, ask.now, ledger.Verdict.ADVANCED, ledger.Reason.CRITERIA_MET,
            rule=f"{stage.key} → {following.key}", evidence={"criteria": evidence[sub.pk]},
        )
        for sub in leaving
    )  # fmt: skip


def _evidence(
    criteria: Sequence[ExitCriterion], ids: list[int], ask: Ask
) -> dict[int, list[dict[str, Any]]]:
    """Per subscription: what was found for each criterion, in words and values (R6)."""
    found: dict[int, list[dict[str, Any]]] = {pk: [] for pk in ids}
    for criterion in criteria:
        for pk, explained in conditions.explain(tree_of(criterion), ids, ask, SUBSCRIPTION).items():
            found[pk].append(
                {
                    "key": criterion.key,
                    "label": criterion.label,
                    "required": criterion.required,
                    **explained.as_json(),
                }
            )
    return found
