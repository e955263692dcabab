"""The fence: the last commit before the outside world (architecture 7, reliability 0.3 and 0.4).

The people are locked first, as a stop locks them; so of a stop and a hand-over one comes first,
and whoever is second sees it. Lock order everywhere: person → enrollment → message.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import OperationalError, connection, transaction

from journeys import db, ledger, permission
from journeys.faults import faultpoint
from journeys.ledger import Verdict
from journeys.messages.claim import DatabaseClock, give_back, ours, token_of
from journeys.messages.judging import Refusals, judge
from journeys.messages.settling import settle
from journeys.models import Message

State = Message.State
WAIT_FOR_LOCKS = "200ms"
COULD_NOT_LOCK = ("55P03", "40P01")  # lock_not_available, deadlock_detected


def pass_fence(messages: Sequence[Message], now: datetime) -> list[Message]:
    """Those of our claimed messages that must leave at once, marked `handed` and durably so.

    The others are skipped, held or given back, each with its reason. Call it outside any
    transaction, right before handing over.
    """
    if not messages:
        return []
    for skip_locked in (False, True):
        # Somebody may hold one of these people for longer than we wait: the others go without them.
        try:
            return _through(messages, now, skip_locked=skip_locked)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in COULD_NOT_LOCK:
                raise
    give_back(messages)
    return []


def _through(messages: Sequence[Message], now: datetime, *, skip_locked: bool) -> list[Message]:
    with durably():
        locked = permission.lock({m.person_id for m in messages}, skip_locked=skip_locked)
        faultpoint("fence.locked")
        mine = _still_ours([m for m in messages if m.person_id in locked])
        # Somebody holds the person, or our lease is over and we are here to say so: no crash.
        kept = {m.pk for m in mine}
        give_back([m for m in messages if m.pk not in kept])
        refused = judge(mine, now)
        _write(mine, refused, now)
        leaving = [m.pk for m in mine if m.pk not in refused]
        # Handed before it is handed over: from here no lease ever takes it back.
        Message.objects.filter(pk__in=leaving).update(state=State.HANDED, handed_at=now)
        faultpoint("fence.marked")
    faultpoint("fence.committed")
    return list(ours(token_of(messages), State.HANDED).order_by("pk")) if leaving else []


def _still_ours(messages: Sequence[Message]) -> list[Message]:
    """Locked, read again, and only where token and lease are still ours."""
    rows = ours(token_of(messages), State.CLAIMED).filter(
        pk__in=[m.pk for m in messages], lease_until__gt=DatabaseClock()
    )
    return list(rows.order_by("pk").select_for_update(of=("self",)))


@contextmanager
def durably() -> Iterator[None]:
    """A transaction whose commit is on disk when it returns, and that waits for nobody for long."""
    with _synchronous(), transaction.atomic(durable=True):
        if db.is_postgres():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{WAIT_FOR_LOCKS}'")
                cursor.execute("SET LOCAL synchronous_commit = on")
        yield


@contextmanager
def _synchronous() -> Iterator[None]:
    """SQLite's share of `durably`: its WAL is flushed at commit only when told so beforehand."""
    if db.is_postgres() or connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            cursor.execute("PRAGMA synchronous = NORMAL")


def _write(mine: Sequence[Message], refused: Refusals, now: datetime) -> None:
    """Skipped and expired ones are settled; held ones go back to arbitration."""
    final = [m for m in mine if m.pk in refused and refused[m.pk].state != State.HELD]
    held = [m for m in mine if m.pk in refused and refused[m.pk].state == State.HELD]
    settle([(m, refused[m.pk].state, refused[m.pk].reason) for m in final], now)
    db.update(
        Message,
        [
            {
                "id": m.pk,
                "state": State.HELD,
                "reason": refused[m.pk].reason,
                "due_at": refused[m.pk].due_at,
                "released_at": None,
                "token": None,
                "lease_until": None,
                "attempts": max(0, m.attempts - 1),
            }
            for m in held
        ],
    )
    ledger.write(
        [
            ledger.about_message(
                m, now, Verdict.SKIPPED, refused[m.pk].reason, evidence=refused[m.pk].evidence
            )
            for m in final
        ]
        + [
            ledger.about_message(
                m, now, Verdict.MOVED, refused[m.pk].reason,
                evidence={"from": m.due_at.isoformat(), "to": str(refused[m.pk].due_at)},
            )
            for m in held
        ]
    )  # fmt: skip
