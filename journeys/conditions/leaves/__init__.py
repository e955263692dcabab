"""The leaves by head. A new one is a module here and a line below; nothing else changes."""

from __future__ import annotations

from journeys.conditions.leaves.date import DateLeaf
from journeys.conditions.leaves.event import EventLeaf
from journeys.conditions.leaves.journey import JourneyLeaf
from journeys.conditions.leaves.message import MessageLeaf
from journeys.conditions.leaves.people import PeopleLeaf
from journeys.conditions.leaves.ratio import RatioLeaf
from journeys.conditions.leaves.segment import SegmentLeaf
from journeys.conditions.leaves.stage import StageLeaf
from journeys.conditions.leaves.trait import TraitLeaf
from journeys.conditions.tree import Leaf

__all__ = [
    "LATER",
    "LEAVES",
    "DateLeaf",
    "EventLeaf",
    "JourneyLeaf",
    "MessageLeaf",
    "PeopleLeaf",
    "RatioLeaf",
    "SegmentLeaf",
    "StageLeaf",
    "TraitLeaf",
]

LEAVES: dict[str, type[Leaf]] = {
    leaf.head: leaf
    for leaf in (
        EventLeaf,
        RatioLeaf,
        PeopleLeaf,
        TraitLeaf,
        DateLeaf,
        StageLeaf,
        MessageLeaf,
        JourneyLeaf,
        SegmentLeaf,
    )
}
#: Heads of the language whose rooms are not open yet: known by name, so refused by name.
LATER = ("signal",)
