"""A contract's way so far: each move with the moment that holds for it after all corrections."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from journeys.conditions.dialect import among
from journeys.models import StageTransition


@dataclass
class Step:
    """One move. `move` is the row that was written first, `effective_at` the last known moment."""

    move: StageTransition
    effective_at: datetime


def history(subscription_ids: Iterable[int]) -> dict[int, list[Step]]:
    """Each contract's moves in their order, without their evidence; one SELECT."""
    rows = StageTransition.objects.filter(among("subscription_id", subscription_ids))
    steps: defaultdict[int, dict[int, Step]] = defaultdict(dict)
    for row in rows.defer("evidence").order_by("pk"):
        of = steps[row.subscription_id]
        if row.corrects is None:
            of[row.seq] = Step(row, row.effective_at)
        elif row.seq in of:
            of[row.seq].effective_at = row.effective_at
    return {pk: [of[seq] for seq in sorted(of)] for pk, of in steps.items()}


def flaws(steps: Sequence[Step]) -> list[str]:
    """What is wrong with a history (I7): gaps, overlaps, moves that do not follow one another.

    A history is whole when its moves are numbered from 1 without a gap, each begins where the one
    before it led, and none takes effect before the one before it.
    """
    found = []
    for number, step in enumerate(steps, start=1):
        if step.move.seq != number:
            found.append(f"move {number} is numbered {step.move.seq}")
    for before, after in pairwise(steps):
        if after.move.from_stage != before.move.to_stage:
            found.append(f"move {after.move.seq} does not begin where the last one led")
        if after.effective_at < before.effective_at:
            found.append(f"move {after.move.seq} takes effect before the last one")
    return found
