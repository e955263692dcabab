"""What became of messages whose hand-over got no answer (architecture 7.5, I23).

An authority (our own relay's log, a provider's events) says found, absent or unknown. Without one
they are uncertain: shown to a person, never sent again by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from journeys import db, ledger
from journeys.ledger import Reason, Verdict
from journeys.messages.claim import DatabaseClock, lease
from journeys.messages.settling import settle
from journeys.models import Message

State = Message.State
#: Message-ID → True: it was accepted, False: provably not, missing: nobody knows.
Authority = Callable[[Sequence[str]], Mapping[str, bool]]
BATCH = 500
_authorities: list[Authority] = []


def register_authority(function: Authority) -> None:
    """Name somebody who knows what the next hop got. Only a complete log may ever say False."""
    _authorities.append(function)


def reconcile(now: datetime, *, authority: Authority | None = None) -> dict[str, int]:
    """Settle handed messages nobody answered for; {"accepted", "planned", "uncertain"}: how many.

    Old enough is a matter of the database's clock: longer than the next hop keeps a silent
    connection open, so that no paused sender can still deliver what is given up here.
    """
    asked = [authority] if authority else _authorities
    counts = {"accepted": 0, "planned": 0, "uncertain": 0}
    with transaction.atomic():
        messages = list(_unanswered())
        known: dict[str, bool] = {}
        ids = {m.pk: str((m.frozen or {}).get("message_id", "")) for m in messages}
        for ask in asked:
            known = {**ask(list(ids.values())), **known}
        found = [m for m in messages if known.get(ids[m.pk]) is True]
        absent = [m for m in messages if known.get(ids[m.pk]) is False]
        open_ = [m for m in messages if ids[m.pk] not in known]
        counts["accepted"] = settle([(m, State.ACCEPTED, Reason.ACCEPTED) for m in found], now)
        counts["planned"] = _again(absent, now)
        counts["uncertain"] = settle([(m, State.UNCERTAIN, Reason.NO_ANSWER) for m in open_], now)
        ledger.write(
            [ledger.about_message(m, now, Verdict.SENT, Reason.ACCEPTED) for m in found]
            + [ledger.about_message(m, now, Verdict.MOVED, Reason.NO_ANSWER) for m in absent]
            + [ledger.about_message(m, now, Verdict.UNCERTAIN, Reason.NO_ANSWER) for m in open_]
        )
    return counts


def settle_sent(uids: Iterable[str], now: datetime) -> int:
    """Settle as accepted what a complete log says was sent, whatever this database remembers.

    For after a restore: messages that were planned at the backup's time and left after it. How
    many.
    """
    waits = (State.PLANNED, State.HELD, State.CLAIMED, State.HANDED, State.UNCERTAIN)
    with transaction.atomic():
        rows = Message.objects.filter(uid__in=set(uids), channel="email", state__in=waits)
        found = list(rows.order_by("pk").select_for_update())
        # What was sent counts against the limits from when we learnt of it.
        db.update(Message, [{"id": m.pk, "handed_at": m.handed_at or now} for m in found])
        ledger.write([ledger.about_message(m, now, Verdict.SENT, Reason.ACCEPTED) for m in found])
        return settle([(m, State.ACCEPTED, Reason.ACCEPTED) for m in found], now)


def _unanswered() -> Sequence[Message]:
    grace = timedelta(seconds=settings.RECONCILE_AFTER_SECONDS) - lease()
    rows = Message.objects.filter(
        channel="email", state=State.HANDED, lease_until__lt=DatabaseClock() - grace
    )
    return list(db.skip_locked(rows.order_by("pk"))[:BATCH])


def _again(absent: Sequence[Message], now: datetime) -> int:
    """Provably not there: due again, under the same key, with the same bytes."""
    return db.update(
        Message,
        [
            {"id": m.pk, "state": State.PLANNED, "token": None, "lease_until": None,
             "handed_at": None, "due_at": now}
            for m in absent
        ],
    )  # fmt: skip
