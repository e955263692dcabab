"""Stages, left by exit criteria: who moves on, since when, with what evidence, what is missing."""

from journeys.lifecycle.advancing import advance
from journeys.lifecycle.checklist import Item, checklist, missing
from journeys.lifecycle.entering import start_subscriptions

__all__ = ["Item", "advance", "checklist", "missing", "start_subscriptions"]
