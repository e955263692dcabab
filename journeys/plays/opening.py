"""Beginning tasks, in sets: who does it, by when, with what in mind."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from journeys import conditions, db, ledger
from journeys.calendars import days_at
from journeys.ledger import Reason, Verdict
from journeys.models import (
    Account,
    Contact,
    CriterionState,
    Decision,
    ExitCriterion,
    Play,
    PlayTask,
    Subscription,
    User,
)
from journeys.plays import path
from journeys.plays.authoring import text_of
from journeys.timing import Days, span


@dataclass(frozen=True)
class Opening:
    """One task to begin. `key` is a natural key: a second one under it is the same task.

    `fallback_owner` is the e-mail of a colleague who does it where the account has no owner.
    """

    key: str
    play: str
    account_id: int
    subscription_id: int | None = None
    contact_id: int | None = None
    origin: PlayTask.Origin = PlayTask.Origin.STEP
    enrollment_id: int | None = None
    journey_key: str = ""
    version: int | None = None
    step_id: str = ""
    why: str = ""
    return_when: dict[str, Any] | None = None
    due: str = ""
    fallback_owner: str = ""
    by: User | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Known:
    """What beginning a batch of tasks needs to look up once."""

    plays: dict[str, Play]
    owners: dict[int, int]  # account id -> user id
    colleagues: dict[str, int]  # e-mail -> user id
    standing: dict[int, dict[str, Any]]  # subscription id -> where the customer stands
    days: Days


def open_tasks(openings: Sequence[Opening], now: datetime) -> int:
    """Begin these tasks in the caller's transaction; how many are new. Constant statements.

    One with a return condition takes its contract off the route. Each leaves a decision. A play
    that is not there (any more) begins nothing.
    """
    if not openings:
        return 0
    known = _look_up(openings, now)
    rows = [_task(one, known, now) for one in openings if one.play in known.plays]
    new = {uuid.UUID(str(uid)) for uid in db.insert_new(rows, "uid")}
    begun = [task for task in rows if task.uid in new]
    path.take_off({t.subscription_id for t in begun if t.holds and t.subscription_id}, now)
    ledger.write(about(task, now, Verdict.TASKED, _reason(task)) for task in begun)
    return len(begun)


def hand_off(
    *,
    subscription: Subscription,
    play: Play,
    now: datetime,
    why: str,
    return_when: dict[str, Any],
    by: User | None = None,
    contact: Contact | None = None,
    due: str = "",
    origin: PlayTask.Origin = PlayTask.Origin.HAND,
) -> PlayTask:
    """A person takes a contract over until `return_when` (subject subscription) is met (R83).

    Both a reason and a return condition are required (O7): ValueError without the one,
    ConditionError where the other cannot be read.
    """
    if not why.strip():
        raise ValueError(_("Say why a person takes over."))
    tree = conditions.parse(return_when, subject="subscription")
    key = f"{origin}/{subscription.uid}/{play.key}/{uuid.uuid4()}"
    with transaction.atomic():
        one = Opening(
            key=key, play=play.key, account_id=subscription.account_id,
            subscription_id=subscription.pk, contact_id=contact.pk if contact else None,
            origin=origin, why=why.strip(), return_when=conditions.dump(tree), due=due, by=by,
        )  # fmt: skip
        open_tasks([one], now)
    return PlayTask.objects.get(key=key)


def about(task: PlayTask, now: datetime, verdict: Verdict, reason: Reason, **more: Any) -> Decision:
    """An unsaved decision about a task; `more` goes into the evidence."""
    return Decision(
        at=now,
        verdict=verdict,
        reason=reason,
        rule=str(task)[:200],
        account_id=task.account_id,
        contact_id=task.contact_id,
        subscription_id=task.subscription_id,
        enrollment_id=task.enrollment_id,
        journey_key=task.journey_key,
        version=task.version,
        step_id=task.step_id,
        evidence={"task": str(task.uid), "play": str(task)} | more,
    )


def _reason(task: PlayTask) -> Reason:
    by_hand = task.origin != PlayTask.Origin.STEP
    return Reason.BY_HAND if by_hand else Reason.STEP_REACHED


def _task(one: Opening, known: _Known, now: datetime) -> PlayTask:
    play = known.plays[one.play]
    standing = known.standing.get(one.subscription_id or 0, {})
    return PlayTask(
        key=one.key,
        play=play,
        play_number=play.number,
        text=text_of(play),
        account_id=one.account_id,
        subscription_id=one.subscription_id,
        contact_id=one.contact_id,
        origin=one.origin,
        enrollment_id=one.enrollment_id,
        journey_key=one.journey_key,
        version=one.version,
        step_id=one.step_id,
        why=one.why,
        cause=play.cause,
        evidence=standing | one.evidence,
        return_when=one.return_when,
        holds=one.return_when is not None,
        state=PlayTask.State.OPEN,
        owner_id=known.owners.get(one.account_id) or known.colleagues.get(one.fallback_owner),
        opened_at=now,
        opened_by=one.by,
        due_on=_due_on(one.due or play.due, known.days, now),
    )


def _due_on(due: str, days: Days, now: datetime) -> date:
    """The local day that ends the time a task may take: never a closed one."""
    return days.next_open(days.local_date(days.after(now, span(due))))


def _look_up(openings: Sequence[Opening], now: datetime) -> _Known:
    accounts = Account.objects.filter(pk__in={o.account_id for o in openings})
    named = {o.fallback_owner for o in openings if o.fallback_owner}
    staff = User.objects.filter(email__in=named, is_staff=True, is_active=True) if named else ()
    return _Known(
        plays={p.key: p for p in Play.objects.filter(key__in={o.play for o in openings})},
        owners=dict(accounts.filter(owner__is_active=True).values_list("pk", "owner_id")),
        colleagues={user.email: user.pk for user in staff},
        standing=_standing({o.subscription_id for o in openings if o.subscription_id}),
        days=days_at(now),
    )


def _standing(subscription_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Where each contract stands: its stage, deadline, and which required criteria are not met."""
    if not subscription_ids:
        return {}
    rows = Subscription.objects.filter(pk__in=subscription_ids).values_list(
        "pk", "stage_id", "stage__name", "stage_due_on"
    )
    subs = list(rows)
    met = set(
        CriterionState.objects.filter(subscription__in=subscription_ids, lost_at=None).values_list(
            "subscription_id", "criterion_id"
        )
    )
    required: dict[int, list[tuple[int, str]]] = defaultdict(list)
    criteria = ExitCriterion.objects.filter(
        stage__in={stage for _pk, stage, _n, _d in subs if stage}, required=True
    )
    for pk, stage, label in criteria.order_by("position").values_list("pk", "stage_id", "label"):
        required[stage].append((pk, label))
    return {
        pk: {
            "stage": name or "",
            "due_on": due_on.isoformat() if due_on else "",
            "missing": [label for c, label in required[stage or 0] if (pk, c) not in met],
        }
        for pk, stage, name, due_on in subs
    }
