"""The last look before a message leaves: may it still, and is it still wanted? (R27, R36, I10, I20)"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from journeys import conditions, permission
from journeys.calendars import SendingHours, hours_at, policy_at
from journeys.conditions import ENROLLMENT, Ask
from journeys.enrollments import ways_out
from journeys.ledger import Reason
from journeys.messages import blackouts, caps, targets
from journeys.models import Enrollment, JourneyVersion, Message, Subscription

State = Message.State
Status = Enrollment.Status


@dataclass(frozen=True)
class Refusal:
    """Why a message does not leave now: for good (skipped, expired), or until `due_at` (held)."""

    reason: Reason
    state: State = State.SKIPPED
    due_at: datetime | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


Refusals = dict[int, Refusal]


def judge(
    messages: Sequence[Message],
    now: datetime,
    *,
    waiting: Mapping[int, list[datetime]] | None = None,
) -> Refusals:
    """Message id → why it may not leave, for those that may not. In sets: the number of SELECTs
    depends on the journeys and conditions present, not on the messages.

    All messages of one person are judged together, by priority, age and key, so it does not
    matter which tick planned them first. `waiting`: person id → when something was released to
    the sender that has not left yet; it counts against the limits at a slot.
    """
    hours = hours_at(now)
    ask = Ask(now=now, days=hours.days)
    refused: Refusals = {}

    def left() -> list[Message]:
        return [m for m in messages if m.pk not in refused]

    refused |= _paused(left(), now)
    refused |= _expired(left(), now)
    refused |= _out_of_the_journey(left(), ask)
    refused |= _done_already(left(), ask)
    refused |= {pk: Refusal(r) for pk, r in permission.refusals(left(), now).items()}
    refused |= _page_gone(left())
    refused |= _with_a_person(left(), now, hours)
    refused |= {
        pk: Refusal(Reason.BLACKOUT, State.HELD, due_at)
        for pk, due_at in blackouts.held_until(left(), now, hours).items()
    }
    return refused | _too_much(left(), now, hours, waiting or {})


def _too_much(
    messages: Sequence[Message],
    now: datetime,
    hours: SendingHours,
    waiting: Mapping[int, list[datetime]],
) -> Refusals:
    """R32: per person the most important one that the limits allow; the others wait for a slot."""
    pressure = caps.pressure({m.person_id for m in messages}, now, hours, policy_at(now))
    for person_id, moments in waiting.items():
        pressure.sent[person_id] += moments
    found: Refusals = {}
    winners: set[int] = set()
    for message in sorted(messages, key=lambda m: (-m.priority, m.planned_at, m.key)):
        reason = pressure.too_much(message, now)
        if reason is None:
            pressure.note(message, now)
            winners.add(message.person_id)
            continue
        if message.person_id in winners and reason in (Reason.CAP, Reason.GAP):
            reason = Reason.LOST_TO_PRIORITY
        found[message.pk] = Refusal(reason, State.HELD, pressure.next_chance(message, now))
    return found


def _expired(messages: Iterable[Message], now: datetime) -> Refusals:
    return {
        m.pk: Refusal(
            Reason.EXPIRED, State.EXPIRED, evidence={"expired_at": m.expires_at.isoformat()}
        )
        for m in messages
        if m.expires_at and m.expires_at <= now
    }


def _out_of_the_journey(messages: Sequence[Message], ask: Ask) -> Refusals:
    """Whoever left, or would leave at the next tick, gets no more of the journey's messages."""
    by_enrollment = _by_enrollment(messages)
    reasons: dict[int, Reason] = {}
    live: dict[int, list[int]] = defaultdict(list)
    rows = Enrollment.objects.filter(pk__in=by_enrollment)
    for pk, status, reason, version_id in rows.values_list("pk", "status", "reason", "version_id"):
        if status == Status.IN:
            live[version_id].append(pk)
        elif status in (Status.GOAL, Status.LEFT):
            known = reason in Reason.values
            reasons[pk] = Reason(reason) if known else Reason.STAGE_LEFT
    for version in JourneyVersion.objects.filter(pk__in=live):
        for reason, _status, leaving in ways_out(version, set(live[version.pk]), ask):
            reasons |= dict.fromkeys(leaving, reason)
    return {m.pk: Refusal(reason) for e, reason in reasons.items() for m in by_enrollment[e]}


def _by_enrollment(messages: Iterable[Message]) -> dict[int, list[Message]]:
    found: dict[int, list[Message]] = defaultdict(list)
    for message in messages:
        if message.enrollment_id:
            found[message.enrollment_id].append(message)
    return found


def _done_already(messages: Sequence[Message], ask: Ask) -> Refusals:
    """R27: the asked-for action was taken since the message was planned; one SELECT a condition."""
    trees: dict[str, conditions.Node] = {}
    groups: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        if message.skip_if and message.enrollment_id:
            tree = conditions.parse(message.skip_if, subject="enrollment")
            digest = conditions.hash_of(tree)
            trees[digest] = tree
            groups[digest].append(message)
    found: Refusals = {}
    for digest, group in groups.items():
        asked = [m.enrollment_id for m in group if m.enrollment_id]
        done = conditions.matching(trees[digest], asked, ask, ENROLLMENT)
        refusal = Refusal(Reason.ALREADY_DONE, evidence={"skip_if": group[0].skip_if})
        found |= {m.pk: refusal for m in group if m.enrollment_id in done}
    return found


def _page_gone(messages: Iterable[Message]) -> Refusals:
    """A letter that leads to a page its reader may not see is not sent."""
    by_target: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        if message.template_version and message.contact_id:
            for link in message.template_version.compiled["links"]:
                by_target[link["target"]].append(message)
    found: Refusals = {}
    for target, group in by_target.items():
        gone = targets.hidden(target, {m.contact_id for m in group if m.contact_id})
        refusal = Refusal(Reason.PAGE_GONE, evidence={"target": target})
        found |= {m.pk: refusal for m in group if m.contact_id in gone}
    return found


def _paused(messages: Sequence[Message], now: datetime) -> Refusals:
    """Held, not lost, and no nearer to being too late: whoever lets it go on decides (R33, R36)."""
    everything = permission.everything_paused(now)
    journeys = permission.paused_journeys(now)
    accounts = set(permission.paused_accounts(now))
    return {
        m.pk: Refusal(Reason.PAUSED, State.HELD, m.due_at)
        for m in messages
        if everything or m.journey_key in journeys or m.account_id in accounts
    }


def _with_a_person(messages: Sequence[Message], now: datetime, hours: SendingHours) -> Refusals:
    """Held while a person helps; urgent messages and contract notices pass (R83)."""
    off_path = set(
        Subscription.objects.filter(pk__in={m.subscription_id for m in messages})
        .exclude(path=Subscription.Path.ON)
        .values_list("pk", flat=True)
    )
    found: Refusals = {}
    for m in messages:
        if m.subscription_id in off_path and not (m.critical or m.category == "transactional"):
            later = hours.next_slot(now + timedelta(seconds=1), m.person.zone)
            found[m.pk] = Refusal(Reason.ON_HOLD, State.HELD, later)
    return found
