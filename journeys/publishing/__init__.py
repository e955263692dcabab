"""Document → checks → program → immutable version."""

from journeys.publishing.program import END, branch, compile_steps, every_condition, exits
from journeys.publishing.refusals import Problem, PublishRefused, read_shape
from journeys.publishing.versions import (
    check_journey,
    check_lifecycle,
    entry_condition,
    hash_of,
    publish_journey,
    publish_lifecycle,
)

__all__ = [
    "END",
    "Problem",
    "PublishRefused",
    "branch",
    "check_journey",
    "check_lifecycle",
    "compile_steps",
    "entry_condition",
    "every_condition",
    "exits",
    "hash_of",
    "publish_journey",
    "publish_lifecycle",
    "read_shape",
]
