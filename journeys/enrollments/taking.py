"""Writing enrollments: who comes in begins at the first step, once, with the reason why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from journeys import db, ledger
from journeys.enrollments.buckets import bucket
from journeys.ledger import Reason
from journeys.models import Enrollment, JourneyVersion

Status = Enrollment.Status
Candidate = Mapping[str, Any]


def take_in(
    version: JourneyVersion,
    found: Iterable[Candidate],
    now: datetime,
    *,
    reason: Reason,
    evidence: Mapping[str, Any] | None = None,
    rule: str = "",
) -> list[Enrollment]:
    """Begin an enrollment for each candidate by constant statements; those that began."""
    keys = {subject_key(c): c for c in found}
    if not keys:
        return []
    runs = _runs(version, keys)
    rows = [unsaved(version, c, runs.get(key, 0) + 1, now) for key, c in keys.items()]
    db.insert(rows, ignore_conflicts=True)
    # By uid: whom another run took in is not spoken of again.
    made = list(
        Enrollment.objects.filter(uid__in=[row.uid for row in rows])
        .select_related("version__journey")
        .order_by("pk")
    )
    ledger.write(
        ledger.about_enrollment(
            e, now, ledger.Verdict.ENTERED, reason, rule=rule,
            evidence={"holdout": e.holdout, "run": e.run, **(evidence or {})},
        )
        for e in made
    )  # fmt: skip
    return made


def _runs(version: JourneyVersion, keys: Iterable[str]) -> dict[str, int]:
    """Subject key → highest run so far, of those who were in before."""
    rows = Enrollment.objects.filter(journey=version.journey_id, subject_key__in=list(keys))
    highest: dict[str, int] = {}
    for key, run in rows.values_list("subject_key", "run"):
        highest[key] = max(run, highest.get(key, 0))
    return highest


def subject_key(candidate: Candidate) -> str:
    """The uids of the contact (or account) and of the contract."""
    return "/".join(str(candidate[n]) for n in ("subject_uid", "sub_uid") if candidate.get(n))


def unsaved(version: JourneyVersion, candidate: Candidate, run: int, now: datetime) -> Enrollment:
    """A candidate's enrollment, about to begin."""
    journey = version.journey
    unit = candidate["account_key"] if journey.product_id else candidate.get("user")
    place = bucket(journey.key, unit or candidate["account_key"])
    return Enrollment(
        journey=journey,
        version=version,
        account_id=candidate["account_pk"],
        contact_id=candidate.get("contact_pk"),
        subscription_id=candidate.get("sub_pk"),
        subject_key=subject_key(candidate),
        run=run,
        bucket=place,
        holdout=place < version.program["holdout"] / 100,
        position=version.program["start"],
        step_at=now,
        due_at=now,
        entered_at=now,
    )


def published(keys: Sequence[str]) -> dict[str, JourneyVersion]:
    """The published versions of these journeys, by key."""
    rows = JourneyVersion.objects.filter(journey__key__in=keys, status="published").select_related(
        "journey__product"
    )
    return {version.journey.key: version for version in rows}
