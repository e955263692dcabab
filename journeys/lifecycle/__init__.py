"""Stages, left by exit criteria: who moves on, since when, with what evidence, what is missing."""

from journeys.lifecycle.advancing import advance
from journeys.lifecycle.by_hand import (
    HandRefused,
    confirm,
    deliver,
    extend,
    hold,
    move_by_hand,
    release,
)
from journeys.lifecycle.checklist import Item, checklist, missing
from journeys.lifecycle.entering import start_subscriptions
from journeys.lifecycle.rerouting import RerouteRefused, Transfer, reroute, transfers

__all__ = [
    "HandRefused",
    "Item",
    "RerouteRefused",
    "Transfer",
    "advance",
    "checklist",
    "confirm",
    "deliver",
    "extend",
    "hold",
    "missing",
    "move_by_hand",
    "release",
    "reroute",
    "start_subscriptions",
    "transfers",
]
