"""Which criteria of a stage each of its customers meets: one SELECT for the whole stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, When

from journeys import conditions
from journeys.conditions import SUBSCRIPTION, Ask, Node
from journeys.conditions.dialect import among
from journeys.models import ExitCriterion, Stage, Subscription


@dataclass(frozen=True)
class Standing:
    """A stage's customers: which criteria each meets (ids), and who is held there by hand."""

    met: dict[int, set[int]]
    held: set[int]

    def ready(self, stage: Stage, criteria: Sequence[ExitCriterion]) -> list[int]:
        """Those who meet all, or N, of the required criteria and are not held by hand."""
        required = {c.pk for c in criteria if c.required}
        need = len(required) if stage.at_least == "all" else int(stage.at_least)
        return [
            pk
            for pk, met in self.met.items()
            if len(met & required) >= need and pk not in self.held
        ]


def tree_of(criterion: ExitCriterion) -> Node:
    """A criterion's condition, as asked about a contract."""
    return conditions.parse(criterion.condition, subject="subscription")


def exit_tree(stage: Stage, criteria: Sequence[ExitCriterion]) -> Node:
    """The condition that lets a stage go: all, or N, of its required criteria."""
    required = [c.condition for c in criteria if c.required]
    if len(required) == 1:
        return conditions.parse(required[0], subject="subscription")
    raw: dict[str, Any] = (
        {"all": required}
        if stage.at_least == "all"
        else {"at_least": {"n": stage.at_least, "of": required}}
    )
    return conditions.parse(raw, subject="subscription", whole=False)


def standing(
    stage: Stage, criteria: Sequence[ExitCriterion], ask: Ask, *, of: Sequence[int] | None = None
) -> Standing:
    """Ask every criterion about everybody in the stage, or about these contracts (ids)."""
    trees = [tree_of(criterion) for criterion in criteria]

    def build(ask: Ask, ids: Sequence[int]) -> QuerySet[Any, Any]:
        said = [
            Case(
                When(conditions.compile(tree, True, ask, SUBSCRIPTION), then=1),
                default=0,
                output_field=IntegerField(),
            )
            for tree in trees
        ]
        which = Q(stage=stage.pk) if of is None else among("pk", ids)
        there = Subscription.objects.filter(which, ended_at=None).order_by("pk")
        return there.values_list("pk", "manual_until_released", *said)

    asked_of = "there" if of is None else "these"
    key = ("standing", asked_of, stage.pk, tuple(tree.digest for tree in trees))
    rows = conditions.asked(key, build, ask, of or ())
    return Standing(
        met={
            pk: {c.pk for c, yes in zip(criteria, said, strict=True) if yes}
            for pk, _held, *said in rows
        },
        held={pk for pk, held, *_said in rows if held},
    )
