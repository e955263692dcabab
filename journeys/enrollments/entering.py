"""Coming in: whoever matches the entry condition and may, comes in at the tick (R25)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, QuerySet

from journeys import conditions, db
from journeys.calendars import days_at
from journeys.conditions import ENROLLMENT, Ask
from journeys.enrollments.doors import REASONS, coming
from journeys.enrollments.naming import take_in_next
from journeys.enrollments.subjects import candidates, enrollments_of, picked
from journeys.enrollments.taking import take_in, unsaved
from journeys.models import Enrollment, JourneyVersion, VersionStatus
from journeys.permission import paused_journeys

Status = Enrollment.Status
#: Ways in that hold for as long as somebody matches.
LEVELS = ("stage", "when")


def enter(now: datetime) -> int:
    """Enroll everybody whom a published journey's entry takes in at `now`; how many came in."""
    ask = Ask(now=now, days=days_at(now))
    stopped = paused_journeys(now)
    published = JourneyVersion.objects.filter(status=VersionStatus.PUBLISHED).select_related(
        "journey__product"
    )
    came = sum(_enter(version, ask) for version in published if version.journey.key not in stopped)
    return came + take_in_next(ask, stopped)


def _enter(version: JourneyVersion, ask: Ask) -> int:
    kind = version.program["door"]["kind"]
    if kind in LEVELS:
        _forget_who_stopped_matching(version, ask)
    if not _somebody_comes(version, ask):
        return 0
    found = picked(coming(version, ask))
    return len(take_in(version, found, ask.now, reason=REASONS[kind], rule=_rule(version)))


def _rule(version: JourneyVersion) -> str:
    value = version.program["door"]["value"]
    return value if isinstance(value, str) else json.dumps(value)


def _somebody_comes(version: JourneyVersion, ask: Ask) -> bool:
    """Whether it is worth asking who: at most ticks nobody comes in."""

    def build(ask: Ask, _ids: Sequence[int]) -> QuerySet[Any]:
        return coming(version, ask).order_by().values_list("pk")[:1]

    program = version.program
    match program["door"]["kind"]:
        case "by":
            return False
        case "every":  # its day is no fixed time before `now`: not a statement to be kept
            return coming(version, ask).exists()
    names = ("entry", "door", "since", "enroll", "to", "subject", "reentry")
    asked_of = tuple(str(program[name]) for name in names)
    key = ("coming", version.journey_id, version.journey.product_id, asked_of)
    return bool(conditions.asked(key, build, ask))


# --- enroll: new ----------------------------------------------------------------------------------
def remember_who_matched(version: JourneyVersion, now: datetime) -> int:
    """At publishing with `enroll: new`: whoever matches already stays out; how many."""
    if version.program["door"]["kind"] not in LEVELS:
        return 0  # facts and days count from the publishing on
    ask = Ask(now=now, days=days_at(now))
    rows, subject = candidates(version, now)
    tree = conditions.parse(version.program["entry"], subject="enrollment")
    matching = rows.filter(
        conditions.compile(tree, True, ask, subject), ~Exists(enrollments_of(rows, version))
    )
    staying = []
    for candidate in picked(matching):
        row = unsaved(version, candidate, 0, now)
        row.status, row.due_at = Status.OUT, None
        staying.append(row)
    return db.insert(staying, ignore_conflicts=True)


def _forget_who_stopped_matching(version: JourneyVersion, ask: Ask) -> None:
    """Those who were left out at publishing may come in once they have stopped to match."""
    out: QuerySet[Enrollment] = Enrollment.objects.filter(
        journey=version.journey_id, status=Status.OUT
    )
    ids = set(out.values_list("pk", flat=True))
    if ids:
        tree = conditions.parse(version.program["entry"], subject="enrollment")
        gone = ids - conditions.matching(tree, ids, ask, ENROLLMENT)
        out.filter(pk__in=gone).delete()
