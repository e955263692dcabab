"""Criteria of stages that were left already: whether what was met there still holds (R8).

Only those that last are watched: what a window, a date or the stage itself undoes by time alone
is no loss once the stage is left. So nothing changes here without news of the account.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from journeys.conditions import Ask
from journeys.conditions.dialect import among
from journeys.lifecycle.standing import standing
from journeys.lifecycle.states import Stood
from journeys.models import Stage, Subscription

#: Heads and fields by which a condition changes with time alone, or with the stage it is about.
PASSING_HEADS = frozenset({"stage", "date", "message", "journey", "segment"})
PASSING_FIELDS = frozenset({"within", "in_a_row", "for_at_least"})


def lasts(condition: Any) -> bool:
    """Whether a stored condition stays as it is until there is news of the account."""
    if isinstance(condition, list):
        return all(lasts(one) for one in condition)
    if not isinstance(condition, dict):
        return True
    names = condition.keys()
    if names & PASSING_HEADS or names & PASSING_FIELDS:
        return False
    return all(lasts(value) for name, value in condition.items() if name != "where")


def behind(version_id: int, accounts: Collection[int]) -> Mapping[int, list[int]]:
    """Position on the route → the contracts of these accounts that stand there; one SELECT."""
    if not accounts:
        return {}
    rows = Subscription.objects.filter(
        among("account_id", accounts), version=version_id, ended_at=None, stage__isnull=False
    )
    found: defaultdict[int, list[int]] = defaultdict(list)
    for pk, position in rows.order_by("pk").values_list("pk", "stage__position"):
        found[position].append(pk)
    return found


def passed(stages: Sequence[Stage], standing_at: Mapping[int, list[int]], ask: Ask) -> list[Stood]:
    """How the lasting criteria of the stages behind them stand; one SELECT for each stage."""
    found: list[Stood] = []
    for stage in stages:
        criteria = [c for c in stage.criteria.all() if lasts(c.condition)]
        ids = [pk for at, pks in standing_at.items() if at > stage.position for pk in pks]
        if criteria and ids:
            found.append((stage, criteria, standing(stage, criteria, ask, of=ids)))
    return found
