"""What happened. `take` is how a batch of calls gets in, `record` how one fact of our own does."""

from __future__ import annotations

from journeys.facts.calls import Refused
from journeys.facts.recording import record
from journeys.facts.taking import Rejected, Verdicts, Warned, take

__all__ = ["Refused", "Rejected", "Verdicts", "Warned", "record", "take"]
