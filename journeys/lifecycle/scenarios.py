"""What follows a stage: the journey that its success or its failure calls for (R13).

Rows for the enrollments to read; written once for each time a contract was in the stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Exists, OuterRef

from journeys import db
from journeys.conditions import Ask
from journeys.lifecycle.entering import newest_seq
from journeys.models import NextScenario, Stage, Subscription

Kind = NextScenario.Kind


def succeeded(
    stage: Stage, leaving: Iterable[Subscription], seqs: Mapping[int, int], ask: Ask
) -> int:
    """These have left a stage by its criteria; how many rows. `seqs`: of the moves into it."""
    key = stage.next_scenario.get(Kind.SUCCESS)
    return _write(stage, key, Kind.SUCCESS, leaving, seqs, ask) if key else 0


def overdue(stages: Sequence[Stage], ask: Ask) -> int:
    """Who is still in a stage although its deadline's day is over; how many rows.

    Whoever is on hold is not late.
    """
    failing = {stage.pk: stage for stage in stages if stage.next_scenario.get(Kind.FAILURE)}
    if not failing:
        return 0
    told = NextScenario.objects.filter(
        subscription_id=OuterRef("pk"),
        stage=OuterRef("stage__key"),
        kind=Kind.FAILURE,
        decided_at__gte=OuterRef("stage_entered_at"),
    )
    late = Subscription.objects.filter(
        ~Exists(told),
        stage__in=failing,
        ended_at=None,
        stage_due_on__lt=ask.days.local_date(ask.now),
    ).exclude(path=Subscription.Path.HOLD)
    found = list(late.order_by("pk"))
    seqs = newest_seq(sub.pk for sub in found) if found else {}
    made = 0
    for pk, stage in failing.items():
        there = [sub for sub in found if sub.stage_id == pk]
        key = stage.next_scenario[Kind.FAILURE]
        made += _write(stage, key, Kind.FAILURE, there, seqs, ask)
    return made


def _write(
    stage: Stage,
    journey_key: str,
    kind: NextScenario.Kind,
    subscriptions: Iterable[Subscription],
    seqs: Mapping[int, int],
    ask: Ask,
) -> int:
    rows = [
        NextScenario(
            subscription_id=sub.pk,
            account_id=sub.account_id,
            seq=seqs.get(sub.pk, 0),
            stage=stage.key,
            kind=kind,
            journey_key=journey_key,
            decided_at=ask.now,
        )
        for sub in subscriptions
    ]
    return db.insert(rows, ignore_conflicts=True)
