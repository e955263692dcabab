"""Document → checks → program → immutable version."""

from journeys.publishing.checking import check_journey
from journeys.publishing.entries import read_entry
from journeys.publishing.journeys import entry_of, publish_journey
from journeys.publishing.program import END, branch, compile_steps, every_condition, exits
from journeys.publishing.references import KNOWN
from journeys.publishing.refusals import Problem, PublishRefused, read_shape
from journeys.publishing.versions import (
    check_lifecycle,
    hash_of,
    publish_lifecycle,
)

__all__ = [
    "END",
    "KNOWN",
    "Problem",
    "PublishRefused",
    "branch",
    "check_journey",
    "check_lifecycle",
    "compile_steps",
    "entry_of",
    "every_condition",
    "exits",
    "hash_of",
    "publish_journey",
    "publish_lifecycle",
    "read_entry",
    "read_shape",
]
