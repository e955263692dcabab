"""A late earlier fact moves a move's `effective_at` back by a row; never a stage back (contracts 3).

What was said and sent stands. Windows and deadlines count from the corrected moment; who asks
with what was known then (`--as-known`) still sees the old one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from typing import Any, TypeAlias

from journeys import conditions, db, ledger
from journeys.conditions import SUBSCRIPTION, Ask
from journeys.conditions.dialect import among
from journeys.lifecycle.entering import due_on
from journeys.lifecycle.history import Step, history
from journeys.lifecycle.standing import exit_tree
from journeys.models import Stage, StageTransition, Subscription

Cause = StageTransition.Cause
Stages: TypeAlias = Mapping[tuple[int, str], Stage]


@dataclass
class Way:
    """A contract, its moves, and how far back its news goes."""

    contract: Subscription
    steps: list[Step]
    news: datetime
    moved: list[tuple[Step, datetime]] = field(default_factory=list)  # with what it was before

    @property
    def latest(self) -> bool:
        """Whether the move into the present stage was corrected."""
        return bool(self.moved) and self.moved[-1][0] is self.steps[-1]


def correct(earliest: Mapping[int, datetime], ask: Ask) -> int:
    """Correct the moves of accounts with news (account → its earliest moment); how many rows.

    A fixed number of statements for each move a contract may have behind it and each condition.
    """
    ways = _ways(earliest)
    if not ways:
        return 0
    stages = _stages(ways)
    for level in zip_longest(*(way.steps for way in ways)):
        _correct_level(list(zip(ways, level, strict=True)), stages, ask)
    _settle(ways, stages, ask)
    return sum(len(way.moved) for way in ways)


def _ways(earliest: Mapping[int, datetime]) -> list[Way]:
    """Contracts with a move that lies after the news of their account."""
    if not earliest:
        return []
    live = Subscription.objects.filter(
        among("account_id", earliest), ended_at=None, stage__isnull=False
    )
    late = [
        pk
        for pk, account, entered in live.values_list("pk", "account_id", "stage_entered_at")
        if entered is not None and entered > earliest[account]
    ]
    if not late:
        return []
    contracts = list(db.hold(Subscription.objects.filter(among("pk", late)).order_by("pk")))
    steps = history(late)
    return [Way(c, steps[c.pk], earliest[c.account_id]) for c in contracts if c.pk in steps]


def _stages(ways: list[Way]) -> Stages:
    versions = {step.move.version_id for way in ways for step in way.steps}
    versions |= {way.contract.version_id for way in ways if way.contract.version_id}
    rows = Stage.objects.filter(version__in=versions).prefetch_related("criteria")
    return {(stage.version_id, stage.key): stage for stage in rows}


def _correct_level(level: list[tuple[Way, Step | None]], stages: Stages, ask: Ask) -> None:
    """All contracts' n-th moves: later ones count their windows from these, so they are written."""
    asked: defaultdict[tuple[int, str], list[tuple[Way, Step]]] = defaultdict(list)
    found: list[tuple[Way, Step, datetime]] = []
    for way, step in level:
        if step is None or step.effective_at > ask.now:
            continue
        start = way.contract.started_at
        if step.move.cause == Cause.START and start is not None:
            found.append((way, step, start))
        elif step.move.cause == Cause.CRITERIA and (way.moved or step.effective_at > way.news):
            asked[step.move.version_id, step.move.from_stage].append((way, step))
    for key, those in asked.items():
        if (stage := stages.get(key)) is not None:
            since = _since(stage, those, ask)
            found += [(way, step, since[way.contract.pk]) for way, step in those]
    earlier = [one for one in found if one[2] < one[1].effective_at]
    db.insert([_correction(*one, stages, ask) for one in earlier])
    for way, step, moment in earlier:
        way.moved.append((step, step.effective_at))
        step.effective_at = moment


def _since(stage: Stage, those: list[tuple[Way, Step]], ask: Ask) -> dict[int, datetime]:
    """Since when these met the stage's exit criteria, never before they came into the stage."""
    floor = {way.contract.pk: _before(way, step).effective_at for way, step in those}
    tree = exit_tree(stage, list(stage.criteria.all()))
    since = conditions.since(tree, floor, ask, SUBSCRIPTION, floor=floor)
    return {way.contract.pk: since.get(way.contract.pk, step.effective_at) for way, step in those}


def _before(way: Way, step: Step) -> Step:
    return way.steps[max(0, way.steps.index(step) - 1)]


def _correction(
    way: Way, step: Step, moment: datetime, stages: Stages, ask: Ask
) -> StageTransition:
    move, to = step.move, stages.get((step.move.version_id, step.move.to_stage))
    return StageTransition(
        subscription_id=move.subscription_id,
        account_id=move.account_id,
        version_id=move.version_id,
        seq=move.seq,
        from_stage=move.from_stage,
        to_stage=move.to_stage,
        to_stage_name=move.to_stage_name,
        effective_at=moment,
        decided_at=ask.now,
        due_on=due_on(to, way.contract.started_at, moment, ask.days) if to else move.due_on,
        completes_onboarding=move.completes_onboarding,
        cause=Cause.CORRECTION,
        evidence={"was": step.effective_at.isoformat()},
        corrects=move.pk,
    )


def _settle(ways: list[Way], stages: Stages, ask: Ask) -> None:
    """Bring the contracts' columns to their corrected moves, and say why in the ledger."""
    changes = [_columns(way, stages, ask) for way in ways]
    db.update(Subscription, [change for change in changes if change is not None])
    ledger.write(
        ledger.about_subscription(
            way.contract, ask.now, ledger.Verdict.CORRECTED, ledger.Reason.LATE_FACT,
            rule=f"{step.move.from_stage} → {step.move.to_stage}",
            evidence={"was": was.isoformat(), "is": step.effective_at.isoformat()},
        )
        for way in ways for step, was in way.moved
    )  # fmt: skip


def _columns(way: Way, stages: Stages, ask: Ask) -> dict[str, Any] | None:
    """The contract's entry and deadline, if they lie earlier now; an extension stays."""
    contract = way.contract
    entered = way.steps[-1].effective_at if way.latest else contract.stage_entered_at
    stage = next((s for s in stages.values() if s.pk == contract.stage_id), None)
    original, due = contract.original_due_on, contract.stage_due_on
    counted = due_on(stage, contract.started_at, entered, ask.days) if stage and entered else None
    if counted is not None and original is not None and counted < original:
        due, original = (counted if due == original else due), counted
    if (entered, original) == (contract.stage_entered_at, contract.original_due_on):
        return None
    return {
        "id": contract.pk,
        "stage_entered_at": entered,
        "stage_due_on": due,
        "original_due_on": original,
    }
