"""The rows behind a tree, in memory, so that it can be judged at any past moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from journeys.conditions.asking import Ask, Row
from journeys.conditions.tree import History, Leaf, Node, Verdict, judged, leaves

BATCH = 1000


def batched(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The ids in portions whose rows fit into memory."""
    for first in range(0, len(ids), BATCH):
        yield ids[first : first + BATCH]


class Memory:
    """Histories of every leaf for a set of subjects; leaves that are alike are read once."""

    def __init__(self, node: Node, rows: Sequence[Row], ask: Ask, *, detail: bool = False) -> None:
        self.node = node
        self._of: dict[str, Mapping[int, History]] = {}
        for leaf in leaves(node):
            if leaf.digest not in self._of:
                self._of[leaf.digest] = leaf.histories(rows, ask, detail=detail)

    def history(self, leaf: Leaf, row_id: int) -> History:
        return self._of[leaf.digest][row_id]

    def verdict(self, row_id: int, at: datetime, node: Node | None = None) -> Verdict:
        """What the tree (or one of its nodes) said at a moment."""
        return judged(node or self.node, lambda leaf: self.history(leaf, row_id).verdict(at))

    def moments(self, row_id: int, node: Node | None = None) -> Iterator[datetime]:
        """Every moment at which the verdict may have changed, or may change by time alone."""
        for leaf in leaves(node or self.node):
            yield from self.history(leaf, row_id).moments()
