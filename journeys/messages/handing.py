"""Handing over what passed the fence, and writing down what the provider said."""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from journeys import db, ledger, permission
from journeys.channels import email
from journeys.faults import faultpoint
from journeys.ledger import Reason, Verdict
from journeys.messages.claim import give_back, token_of
from journeys.messages.outcomes import Answer, Outcome
from journeys.messages.settling import settle
from journeys.models import Decision, Message

State = Message.State
#: A hand-over begins at most this long after its fence; what is later goes through a new one.
GUARD_SECONDS = 5.0
MOST_ATTEMPTS = 8
BACK_OFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 120, 240, 480))
UNTRIED_AGAIN = timedelta(minutes=2)
Told = tuple[Message, Outcome]


@dataclass
class Sent:
    """What one pass of the sender did. `broken` says why it stopped early, "" when it did not.

    `held` says why it may not send at all.
    """

    claimed: int = 0
    handed: int = 0
    accepted: int = 0
    failed: int = 0
    later: int = 0
    unanswered: int = 0
    broken: str = ""
    held: str = ""

    def add(self, other: Sent) -> None:
        for name in ("claimed", "handed", "accepted", "failed", "later", "unanswered"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.broken = self.broken or other.broken
        self.held = self.held or other.held


def hand_over(
    handed: Sequence[Message],
    mails: Mapping[int, email.Mail],
    connection: BaseEmailBackend,
    now: datetime,
    fenced_at: float,
) -> Sent:
    """Give each message to the provider and settle the answers; what was not begun goes back.

    `fenced_at` is the monotonic moment of the fence's commit.
    """
    told: list[Told] = []
    begun: set[int] = set()
    try:
        for message in handed:
            if time.monotonic() - fenced_at > GUARD_SECONDS:
                break
            faultpoint("hand.before")
            # From here on only an answer can say that it was not taken.
            begun.add(message.pk)
            outcome = email.hand_over(connection, mails[message.pk])
            faultpoint("hand.after")
            told.append((message, outcome))
            if outcome.broken:
                break
    finally:
        # Also when something of ours broke: what was answered is written down.
        sent = write(told, now)
        give_back([m for m in handed if m.pk not in begun])
    sent.handed = len(told)
    sent.broken = next((o.reply or "cut off" for _m, o in told if o.broken), "")
    return sent


def write(told: Sequence[Told], now: datetime) -> Sent:
    """Settle the answers in one transaction: accepted, failed, later, or still unknown."""
    sent = Sent()
    if not told:
        return sent
    with transaction.atomic():
        still = _still_waiting([m for m, _o in told])
        decisions: list[Decision] = []
        for answer, write_those in WRITERS.items():
            those = [(m, o) for m, o in told if o.answer is answer and m.pk in still]
            if those:
                decisions += write_those(those, now, sent)
        ledger.write(decisions)
        faultpoint("settle.before_commit")
    faultpoint("settle.after")
    return sent


def _still_waiting(messages: Sequence[Message]) -> set[int]:
    """Which of them nobody else has settled: ours and handed, or given up as uncertain meanwhile.

    A late yes beats "nobody knows"; it is known by the attempt, for the token is gone by then.
    """
    attempts = {m.pk: m.attempts for m in messages}
    token = token_of(messages)
    rows = Message.objects.filter(pk__in=attempts, state__in=(State.HANDED, State.UNCERTAIN))
    return {
        m.pk
        for m in rows.order_by("pk").select_for_update()
        if m.token == token or (m.state == State.UNCERTAIN and m.attempts == attempts[m.pk])
    }


def _accepted(told: Sequence[Told], now: datetime, sent: Sent) -> list[Decision]:
    for message, outcome in told:
        message.provider_reply = outcome.reply
    settle([(m, State.ACCEPTED, Reason.ACCEPTED) for m, _o in told], now)
    sent.accepted += len(told)
    return [_decision(m, o, now, Verdict.SENT, Reason.ACCEPTED) for m, o in told]


def _refused(told: Sequence[Told], now: datetime, sent: Sent) -> list[Decision]:
    for message, outcome in told:
        message.provider_reply = outcome.reply
        if outcome.bounced:
            permission.suppress(message.to_address, "hard_bounce", now)
    settle([(m, State.FAILED, Reason.REFUSED) for m, _o in told], now)
    sent.failed += len(told)
    return [_decision(m, o, now, Verdict.FAILED, Reason.REFUSED) for m, o in told]


def _later(told: Sequence[Told], now: datetime, sent: Sent) -> list[Decision]:
    """Back-off under the same key and with the same bytes; after the last try it has failed."""
    over = [(m, o) for m, o in told if m.attempts >= MOST_ATTEMPTS]
    again = [(m, o) for m, o in told if m.attempts < MOST_ATTEMPTS]
    db.update(
        Message,
        [
            {
                "id": m.pk,
                "state": State.PLANNED,
                "reason": Reason.REFUSED,
                "due_at": now + _back_off(m),
                "token": None,
                "lease_until": None,
                "handed_at": None,
                "provider_reply": o.reply,
                "frozen": {**(m.frozen or {}), "refusals": 1 + (m.frozen or {}).get("refusals", 0)},
            }
            for m, o in again
        ],
    )
    sent.later += len(again)
    found = [_decision(m, o, now, Verdict.MOVED, Reason.REFUSED) for m, o in again]
    return found + _refused(over, now, sent)


def _untried(told: Sequence[Told], now: datetime, sent: Sent) -> list[Decision]:
    """It got nothing: back without a mark, but others go first, lest one message block them all."""
    give_back([m for m, _o in told])
    Message.objects.filter(pk__in=[m.pk for m, _o in told]).update(due_at=now + UNTRIED_AGAIN)
    sent.later += len(told)
    return []


def _unanswered(told: Sequence[Told], now: datetime, sent: Sent) -> list[Decision]:
    """It stays handed, and no lease ever takes it back; reconciling says more later."""
    db.update(Message, [{"id": m.pk, "provider_reply": o.reply} for m, o in told])
    sent.unanswered += len(told)
    return []


WRITERS = {
    Answer.ACCEPTED: _accepted,
    Answer.REFUSED: _refused,
    Answer.LATER: _later,
    Answer.UNTRIED: _untried,
    Answer.NONE: _unanswered,
}


def _back_off(message: Message) -> timedelta:
    """Longer at each attempt, spread by up to a quarter, the same for the same message."""
    step = BACK_OFF[min(max(message.attempts, 1), len(BACK_OFF)) - 1]
    return step * (1 + (zlib.crc32(message.uid.bytes) % 256) / 1024)


def _decision(
    message: Message, outcome: Outcome, now: datetime, verdict: Verdict, reason: Reason
) -> Decision:
    evidence = {"reply": outcome.reply, "attempt": message.attempts}
    return ledger.about_message(message, now, verdict, reason, evidence=evidence)
