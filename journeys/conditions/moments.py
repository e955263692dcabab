"""Since when a tree is met: the earliest moment, among all at which its verdict could change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from journeys.conditions.asking import Ask, Subject
from journeys.conditions.memory import Memory, batched
from journeys.conditions.tree import Node, Verdict


def since(
    node: Node,
    ids: Iterable[int],
    ask: Ask,
    subject: Subject,
    *,
    floor: Mapping[int, datetime] | None = None,
) -> dict[int, datetime]:
    """For each id that meets the tree at `ask.now`, the earliest moment at which it was met.

    Judged in memory from everything known to the question, not from what was known at that
    moment; never before the id's `floor` (the stage's entry, say) and never after `ask.now`.
    Costs, for each batch of 1,000 ids, one SELECT for the subjects and a fixed number for each
    distinct leaf.
    """
    floors = floor or {}
    found: dict[int, datetime] = {}
    for some in batched(sorted(set(ids))):
        rows = subject.rows(some)
        memory = Memory(node, rows, ask)
        found |= {row.id: _first_met(memory, row.id, ask.now, floors.get(row.id)) for row in rows}
    return found


def _first_met(memory: Memory, row_id: int, now: datetime, floor: datetime | None) -> datetime:
    if floor is not None and floor >= now:
        return floor
    moments = {at for at in memory.moments(row_id) if at < now and (floor is None or at > floor)}
    candidates = sorted(moments if floor is None else moments | {floor})
    met = (at for at in candidates if memory.verdict(row_id, at) is Verdict.MET)
    return next(met, now)
