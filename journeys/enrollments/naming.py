"""Coming in by name: somebody, a system of the vendor, or the route itself says who (R25)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from journeys import db
from journeys.calendars import days_at
from journeys.conditions import Ask
from journeys.enrollments.doors import may_come
from journeys.enrollments.subjects import picked
from journeys.enrollments.taking import published, take_in
from journeys.ledger import Reason
from journeys.models import (
    Account,
    Contact,
    Enrollment,
    JourneyVersion,
    NextScenario,
    User,
)
from journeys.permission import paused_journeys

REASONS = {"hand": Reason.BY_HAND, "api": Reason.BY_API}


class NotOpen(ValueError):
    """Nobody can come into this journey this way now; the message says why."""


@dataclass(frozen=True)
class Named:
    """Who came in, and the ids of those who did not: already in, been in, or not of its kind."""

    entered: list[Enrollment]
    kept_out: list[int]


@transaction.atomic
def enroll_by(
    *,
    journey: str,
    subjects: Sequence[Contact | Account],
    now: datetime,
    by: str,
    reason: str = "",
    user: User | None = None,
) -> Named:
    """Let these contacts (or accounts, as the journey's subject is) come into a journey.

    `by` is "hand" or "api"; a system may only use a journey whose entry is `by: api`. The entry's
    condition is not asked; the product, the role, the re-entry rule and "one at a time" are. NotOpen
    when the journey is not published, is paused, or is not open to systems.
    """
    version = _open_version(journey, by, now)
    ask = Ask(now=now, days=days_at(now))
    ids = {one.pk for one in subjects if isinstance(one, _model(version))}
    rows, _subject = may_come(version, ask, asked_for=True)
    said = {"note": reason, "by": user.email if user else None}
    found = picked(rows.filter(pk__in=ids)) if ids else []
    entered = take_in(version, found, now, reason=REASONS[by], evidence=said)
    came = {e.contact_id or e.account_id for e in entered}
    return Named(entered, [one.pk for one in subjects if one.pk not in came])


def _model(version: JourneyVersion) -> Any:
    return Contact if version.program["subject"] == "contact" else Account


def _open_version(key: str, by: str, now: datetime) -> JourneyVersion:
    version = published([key]).get(key)
    if version is None:
        raise NotOpen(_("There is no published journey “%s”.") % key)
    if key in paused_journeys(now):
        raise NotOpen(_("The journey “%s” is paused; let it go on first.") % key)
    door = version.program["door"]
    if by == "api" and (door["kind"], door["value"]) != ("by", "api"):
        raise NotOpen(_("The journey “%s” is not open to systems: its entry is not by: api.") % key)
    return version


# --- what a stage leads on to ---------------------------------------------------------------------
def take_in_next(ask: Ask, stopped: Collection[str]) -> int:
    """Enroll whoever a left (or overdue) stage leads on; constant statements a journey.

    A paused journey's stay until it goes on.
    """
    waiting = NextScenario.objects.filter(done_at=None).exclude(journey_key__in=stopped)
    by_journey: dict[str, list[NextScenario]] = defaultdict(list)
    for row in waiting.order_by("pk"):
        by_journey[row.journey_key].append(row)
    if not by_journey:
        return 0
    versions = published(list(by_journey))
    came, outcomes = 0, []
    for key, rows in by_journey.items():
        entered = _lead_on(versions[key], rows, ask) if key in versions else None
        came += len(entered or ())
        outcomes += [
            {"id": row.pk, "done_at": ask.now, "outcome": _outcome(row, entered)} for row in rows
        ]
    db.update(NextScenario, outcomes)
    return came


def _lead_on(version: JourneyVersion, rows: list[NextScenario], ask: Ask) -> list[Enrollment]:
    may, _subject = may_come(version, ask, asked_for=True)
    if "sub_id" in may.query.annotations:
        of_these = may.filter(sub_id__in={row.subscription_id for row in rows})
    elif version.program["subject"] == "contact":
        of_these = may.filter(account__in={row.account_id for row in rows})
    else:
        of_these = may.filter(pk__in={row.account_id for row in rows})
    return take_in(
        version, picked(of_these), ask.now,
        reason=Reason.NEXT_SCENARIO, evidence={"stages": sorted({row.stage for row in rows})},
    )  # fmt: skip


def _outcome(row: NextScenario, entered: list[Enrollment] | None) -> str:
    if entered is None:
        return "no_journey"
    if any(e.subscription_id for e in entered):
        came = row.subscription_id in {e.subscription_id for e in entered}
    else:
        came = row.account_id in {e.account_id for e in entered}
    return "entered" if came else "kept_out"
