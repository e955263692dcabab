"""Since when each criterion of a customer's stages is met, when it was lost, when it came back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

from django.db.models import Exists, F, OuterRef, Q

from journeys import conditions, db, ledger
from journeys.conditions import SUBSCRIPTION, Ask
from journeys.conditions.dialect import among
from journeys.lifecycle.standing import Standing, tree_of
from journeys.models import CriterionState, Decision, ExitCriterion, Stage, Subscription

Key: TypeAlias = tuple[int, int]  # contract, criterion


class Known(NamedTuple):
    """A state as it is compared at each tick: no model, for there is one for each customer."""

    pk: int
    subscription_id: int
    criterion_id: int
    lost_at: datetime | None


States: TypeAlias = dict[Key, Known]
Stood: TypeAlias = tuple[Stage, Sequence[ExitCriterion], Standing]


def keep_states(stood: Sequence[Stood], ask: Ask) -> None:
    """Write a row for each criterion newly met, and mark those no longer met (R8).

    A lost criterion never moves a stage back: it opens a loss that says so, and that is closed
    when the criterion is met again.
    """
    if not any(standing.met for _stage, _criteria, standing in stood):
        return
    live, lost = _known(stood)
    gained: defaultdict[ExitCriterion, list[int]] = defaultdict(list)
    losing: list[tuple[Known, ExitCriterion]] = []
    for _stage, criteria, standing in stood:
        for pk, met in standing.met.items():
            for criterion in criteria:
                state = live.get((pk, criterion.pk))
                if criterion.pk in met and state is None:
                    gained[criterion].append(pk)
                elif criterion.pk not in met and state is not None:
                    losing.append((state, criterion))
    _gain(gained, lost, ask)
    _lose(losing, ask)


def _known(stood: Sequence[Stood]) -> tuple[States, States]:
    """The states that hold, and the losses that are open; one SELECT."""
    rows = CriterionState.objects.filter(
        Q(lost_at=None) | Q(back_at=None), criterion__stage__in={stage for stage, _c, _s in stood}
    )
    live: States = {}
    lost: States = {}
    for state in map(Known._make, rows.values_list(*Known._fields)):
        of = live if state.lost_at is None else lost
        of[state.subscription_id, state.criterion_id] = state
    return live, lost


def _gain(gained: Mapping[ExitCriterion, list[int]], lost: States, ask: Ask) -> None:
    new: list[CriterionState] = []
    back: list[tuple[Known, ExitCriterion]] = []
    for criterion, ids in gained.items():
        again = {pk: lost[pk, criterion.pk] for pk in ids if (pk, criterion.pk) in lost}
        floor = {pk: state.lost_at for pk, state in again.items() if state.lost_at is not None}
        since = conditions.since(tree_of(criterion), ids, ask, SUBSCRIPTION, floor=floor)
        new += [
            CriterionState(
                subscription_id=pk,
                criterion=criterion,
                met_at=since.get(pk, ask.now),
                decided_at=ask.now,
            )
            for pk in ids
        ]
        back += [(state, criterion) for state in again.values()]
    db.insert(new, ignore_conflicts=True)
    db.update(CriterionState, [{"id": state.pk, "back_at": ask.now} for state, _c in back])
    _say(back, ask, ledger.Verdict.CRITERION_BACK, ledger.Reason.CRITERION_TRUE)


def _lose(losing: Sequence[tuple[Known, ExitCriterion]], ask: Ask) -> None:
    db.update(CriterionState, [{"id": state.pk, "lost_at": ask.now} for state, _c in losing])
    _say(losing, ask, ledger.Verdict.CRITERION_LOST, ledger.Reason.CRITERION_FALSE)


def _say(
    about: Sequence[tuple[Known, ExitCriterion]],
    ask: Ask,
    verdict: Decision.Verdict,
    reason: Decision.Reason,
) -> None:
    """A decision each, with what was found when it was looked at."""
    if not about:
        return
    subs = Subscription.objects.in_bulk({state.subscription_id for state, _c in about})
    ids: defaultdict[ExitCriterion, list[int]] = defaultdict(list)
    for state, criterion in about:
        ids[criterion].append(state.subscription_id)
    seen = {
        (pk, criterion.pk): explained.as_json()
        for criterion, those in ids.items()
        for pk, explained in conditions.explain(
            tree_of(criterion), those, ask, SUBSCRIPTION
        ).items()
    }
    ledger.write(
        ledger.about_subscription(
            subs[state.subscription_id], ask.now, verdict, reason, rule=criterion.key,
            evidence={"criteria": [{
                "key": criterion.key, "label": criterion.label, "required": criterion.required,
                **seen[state.subscription_id, criterion.pk],
            }]},
        )
        for state, criterion in about
    )  # fmt: skip


def correct_states(earliest: Mapping[int, datetime], ask: Ask) -> None:
    """Late news may say that a criterion was met earlier than was known.

    `earliest`: account → the earliest moment its news is about. What was lost in between stays as
    it was said.
    """
    if not earliest:
        return
    before = CriterionState.objects.filter(
        subscription=OuterRef("subscription"),
        criterion=OuterRef("criterion"),
        lost_at__isnull=False,
    )
    rows = CriterionState.objects.filter(
        ~Exists(before),
        lost_at=None,
        subscription__in=Subscription.objects.filter(among("account_id", earliest), ended_at=None),
    ).annotate(account=F("subscription__account_id"))
    late: defaultdict[int, dict[int, CriterionState]] = defaultdict(dict)
    for state in rows:
        if earliest[state.account] < state.met_at <= ask.now:
            late[state.criterion_id][state.subscription_id] = state
    changes = []
    for criterion in ExitCriterion.objects.filter(pk__in=late):
        states = late[criterion.pk]
        since = conditions.since(tree_of(criterion), states, ask, SUBSCRIPTION)
        changes += [
            {"id": states[pk].pk, "met_at": met_at}
            for pk, met_at in since.items()
            if met_at < states[pk].met_at
        ]
    db.update(CriterionState, changes)
