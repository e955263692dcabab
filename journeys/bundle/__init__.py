"""Journeys as code: plan, apply and export everything of contracts 2."""

from journeys.bundle.applying import apply
from journeys.bundle.exporting import export
from journeys.bundle.planning import Plan, plan
from journeys.bundle.reading import Bundle, read_files

__all__ = ["Bundle", "Plan", "apply", "export", "plan", "read_files"]
