"""When a lesson counts as read: every block seen to its end, and some time given to it (R64)."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from content.reading import block_ids, seconds_to_read

RULE = "reading-1"  # its number grows when one of these numbers changes
SHARE = 0.4  # of an unhurried reader's time: skimming counts, scrolling through does not
LEAST_SECONDS = 8


@dataclass(frozen=True)
class Standing:
    """How far a reader is in a lesson, and what is left. `percent` is 100 only when read."""

    percent: int
    seconds_left: int
    blocks_left: int
    needed_ms: int

    @property
    def is_read(self) -> bool:
        return self.percent == 100


def needed_ms(body: Any, minutes: int) -> int:
    """Milliseconds of attention after which a lesson of `minutes` may count as read."""
    seconds = max(LEAST_SECONDS, SHARE * seconds_to_read(body))
    return math.ceil(min(seconds, minutes * 60)) * 1000


def standing(body: Any, minutes: int, active_ms: int, seen: Collection[str]) -> Standing:
    """The standing in a lesson after `active_ms` of attention and the blocks `seen` (ids)."""
    blocks = block_ids(body)
    read = sum(block in seen for block in blocks)
    needed = needed_ms(body, minutes)
    given = min(active_ms, needed)
    share = (given / needed + (read / len(blocks) if blocks else 1.0)) / 2
    return Standing(
        percent=math.floor(share * 100),
        seconds_left=math.ceil((needed - given) / 1000),
        blocks_left=len(blocks) - read,
        needed_ms=needed,
    )
