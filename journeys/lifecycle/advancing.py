"""Who meets a stage's exit criteria now, and the rows that say so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from journeys import conditions, db, goals, ledger
from journeys.calendars import days_at
from journeys.conditions import SUBSCRIPTION, Ask
from journeys.conditions.dialect import among
from journeys.lifecycle import scenarios
from journeys.lifecycle.correcting import correct
from journeys.lifecycle.entering import due_on, newest_seq, placed, start_subscriptions
from journeys.lifecycle.listening import News, listen
from journeys.lifecycle.standing import exit_tree, standing, tree_of
from journeys.lifecycle.states import Stood, correct_states, keep_states
from journeys.lifecycle.value import find_value
from journeys.lifecycle.watching import behind, passed
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
    ask = Ask(now=now, days=days_at(now))
    news = listen(now)
    if "facts" in news.after:
        goals.hear(news.after["facts"], now)
    late = _late(news)
    correct(late, ask)
    correct_states(late, ask)
    moved = start_subscriptions(now)
    live = Subscription.objects.filter(ended_at=None, version__isnull=False)
    inhabited = set(live.values_list("version_id", "stage_id").distinct())
    versions = LifecycleVersion.objects.filter(pk__in={v for v, _stage in inhabited})
    for version in versions.prefetch_related("stages__criteria"):
        here = {stage for v, stage in inhabited if v == version.pk and stage}
        moved += _along(version, here, ask, late)
    news.keep()
    return moved


def _late(news: News) -> Mapping[int, datetime]:
    """Accounts with news and its earliest moment; nobody while no contract has begun its way."""
    begun = Subscription.objects.filter(stage__isnull=False, ended_at=None)
    return news.earliest() if news.after and begun.exists() else {}


def _along(
    version: LifecycleVersion, inhabited: set[int], ask: Ask, news: Mapping[int, datetime]
) -> int:
    """One version's stages in route order; those that nobody is in are not asked about."""
    stages = list(version.stages.all())
    moved = 0
    stood: list[Stood] = []
    for stage, following in pairwise(stages):
        if stage.pk not in inhabited:
            continue
        criteria = list(stage.criteria.all())
        there = standing(stage, criteria, ask)
        stood.append((stage, criteria, there))
        if ready := there.ready(stage, criteria):
            leaving = _held_fast(ready, stage)
            _move(leaving, version, (stage, following), criteria, ask)
            moved += len(leaving)
            inhabited.add(following.pk)
    keep_states(stood + passed(stages, behind(version.pk, news), ask), ask)
    scenarios.overdue(stages, ask)
    find_value(version, news, ask)
    return moved


def _held_fast(ready: list[int], stage: Stage) -> list[Subscription]:
    """Those of them who are still there and not held by hand, locked until the beat's end (I6)."""
    there = Subscription.objects.filter(
        among("pk", ready), stage=stage, manual_until_released=False, ended_at=None
    )
    return list(db.hold(there.order_by("pk")))


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
                completes_onboarding=stage.completes_onboarding,
                cause=StageTransition.Cause.CRITERIA,
                evidence={"criteria": evidence[sub.pk], "stage": stage.name},
            )
        )
        changes.append(placed(sub, following, version, effective, due))
    db.insert(moves)
    scenarios.succeeded(stage, leaving, seqs, ask)
    # "+": SQLite must find the rows by their keys, not walk the stage once for each of them
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
