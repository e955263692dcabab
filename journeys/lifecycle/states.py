"""Since when each criterion of a customer's present stage is met, and when it was lost again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from journeys import db, ledger
from journeys.conditions import Ask
from journeys.lifecycle.standing import Standing
from journeys.models import CriterionState, ExitCriterion, Stage, Subscription

Met: TypeAlias = dict[tuple[int, int], CriterionState]


def keep_states(stood: Sequence[tuple[Stage, Sequence[ExitCriterion], Standing]], ask: Ask) -> None:
    """Write a row for each criterion newly met, and mark those no longer met (R8).

    A lost criterion never moves a stage back: it leaves a decision that says so.
    """
    if not any(standing.met for _stage, _criteria, standing in stood):
        return
    live: Met = {
        (s.subscription_id, s.criterion_id): s
        for s in CriterionState.objects.filter(
            lost_at=None, criterion__stage__in=[stage for stage, _c, _s in stood]
        )
    }
    new: list[CriterionState] = []
    lost: list[tuple[CriterionState, ExitCriterion]] = []
    for _stage, criteria, standing in stood:
        for pk, met in standing.met.items():
            for criterion in criteria:
                state = live.get((pk, criterion.pk))
                if criterion.pk in met and state is None:
                    new.append(_state(pk, criterion, ask))
                elif criterion.pk not in met and state is not None:
                    lost.append((state, criterion))
    _write(new, lost, ask)


def _state(subscription_id: int, criterion: ExitCriterion, ask: Ask) -> CriterionState:
    return CriterionState(
        subscription_id=subscription_id,
        criterion=criterion,
        met_at=ask.now,
        decided_at=ask.now,
    )


def _write(
    new: list[CriterionState],
    lost: list[tuple[CriterionState, ExitCriterion]],
    ask: Ask,
) -> None:
    db.insert(new, ignore_conflicts=True)
    db.update(CriterionState, [{"id": state.pk, "lost_at": ask.now} for state, _c in lost])
    subs = Subscription.objects.in_bulk([state.subscription_id for state, _c in lost])
    ledger.write(
        ledger.about_subscription(
            subs[state.subscription_id], ask.now, ledger.Verdict.CRITERION_LOST, ledger.Reason.CRITERION_FALSE,
            rule=criterion.key, evidence={"label": criterion.label},
        )
        for state, criterion in lost
    )  # fmt: skip
