"""Coming in: whoever matches the entry condition and may, comes in at the tick (R25)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, Q, QuerySet

from journeys import conditions, db, ledger
from journeys.calendars import days_at
from journeys.conditions import ENROLLMENT, Ask
from journeys.enrollments.buckets import bucket
from journeys.enrollments.subjects import candidates, enrollments_of, picked
from journeys.models import Contact, Enrollment, JourneyVersion, VersionStatus
from journeys.permission import paused_journeys
from journeys.timing import Days, span

Status = Enrollment.Status


def enter(now: datetime) -> int:
    """Enroll everybody whom a published journey's entry takes in at `now`; how many came in."""
    ask = Ask(now=now, days=days_at(now))
    stopped = paused_journeys(now)
    published = JourneyVersion.objects.filter(status=VersionStatus.PUBLISHED).select_related(
        "journey"
    )
    return sum(_enter(version, ask) for version in published if version.journey.key not in stopped)


def _enter(version: JourneyVersion, ask: Ask) -> int:
    _forget_who_stopped_matching(version, ask)
    if not _somebody_comes(version, ask):
        return 0
    found = picked(coming(version, ask))
    _write(version, found, ask.now)
    return len(found)


def _somebody_comes(version: JourneyVersion, ask: Ask) -> bool:
    """Whether it is worth asking who: at most ticks nobody comes in."""

    def build(ask: Ask, _ids: Sequence[int]) -> QuerySet[Any]:
        return coming(version, ask).order_by().values_list("pk")[:1]

    program = version.program
    asked_of = tuple(str(program[name]) for name in ("entry", "to", "subject", "reentry"))
    key = ("coming", version.journey_id, version.journey.product_id, asked_of)
    return bool(conditions.asked(key, build, ask))


def coming(version: JourneyVersion, ask: Ask) -> QuerySet[Any]:
    """Whom the entry takes in at the question's moment; of a version that may not be saved yet."""
    rows, subject = candidates(version, ask.now)
    tree = conditions.parse(version.program["entry"], subject="enrollment")
    return rows.filter(
        conditions.compile(tree, True, ask, subject),
        ~Exists(enrollments_of(rows, version).filter(_keeps_out(version, ask.now, ask.days))),
    )


def _keeps_out(version: JourneyVersion, now: datetime, days: Days) -> Q:
    """Which of a subject's enrollments keep it from coming in (again)."""
    live = Q(status__in=(Status.IN, Status.OUT))
    rule = version.program["reentry"]
    if rule == "always":
        return live
    if rule == "never":
        return Q()
    return live | Q(left_at__gt=days.window_start(now, span(rule)))


def _write(version: JourneyVersion, found: Any, now: datetime) -> None:
    keys = {_subject_key(c): c for c in found}
    runs = dict(_runs(version, keys))
    rows = [_enrollment(version, key, c, runs.get(key, 0) + 1, now) for key, c in keys.items()]
    db.insert(rows, ignore_conflicts=True)
    made = Enrollment.objects.filter(
        journey=version.journey_id, subject_key__in=keys, status=Status.IN, entered_at=now
    ).select_related("version__journey")
    ledger.write(
        ledger.about_enrollment(
            e, now, ledger.Verdict.ENTERED, ledger.Reason.ENTRY_MATCHED,
            evidence={"holdout": e.holdout, "run": e.run},
        )
        for e in made
    )  # fmt: skip


def _runs(version: JourneyVersion, keys: Any) -> Any:
    """(subject key, highest run so far) of those who were in before."""
    rows = Enrollment.objects.filter(journey=version.journey_id, subject_key__in=list(keys))
    highest: dict[str, int] = {}
    for key, run in rows.values_list("subject_key", "run"):
        highest[key] = max(run, highest.get(key, 0))
    return highest.items()


def _subject_key(candidate: dict[str, Any]) -> str:
    return "/".join(str(candidate[n]) for n in ("subject_uid", "sub_uid") if candidate.get(n))


def _enrollment(
    version: JourneyVersion, key: str, candidate: dict[str, Any], run: int, now: datetime
) -> Enrollment:
    journey = version.journey
    unit = candidate["account_key"] if journey.product_id else candidate.get("user")
    place = bucket(journey.key, unit or candidate["account_key"])
    return Enrollment(
        journey=journey,
        version=version,
        account_id=candidate["account_pk"],
        contact_id=candidate.get("contact_pk"),
        subscription_id=candidate.get("sub_pk"),
        subject_key=key,
        run=run,
        bucket=place,
        holdout=place < version.program["holdout"] / 100,
        position=version.program["start"],
        step_at=now,
        due_at=now,
        entered_at=now,
    )


# --- enroll: new ----------------------------------------------------------------------------------
def remember_who_matched(version: JourneyVersion, now: datetime) -> int:
    """At publishing with `enroll: new`: whoever matches already stays out; how many."""
    ask = Ask(now=now, days=days_at(now))
    rows, subject = candidates(version, now)
    tree = conditions.parse(version.program["entry"], subject="enrollment")
    matching = rows.filter(
        conditions.compile(tree, True, ask, subject), ~Exists(enrollments_of(rows, version))
    )
    return _stay_out(version, matching, now)


def would_come(version: JourneyVersion, accounts: Collection[int], ask: Ask) -> QuerySet[Any]:
    """Whom of these accounts the entry takes in at the question's moment."""
    rows = coming(version, ask)
    return rows.filter(**{"account_id__in" if rows.model is Contact else "pk__in": accounts})


def keep_out(accounts: Collection[int], now: datetime) -> int:
    """Whoever of these accounts would come into a journey now stays out of it; how many.

    As if it had been published with `enroll: new` at this moment: they may come in once they have
    stopped to match and match again (contracts 3, import).
    """
    ask = Ask(now=now, days=days_at(now))
    published = JourneyVersion.objects.filter(status=VersionStatus.PUBLISHED)
    return sum(
        _stay_out(version, would_come(version, accounts, ask), now)
        for version in published.select_related("journey")
    )


def _stay_out(version: JourneyVersion, matching: QuerySet[Any], now: datetime) -> int:
    staying = []
    for candidate in picked(matching):
        row = _enrollment(version, _subject_key(candidate), candidate, 0, now)
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
