"""The customer's own aims: set, measured, and how far they are reached (R12)."""

from journeys.goals.hearing import hear
from journeys.goals.measuring import measure
from journeys.goals.setting import COUNT, MOST, GoalRefused, set_goal

__all__ = ["COUNT", "MOST", "GoalRefused", "hear", "measure", "set_goal"]
