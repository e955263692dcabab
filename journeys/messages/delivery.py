"""The message's way out: claim → freeze → fence → hand over → settle (architecture 7).

At most one hand-over to the next hop, whatever dies in between: what was handed and not answered
is never taken back by a lease, and what was not handed is found again by the next claim.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from django.core.mail import BadHeaderError
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from journeys import outside
from journeys.channels import email
from journeys.faults import faultpoint
from journeys.ledger import Reason
from journeys.messages import rendering
from journeys.messages.claim import claim, give_back
from journeys.messages.fence import pass_fence
from journeys.messages.handing import Sent, hand_over
from journeys.messages.outcomes import ChannelDown
from journeys.messages.preparing import Dropped, drop, prepare
from journeys.messages.reconciling import reconcile, register_authority
from journeys.models import Message

__all__ = ["Sent", "letter_of", "mail_of", "reconcile", "register_authority", "send_due"]

#: One fence covers so many: what a crash leaves to reconcile.
BATCH = 10


def send_due(
    now: datetime, *, limit: int = 500, alive: Callable[[], object] = lambda: None
) -> Sent:
    """Send released e-mails whose time has come, at most `limit`; what was done.

    Call it outside any transaction. Stops early, with `broken` set, when the provider is down:
    no recipient is marked, everything stays due. Sends nothing, with `held` set, from a copied
    database or after a restore. `alive` is called after every few messages.
    """
    if held := outside.hindrance():
        return Sent(held=held)
    total = Sent()
    line = _Line()
    try:
        while total.claimed < limit and not total.broken:
            batch = claim(now, min(BATCH, limit - total.claimed))
            if not batch:
                break
            total.claimed += len(batch)
            total.add(_send(batch, line, now))
            alive()
    finally:
        line.hang_up()
        if total.handed:
            outside.move_on()
    return total


class _Line:
    """The connection to the provider: opened when there is something to say, kept for the pass."""

    def __init__(self) -> None:
        self.connection: BaseEmailBackend | None = None

    def open(self) -> BaseEmailBackend:
        if self.connection is None:
            self.connection = email.connect()
        return self.connection

    def hang_up(self) -> None:
        if self.connection is not None:
            email.close(self.connection)
            self.connection = None


def _send(batch: Sequence[Message], line: _Line, now: datetime) -> Sent:
    ready = prepare(batch, now)
    mails, unlawful = _composed(ready)
    with transaction.atomic():
        drop(unlawful, now)
    ready = [m for m in ready if m.pk in mails]
    if not ready:
        return Sent(failed=len(unlawful))
    try:
        connection = line.open()
    except ChannelDown as error:
        give_back(ready)
        return Sent(failed=len(unlawful), broken=str(error))
    faultpoint("connect.after")
    handed = pass_fence(ready, now)
    sent = hand_over(handed, mails, connection, now, fenced_at=time.monotonic())
    sent.failed += len(unlawful)
    if sent.broken:
        line.hang_up()
    return sent


def _composed(messages: Sequence[Message]) -> tuple[dict[int, email.Mail], list[Dropped]]:
    """The mail of each message, and those that must not or cannot be a mail."""
    mails: dict[int, email.Mail] = {}
    unlawful: list[Dropped] = []
    for message in messages:
        try:
            mails[message.pk] = mail_of(message)
        except (email.Unlawful, BadHeaderError, rendering.BadTemplate) as error:
            evidence = {"why": str(error)}
            unlawful.append((message, Message.State.FAILED, Reason.BAD_TEXT, evidence))
    return mails, unlawful


def mail_of(message: Message) -> email.Mail:
    """The mail of a frozen message: the same bytes at every call (I22)."""
    return email.compose(letter_of(message))


def letter_of(message: Message) -> email.Letter:
    """A frozen message as its channel wants it."""
    frozen = message.frozen or {}
    filled = rendering.fill(message, frozen)
    return email.Letter(
        uid=str(message.uid),
        sender=frozen["from"],
        to=frozen["to"],
        reply_to=frozen["reply_to"],
        subject=filled.subject,
        text=filled.text,
        html=filled.html,
        message_id=frozen["message_id"],
        date=frozen["date"],
        boundary=frozen["boundary"],
        topic=message.topic,
        journey=message.journey_key,
        category=message.category,
        stop_url=frozen["stop_url"],
    )
