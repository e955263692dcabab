"""The end of a message's way, and waking the enrollment that waited for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from journeys import db
from journeys.models import Enrollment, Message


def settle(
    outcomes: Sequence[tuple[Message, Message.State, str]], now: datetime, *, reply: str = ""
) -> int:
    """Write the outcomes and make the waiting enrollments due; how many messages were settled.

    The enrollment is never waited for: it is only told that it may go on (architecture 7).
    """
    if not outcomes:
        return 0
    changed = db.update(
        Message,
        [
            {
                "id": message.pk,
                "state": state,
                "reason": reason,
                "settled_at": now,
                "token": None,
                "provider_reply": reply or message.provider_reply,
            }
            for message, state, reason in outcomes
        ],
    )
    wake([m.enrollment_id for m, _state, _reason in outcomes if m.enrollment_id], now)
    return changed


def wake(enrollment_ids: Sequence[int], now: datetime) -> int:
    """Make the enrollments that wait for a message due at `now`."""
    return db.update(
        Enrollment,
        [{"id": pk, "due_at": now} for pk in dict.fromkeys(enrollment_ids)],
        only_where="t.status = 'in' AND t.waiting_for = 'message'",
    )
