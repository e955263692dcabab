"""Aims and values that other systems tell as facts: `goal.set` and `goal.measured`.

    goal.set       metric, baseline, target, unit?, target_on?      of a contract
    goal.measured  goal (its uid) or metric, value                  of an aim that stands

A fact that does not say all of it in the right types stays a fact and nothing more.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from journeys import db, people
from journeys.conditions.dialect import among
from journeys.goals.measuring import LARGEST, tell_attainment
from journeys.goals.setting import COUNT, MOST
from journeys.models import Event, Goal, GoalMeasurement, Subscription

SET, MEASURED = "goal.set", "goal.measured"


def hear(after: int, now: datetime) -> int:
    """Take in the facts about aims with keys above `after`; how many rows they made.

    A fact that was heard before changes nothing. A constant number of statements.
    """
    rows = Event.objects.filter(pk__gt=after, name__in=(SET, MEASURED), account__isnull=False)
    events = list(rows.order_by("occurred_at", "pk"))
    if not events:
        return 0
    contracts = _contracts({event.account_id for event in events})
    made = _set(events, contracts, now)
    return made + _measure(events, contracts, now)


def _contracts(accounts: Iterable[int | None]) -> Mapping[int, list[Subscription]]:
    found: defaultdict[int, list[Subscription]] = defaultdict(list)
    rows = Subscription.objects.filter(among("account_id", accounts), ended_at=None)
    for contract in rows.select_related("product").order_by("pk"):
        found[contract.account_id].append(contract)
    return found


def _about(event: Event, contracts: Mapping[int, list[Subscription]]) -> list[Subscription]:
    """The contracts a fact can be about: of its product, or all."""
    of_account = contracts.get(event.account_id or 0, [])
    return [c for c in of_account if event.product in ("", c.product.key)]


def _number(raw: Any) -> Decimal | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
        return None
    value = Decimal(str(raw))
    return value if abs(value) < LARGEST else None


def _text(raw: Any, most: int) -> str:
    return raw.strip()[:most] if isinstance(raw, str) else ""


# --- goal.set ---------------------------------------------------------------------------------------
def _set(
    events: Iterable[Event], contracts: Mapping[int, list[Subscription]], now: datetime
) -> int:
    """New aims, in the order they were agreed; one of the same measure takes the older one's place."""
    ids = [c.pk for of_account in contracts.values() for c in of_account]
    live: defaultdict[int, dict[str, Goal]] = defaultdict(dict)
    known = {str(goal.uid) for goal in _live_goals(ids, live)}
    new: list[Goal] = []
    replaced: list[dict[str, Any]] = []
    counted: list[tuple[Any, dict[str, Any], datetime]] = []
    for event in events:
        goal = _goal(event, contracts) if event.name == SET else None
        if goal is None or str(event.properties.get("goal")) in known:
            continue
        of = live[goal.subscription_id]
        old = of.get(goal.metric)
        if (old is not None and old.agreed_at >= goal.agreed_at) or (
            old is None and len(of) >= MOST
        ):
            continue
        if old is not None:
            old.replaced_at = goal.agreed_at
            if old.pk:
                replaced.append({"id": old.pk, "replaced_at": goal.agreed_at})
        of[goal.metric] = goal
        new.append(goal)
        counted.append((goal.subscription, {COUNT: len(of)}, goal.agreed_at))
    db.insert(new)
    db.update(Goal, replaced)
    people.set_traits(counted, received_at=now)
    since: dict[int, datetime] = {}
    for goal in new:
        since.setdefault(goal.subscription_id, goal.agreed_at)
    tell_attainment(since, now)
    return len(new)


def _live_goals(ids: Iterable[int], live: dict[int, dict[str, Goal]]) -> list[Goal]:
    goals = list(Goal.objects.filter(subscription__in=list(ids)).order_by("agreed_at", "pk"))
    for goal in goals:
        if goal.replaced_at is None:
            live[goal.subscription_id][goal.metric] = goal
    return goals


def _goal(event: Event, contracts: Mapping[int, list[Subscription]]) -> Goal | None:
    said, about = event.properties, _about(event, contracts)
    metric = _text(said.get("metric"), 200)
    baseline, target = _number(said.get("baseline")), _number(said.get("target"))
    if not metric or baseline is None or target is None or baseline == target or len(about) != 1:
        return None
    return Goal(
        subscription=about[0],
        metric=metric,
        unit=_text(said.get("unit"), 20),
        baseline=baseline,
        target=target,
        target_on=_day(said.get("target_on")),
        agreed_at=event.occurred_at,
        agreed_by_id=event.contact_id,
    )


def _day(raw: Any) -> date | None:
    try:
        return date.fromisoformat(raw) if isinstance(raw, str) else None
    except ValueError:
        return None


# --- goal.measured ----------------------------------------------------------------------------------
def _measure(
    events: Iterable[Event], contracts: Mapping[int, list[Subscription]], now: datetime
) -> int:
    told = [event for event in events if event.name == MEASURED]
    if not told:
        return 0
    known = set(
        GoalMeasurement.objects.filter(fact__in=[event.uid for event in told]).values_list(
            "fact", flat=True
        )
    )
    ids = {c.pk for event in told for c in _about(event, contracts)}
    standing = list(Goal.objects.filter(subscription__in=ids, replaced_at=None).order_by("pk"))
    new: list[GoalMeasurement] = []
    since: dict[int, datetime] = {}
    for event in told:
        value = _number(event.properties.get("value"))
        goal = _meant(event, standing, {c.pk for c in _about(event, contracts)})
        if value is None or goal is None or event.uid in known:
            continue
        new.append(
            GoalMeasurement(
                goal=goal,
                value=value,
                occurred_at=event.occurred_at,
                received_at=event.received_at,
                fact=event.uid,
            )
        )
        since.setdefault(goal.subscription_id, event.occurred_at)
    db.insert(new, ignore_conflicts=True)
    tell_attainment(since, now)
    return len(new)


def _meant(event: Event, goals: Iterable[Goal], of: set[int]) -> Goal | None:
    """The aim a value is of: by its uid, else by its measure where only one has it."""
    there = [goal for goal in goals if goal.subscription_id in of]
    uid, metric = event.properties.get("goal"), _text(event.properties.get("metric"), 200)
    if isinstance(uid, str):
        return next((goal for goal in there if str(goal.uid) == uid), None)
    named = [goal for goal in there if goal.metric == metric]
    return named[0] if len(named) == 1 else None
