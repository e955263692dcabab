"""Turning reached message steps into message rows: key, recipient, slot, expiry. No body yet."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from journeys import db
from journeys.ledger import Reason, Verdict, about_enrollment, about_message
from journeys.models import (
    Address,
    Contact,
    Decision,
    Enrollment,
    Membership,
    Message,
    Subscription,
    TemplateVersion,
    Topic,
)
from journeys.models.messages import uid_of_key
from journeys.steps.resting import Op, Reached, Settled, Walk
from journeys.timing import span

State = Message.State
SETTLED = (
    State.ACCEPTED,
    State.DELIVERED,
    State.UNCERTAIN,
    State.SKIPPED,
    State.EXPIRED,
    State.FAILED,
    State.MERGED,
)


SubUids = dict[int, uuid.UUID]
#: (enrollment id, step id) → whom the step speaks to
Recipients = dict[tuple[int, str], list[Contact]]


@dataclass(frozen=True)
class _Known:
    """What planning needs to look up once for a batch."""

    contacts: Recipients
    templates: dict[int, TemplateVersion]
    topics: dict[str, Topic]
    addresses: dict[int, str]  # person id -> e-mail
    sub_uids: SubUids


#: Channels that can be spoken on. A step for another one is skipped and says so.
SET_UP = frozenset({"email", "nudge"})


def is_set_up(channel: str) -> bool:
    """Whether anything can leave on a channel."""
    return channel in SET_UP


def key_of(e: Enrollment, op: Op, contact: Contact, sub_uids: SubUids) -> str:
    """The natural key: journey, subject, contract, run, step, visit, recipient and channel."""
    subject, sub_uid = e.subject_key.split("/")[0], sub_uids.get(e.subscription_id or 0)
    return "/".join(
        (
            "j", e.version.journey.key, subject, str(sub_uid or "-"), str(e.run),
            op["id"], str(e.visit), str(contact.uid), op["op"],
        )
    )  # fmt: skip


def settled_messages(waiting: list[Enrollment], now: datetime) -> Settled:
    """Per enrollment that waits for its step's messages: when the last was settled, or None.

    A step that found nobody to speak to has no message and is settled at once.
    """
    steps = {e.pk: e.step_id for e in waiting}
    found: Settled = {}
    rows = Message.objects.filter(enrollment_id__in=steps).values_list(
        "enrollment_id", "step_id", "state", "settled_at"
    )
    for enrollment_id, step_id, state, settled_at in rows if steps else ():
        if enrollment_id is None or steps[enrollment_id] != step_id:
            continue
        earlier = found.get(enrollment_id, settled_at)
        done = settled_at if state in SETTLED else None
        found[enrollment_id] = max(earlier, done) if earlier and done else None
    return {pk: found.get(pk, now) for pk in steps}


def plan_messages(reached: Reached, run: Walk) -> list[Decision]:
    """Insert the batch's messages by one statement; the decisions that say what was planned."""
    known = _look_up(reached, run)
    rows = [
        _message(e, op, contact, run, known)
        for e, op in reached
        for contact in known.contacts[e.pk, op["id"]]
    ]
    db.insert(rows, ignore_conflicts=True)
    # Read back for their ids; by uid, so that a row another run had planned is not spoken of again.
    ids = dict(Message.objects.filter(uid__in=[m.uid for m in rows]).values_list("uid", "pk"))
    for message in rows:
        message.pk = ids.get(message.uid)
    return [_decision(m, run) for m in rows if m.pk] + _nobody(reached, run, known)


def _decision(message: Message, run: Walk) -> Decision:
    if message.state == State.SKIPPED:
        return about_message(message, run.now, Verdict.SKIPPED, Reason(message.reason))
    if message.channel == "nudge":
        return about_message(message, run.now, Verdict.SHOWN, Reason.VISIBLE)
    evidence = {"slot": message.due_at.isoformat()}
    return about_message(message, run.now, Verdict.PLANNED, Reason.SLOT, evidence=evidence)


def _nobody(reached: Reached, run: Walk, known: _Known) -> list[Decision]:
    """A step that found nobody to speak to says so, and its enrollment goes on."""
    found = []
    for e, op in reached:
        if not known.contacts[e.pk, op["id"]]:
            more = {"rule": op["value"], "step_id": op["id"]}
            found.append(about_enrollment(e, run.now, Verdict.SKIPPED, Reason.NO_ADDRESS, **more))
            if e.waiting_for == "message" and e.step_id == op["id"]:
                e.due_at = run.now
    return found


