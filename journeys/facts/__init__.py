"""What happened. `take` is how a batch of calls gets in, `record` how facts of our own do."""

from __future__ import annotations

from journeys.facts.calls import Refused, check
from journeys.facts.recording import Fact, record, record_all
from journeys.facts.taking import Rejected, Verdicts, Warned, take, until_written

__all__ = [
    "Fact",
    "Refused",
    "Rejected",
    "Verdicts",
    "Warned",
    "check",
    "record",
    "record_all",
    "take",
    "until_written",
]
