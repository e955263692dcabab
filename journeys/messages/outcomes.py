"""What became of one hand-over, in the same words for every channel."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Answer(Enum):
    """A provider's answer, read so that nothing is sent twice and nothing is lost.

    ACCEPTED: it has it. REFUSED: it will never take it. LATER: not now. UNTRIED: it certainly got
    nothing of it. NONE: it may or may not have it; nobody but an authority can say.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LATER = "later"
    UNTRIED = "untried"
    NONE = "none"


@dataclass(frozen=True)
class Outcome:
    """`reply` is the provider's own words. `bounced`: the address itself does not exist.

    `broken`: the connection cannot be used for the next message.
    """

    answer: Answer
    reply: str = ""
    bounced: bool = False
    broken: bool = False


class ChannelDown(ConnectionError):
    """The provider as a whole cannot be used now: no recipient is at fault (circuit breaker)."""
