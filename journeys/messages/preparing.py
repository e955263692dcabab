"""Preparing a claimed message: fill its letter once, and freeze what every attempt needs (I22)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from journeys import db, ledger
from journeys.faults import faultpoint
from journeys.ledger import Reason, Verdict
from journeys.messages import rendering, values
from journeys.messages.claim import crashes, ours, token_of
from journeys.messages.links import uid_of
from journeys.messages.liquid import fill_line
from journeys.messages.settling import settle
from journeys.models import Link, Message

logger = logging.getLogger("junro")
State = Message.State
MOST_CRASHES = 3
NAMES = ("account_name", "department", "title", "person_name")

#: Why a message is not sent: (message, state, reason, evidence).
Dropped = tuple[Message, Message.State, Reason, dict[str, Any]]


def prepare(messages: Sequence[Message], now: datetime) -> list[Message]:
    """Those of our claimed messages that are ready for the fence, frozen.

    A message that cannot be filled is settled with its reason; one that keeps killing its sender
    is parked (I18).
    """
    dropped: list[Dropped] = []
    fresh, ready = [], []
    for message in messages:
        if crashes(message) >= MOST_CRASHES:
            evidence = {"attempts": message.attempts}
            dropped.append((message, State.FAILED, Reason.CRASHED, evidence))
        elif message.frozen is None:
            fresh.append(message)
        else:
            ready.append(message)
    frozen = _freeze(fresh, now, dropped)
    with transaction.atomic():
        _write(frozen, now)
        drop(dropped, now)
        faultpoint("freeze.before_write")
    faultpoint("freeze.after")
    return ready + [message for message, _frozen in frozen]


def _freeze(
    messages: Sequence[Message], now: datetime, dropped: list[Dropped]
) -> list[tuple[Message, dict[str, Any]]]:
    wanted = {n for m in messages for n in _fields(m)}
    known = values.values_of(messages, now, wanted) if messages else {}
    found = []
    for message in messages:
        try:
            frozen = rendering.freeze(message, now, known[message.pk])
        except rendering.MissingValue as error:
            evidence = {"field": error.name}
            dropped.append((message, State.SKIPPED, Reason.MISSING_VALUE, evidence))
        except rendering.NoAddress:
            dropped.append((message, State.SKIPPED, Reason.NO_ADDRESS, {}))
        except rendering.BadTemplate as error:
            dropped.append((message, State.FAILED, Reason.BAD_TEXT, {"why": str(error)}))
        except Exception:
            # One poisoned text must not stop the others: it comes again, alone, later.
            logger.exception("message %s cannot be prepared", message.uid)
            _later(message, now)
        else:
            message.frozen = frozen
            found.append((message, frozen))
    return found


def _fields(message: Message) -> set[str]:
    version = message.template_version
    return {*NAMES, *(version.compiled["variables"] if version else ())}


def _later(message: Message, now: datetime) -> None:
    ours(message.token, State.CLAIMED).filter(pk=message.pk).update(
        state=State.PLANNED, token=None, lease_until=None, due_at=now + timedelta(minutes=10)
    )


def _write(frozen: Sequence[tuple[Message, dict[str, Any]]], now: datetime) -> None:
    if not frozen:
        return
    token = token_of([m for m, _frozen in frozen])
    still = set(ours(token, State.CLAIMED).values_list("pk", flat=True))
    mine = [(m, f) for m, f in frozen if m.pk in still]
    links = [link for m, f in mine for link in _links(m, f)]
    db.insert(links, ignore_conflicts=True)
    db.update(
        Message,
        [{"id": m.pk, "frozen": f, "to_address": f["to"]} for m, f in mine],
        only_where="t.frozen IS NULL",
    )


def _links(message: Message, frozen: Mapping[str, Any]) -> list[Link]:
    version = message.template_version
    return [
        Link(
            uid=uid_of(message, position),
            message=message,
            position=position,
            label=fill_line(link["label"], frozen["values"])[:200],
            target=link["target"],
            expires_at=datetime.fromisoformat(frozen["until"]),
        )
        for position, link in enumerate(version.compiled["links"] if version else ())
    ]


def drop(dropped: Sequence[Dropped], now: datetime) -> None:
    """Settle messages that cannot be sent, where they are still ours; inside a transaction."""
    token = token_of([m for m, _state, _reason, _evidence in dropped])
    rows = ours(token, State.CLAIMED).select_for_update(of=("self",))
    still = {m.pk for m in rows} if dropped else set()
    dropped = [d for d in dropped if d[0].pk in still]
    settle([(m, state, reason) for m, state, reason, _evidence in dropped], now)
    ledger.write(
        ledger.about_message(
            m, now, Verdict.FAILED if state == State.FAILED else Verdict.SKIPPED, reason,
            evidence=evidence,
        )
        for m, state, reason, evidence in dropped
    )  # fmt: skip
