"""What is still missing: a stage's criteria as the customer's own checklist, judged live (R5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from journeys import conditions
from journeys.calendars import days_at
from journeys.conditions import SUBSCRIPTION, Ask
from journeys.models import CriterionState, ExitCriterion, Stage, Subscription


@dataclass(frozen=True)
class Item:
    """One criterion as its customer sees it. `verdict`: met, not_met or unknown."""

    key: str
    label: str
    required: bool
    verdict: str
    found: Any
    wanted: Any
    sentence: str
    met_at: datetime | None
    help: str
    minutes: int | None
    to: str
    who: str

    @property
    def met(self) -> bool:
        return self.verdict == "met"


def checklist(subscription: Subscription, now: datetime, stage: Stage | None = None) -> list[Item]:
    """The criteria of the subscription's stage (or `stage`) as they stand at `now`.

    Asked with the engine's own predicates, so that it never says other than the next tick.
    """
    stage = stage or subscription.stage
    criteria = list(stage.criteria.all()) if stage else []
    if not criteria:
        return []
    ask = Ask(now=now, days=days_at(now))
    found = _explained(criteria, subscription.pk, ask)
    since = dict(
        CriterionState.objects.filter(
            subscription=subscription, criterion__in=criteria, lost_at=None
        ).values_list("criterion_id", "met_at")
    )
    return [_item(c, e, since.get(c.pk)) for c, e in zip(criteria, found, strict=True)]


def missing(subscription: Subscription, now: datetime) -> list[Item]:
    """The required criteria that are not met yet, in route order."""
    return [item for item in checklist(subscription, now) if item.required and not item.met]


def _explained(criteria: list[ExitCriterion], pk: int, ask: Ask) -> list[Any]:
    """One question for all criteria: they become the children of an `all`."""
    trees = [c.condition for c in criteria]
    if len(trees) == 1:
        tree = conditions.parse(trees[0], subject="subscription")
        return [conditions.explain(tree, [pk], ask, SUBSCRIPTION)[pk]]
    tree = conditions.parse({"all": trees}, subject="subscription", whole=False)
    return list(conditions.explain(tree, [pk], ask, SUBSCRIPTION)[pk].children)


def _item(criterion: ExitCriterion, explained: Any, met_at: datetime | None) -> Item:
    shown = criterion.shown
    rows = explained.rows
    return Item(
        key=criterion.key,
        label=criterion.label,
        required=criterion.required,
        verdict=explained.verdict,
        found=explained.found,
        wanted=explained.wanted,
        sentence=explained.sentence,
        met_at=met_at or (rows[0]["at"] if rows and explained.verdict == "met" else None),
        help=shown.get("help", ""),
        minutes=shown.get("minutes"),
        to=shown.get("to", ""),
        who=shown.get("who", ""),
    )
