"""At a slot: which of the messages that could go now may go (R27, R32, R33).

Judged by the same questions as at the fence. Nothing is sent here: a released message is the
sender's, and the fence asks once more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from journeys import conditions, db, ledger
from journeys.calendars import days_at
from journeys.conditions import ENROLLMENT, Ask
from journeys.ledger import Reason, Verdict
from journeys.messages.judging import Refusal, Refusals, judge
from journeys.messages.settling import settle
from journeys.models import Decision, Message

State = Message.State
Evidence = dict[int, dict[str, Any]]


@transaction.atomic
def plan(now: datetime) -> int:
    """Judge every message whose slot has come; how many were released to the sender."""
    withdraw_done_nudges(now)
    due = Message.objects.filter(
        channel="email",
        state__in=(State.PLANNED, State.HELD),
        released_at=None,
        due_at__lte=now,
    ).select_related("person", "template_version")
    messages = list(db.locked(due.order_by("pk")))
    if not messages:
        return 0
    refused = judge(messages, now, waiting=_waiting({m.person_id for m in messages}))
    _refuse(messages, refused, now)
    released = [m for m in messages if m.pk not in refused]
    _release(released, now)
    return len(released)


def _waiting(people: set[int]) -> dict[int, list[datetime]]:
    """What was released to the sender before and has not left yet, by person."""
    rows = Message.objects.filter(
        person__in=people,
        channel="email",
        state__in=(State.PLANNED, State.CLAIMED),
        released_at__isnull=False,
    ).values_list("person_id", "released_at")
    found: dict[int, list[datetime]] = defaultdict(list)
    for person_id, released_at in rows:
        if released_at is not None:
            found[person_id].append(released_at)
    return found


def _refuse(messages: Sequence[Message], refused: Refusals, now: datetime) -> None:
    """Skip or expire for good, or hold until the next chance; each with its reason."""
    over = [(m, refused[m.pk]) for m in messages if m.pk in refused]
    settle(
        [(m, r.state, r.reason) for m, r in over if r.state != State.HELD],
        now,
    )
    db.update(
        Message,
        [
            {"id": m.pk, "state": State.HELD, "reason": r.reason, "due_at": r.due_at or m.due_at}
            for m, r in over
            if r.state == State.HELD
        ],
    )
    why = _meeting([m for m, r in over if r.reason == Reason.ALREADY_DONE], "skip_if", now)
    # A message that is held for the same reason again is not spoken of again.
    ledger.write(
        _decision(m, r, now, why.get(m.pk))
        for m, r in over
        if r.state != State.HELD or m.reason != r.reason
    )


def _decision(
    message: Message, refusal: Refusal, now: datetime, why: dict[str, Any] | None
) -> Decision:
    if refusal.state != State.HELD:
        evidence = why or refusal.evidence
        return ledger.about_message(
            message, now, Verdict.SKIPPED, refusal.reason, evidence=evidence
        )
    moved = {
        "from": message.due_at.isoformat(),
        "to": (refusal.due_at or message.due_at).isoformat(),
    }
    return ledger.about_message(message, now, Verdict.MOVED, refusal.reason, evidence=moved)


def _release(messages: Sequence[Message], now: datetime) -> None:
    db.update(
        Message,
        [{"id": m.pk, "state": State.PLANNED, "reason": "", "released_at": now} for m in messages],
    )
    ledger.write(ledger.about_message(m, now, Verdict.RELEASED, Reason.SLOT) for m in messages)


def _meeting(messages: Sequence[Message], slot: str, now: datetime) -> Evidence:
    """Message id → what was found, for those whose condition in `slot` is met.

    One SELECT for each distinct condition; what is behind it is read for those who meet it only.
    """
    trees: dict[str, conditions.Node] = {}
    groups: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        if (raw := getattr(message, slot)) and message.enrollment_id:
            tree = conditions.parse(raw, subject="enrollment")
            trees[conditions.hash_of(tree)] = tree
            groups[conditions.hash_of(tree)].append(message)
    ask = Ask(now=now, days=days_at(now))
    found: Evidence = {}
    for digest, group in groups.items():
        asked = [m.enrollment_id for m in group if m.enrollment_id]
        ids = conditions.matching(trees[digest], asked, ask, ENROLLMENT)
        why = conditions.explain(trees[digest], ids, ask, ENROLLMENT) if ids else {}
        found |= {
            m.pk: {slot: why[m.enrollment_id].as_json()} for m in group if m.enrollment_id in why
        }
    return found


def withdraw_done_nudges(now: datetime) -> int:
    """Take back the nudges whose `until` is met, and let those expire whose time is over."""
    open_ = Message.objects.filter(
        channel="nudge", state__in=(State.PLANNED, State.SHOWN, State.SNOOZED)
    )
    nudges = list(db.locked(open_.order_by("pk")))
    if not nudges:
        return 0
    done = _meeting(nudges, "until", now)
    over = {n.pk for n in nudges if n.expires_at and n.expires_at <= now} - done.keys()
    ends = dict.fromkeys(done, (State.RECALLED, Reason.UNTIL_MET))
    ends |= dict.fromkeys(over, (State.EXPIRED, Reason.EXPIRED))
    db.update(
        Message,
        [
            {"id": pk, "state": state, "reason": reason, "settled_at": now}
            for pk, (state, reason) in ends.items()
        ],
    )
    return ledger.write(
        ledger.about_message(n, now, Verdict.WITHDRAWN, ends[n.pk][1], evidence=done.get(n.pk, {}))
        for n in nudges
        if n.pk in ends
    )
