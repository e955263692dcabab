"""Walking a journey: claim what is due, ask each condition once, walk in memory, write in sets."""

from journeys.steps.running import run_due

__all__ = ["run_due"]