def _message(e: Enrollment, op: Op, contact: Contact, run: Walk, known: _Known) -> Message:
    template = known.templates[e.version.program["templates"][op["value"]]]
    topic = known.topics.get(template.document.get("topic") or e.version.program["topic"])
    category = topic.category if topic else Message.Category.GUIDANCE
    at_once = bool(op.get("at_once")) or category == "transactional" or op["op"] == "nudge"
    zone = contact.person.zone
    ends = _ends_at_once(e, op)
    key = key_of(e, op, contact, known.sub_uids)
    return Message(
        uid=uid_of_key(key),
        key=key,
        channel=op["op"],
        account_id=e.account_id,
        contact=contact,
        person=contact.person,
        subscription_id=e.subscription_id,
        enrollment_id=e.pk,
        journey_key=e.version.journey.key,
        version=e.version.number,
        step_id=op["id"],
        template_version=template,
        persona=op.get("persona", ""),
        topic=topic.key if topic else "",
        category=category,
        critical=op.get("importance") == "critical",
        at_once=at_once,
        priority=e.version.program["priority"],
        state=State.SKIPPED if ends else State.PLANNED,
        reason=ends,
        settled_at=run.now if ends else None,
        skip_if=op.get("skip_if"),
        until=op.get("until"),
        page=op.get("page") or template.document.get("page", ""),
        planned_at=run.now,
        due_at=run.now if at_once else run.hours.next_slot(run.now, zone),
        expires_at=expiry(op, run, run.now),
        to_address=known.addresses.get(contact.person_id, "") if op["op"] == "email" else "",
    )


def _ends_at_once(e: Enrollment, op: Op) -> str:
    """Why a message is kept only to be counted; empty when it may leave."""
    if e.holdout:
        return Reason.HOLDOUT
    return "" if is_set_up(op["op"]) else Reason.NO_CHANNEL


def _look_up(pairs: Reached, run: Walk) -> _Known:
    contacts = recipients(pairs, run)
    people = {c.person_id for rows in contacts.values() for c in rows}
    pinned = {e.version.program["templates"][op["value"]] for e, op in pairs}
    addresses = {
        a.person_id: a.value
        for a in Address.objects.filter(person__in=people, channel="email", to_at=None).order_by(
            "from_at", "pk"
        )
    }
    return _Known(
        contacts=contacts,
        templates=TemplateVersion.objects.in_bulk(pinned),
        topics={t.key: t for t in Topic.objects.all()},
        addresses=addresses,
        sub_uids=sub_uids(pairs),
    )


def sub_uids(reached: Reached) -> SubUids:
    """The uids of the contracts these enrollments are about; one SELECT."""
    subs = Subscription.objects.filter(pk__in={e.subscription_id for e, _op in reached})
    return dict(subs.values_list("pk", "uid"))


def recipients(reached: Reached, run: Walk) -> Recipients:
    """To whom each step speaks: the enrolled contact, or the account's people of the step's role."""
    direct = {e.contact_id for e, _op in reached if e.contact_id}
    known = Contact.objects.select_related("person").in_bulk(direct)
    by_role = _by_role(reached, run)
    found: Recipients = {}
    for e, op in reached:
        if e.contact_id:
            found[e.pk, op["id"]] = [known[e.contact_id]]
        else:
            role = (op.get("to") or {}).get("role") or e.version.program["to"]
            found[e.pk, op["id"]] = by_role[(e.account_id, role)]
    return found


def _by_role(reached: Reached, run: Walk) -> dict[tuple[int, str], list[Contact]]:
    accounts = {e.account_id for e, _op in reached if not e.contact_id}
    found: dict[tuple[int, str], list[Contact]] = defaultdict(list)
    if not accounts:
        return found
    standing = Membership.objects.filter(
        Q(to_at=None) | Q(to_at__gt=run.now), from_at__lte=run.now, account__in=accounts
    ).select_related("contact__person")
    for membership in standing.order_by("contact"):
        found[(membership.account_id, membership.role)].append(membership.contact)
    return found


def expiry(op: Op, run: Walk, reached_at: datetime) -> datetime:
    """When what a step says is too late to be of use (default 5 business days)."""
    return run.hours.days.after(reached_at, span(op.get("expires_after", "5bd")))
