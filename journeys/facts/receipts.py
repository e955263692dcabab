"""(source, message id) is taken once: the first write wins, whoever else comes with it (I2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from journeys import db
from journeys.facts.calls import Read
from journeys.models import Receipt


def sign(
    calls: Sequence[Read], *, source: str, received_at: datetime
) -> tuple[list[bool], set[int]]:
    """Sign for the calls: which are news, and the places of those in conflict with an older one.

    At most two statements. Waits for another writer of the same ids. Needs a transaction.
    """
    first: dict[str, Read] = {}
    for call in calls:
        first.setdefault(call.message_id, call)
    ours = db.insert_new(
        [
            Receipt(
                source=source,
                message_id=message_id,
                body_hash=first[message_id].body,
                received_at=received_at,
            )
            for message_id in sorted(first)  # one order for all writers: no deadlock
        ],
        "message_id",
    )
    bodies = {name: call.body for name, call in first.items() if name in ours}
    bodies |= _signed(source, first.keys() - ours)
    news = [call.message_id in ours and call is first[call.message_id] for call in calls]
    conflicts = {n for n, call in enumerate(calls) if call.body != bodies[call.message_id]}
    return news, conflicts


def _signed(source: str, message_ids: Iterable[str]) -> dict[str, str]:
    wanted = sorted(message_ids)
    rows = Receipt.objects.filter(source=source, message_id__in=wanted)
    return dict(rows.values_list("message_id", "body_hash")) if wanted else {}
