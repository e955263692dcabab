"""The batch: at most 5,000 due enrollments in one transaction, written by one statement a table."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from journeys import db, ledger
from journeys.calendars import hours_at
from journeys.conditions import Ask
from journeys.models import Enrollment, JourneyVersion, Message, TemplateVersion, Topic
from journeys.permission import paused_accounts, paused_journeys
from journeys.steps import poison
from journeys.steps.answers import ask_all
from journeys.steps.kinds import SETTLED, WRITERS
from journeys.steps.resting import About, Op, Settled, Walk
from journeys.steps.walking import walk

logger = logging.getLogger("junro")
WITH_A_PERSON = ("off", "hold")
BATCH = {"postgresql": 5_000, "sqlite": 1_000}


def run_due(now: datetime) -> int:
    """Walk every enrollment that is due at `now`; how many moved."""
    size = BATCH["postgresql" if db.is_postgres() else "sqlite"]
    moved, after = 0, 0
    while True:
        batch: list[Enrollment] = []
        try:
            with transaction.atomic():
                batch = _claim(_due(now, after), size)
                moved += _run(batch, now)
        except poison.NOT_ITS_FAULT:
            raise
        except Exception:
            if not batch:
                raise
            logger.exception("A batch of %d cannot be walked; one by one.", len(batch))
            moved += poison.one_by_one([e.pk for e in batch], partial(_run_those, now), now)
        if len(batch) < size:
            return moved
        after = batch[-1].pk


def _run_those(now: datetime, ids: Sequence[int]) -> int:
    return _run(_claim(_due(now).filter(pk__in=ids), len(ids)), now)


def _due(now: datetime, after: int = 0) -> QuerySet[Enrollment]:
    """Whose time has come; whoever is paused stays put."""
    due = Enrollment.objects.filter(status=Enrollment.Status.IN, due_at__lte=now, pk__gt=after)
    due = due.exclude(journey__key__in=paused_journeys(now)).exclude(
        account__in=paused_accounts(now)
    )
    return due.annotate(path=F("subscription__path"))


def _claim(due: QuerySet[Enrollment], size: int) -> list[Enrollment]:
    """The next due enrollments, locked for us."""
    return list(db.skip_locked(due.order_by("pk"))[:size])


def _run(batch: list[Enrollment], now: datetime) -> int:
    if not batch:
        return 0
    versions = JourneyVersion.objects.select_related("journey").in_bulk(
        {e.version_id for e in batch}
    )
    for enrollment in batch:
        enrollment.version = versions[enrollment.version_id]
    hours = hours_at(now)
    run = Walk(
        now=now,
        hours=hours,
        answers=ask_all(batch, versions, Ask(now=now, days=hours.days)),
        settled=_settled(batch, now),
        about=_about(batch, versions),
        held=frozenset(e.pk for e in batch if getattr(e, "path", None) in WITH_A_PERSON),
    )
    if run.held:
        run.exempt = _contract_notices(versions.values())
    for enrollment in batch:
        walk(enrollment, run)
    _write(run)
    return len(run.moved)


def _about(batch: list[Enrollment], versions: dict[int, JourneyVersion]) -> dict[int, About]:
    """Unit key and zone of those whose program asks for them; at most one SELECT."""
    asking = {pk for pk, v in versions.items() if any(map(_asks_who, v.program["ops"]))}
    ids = [e.pk for e in batch if e.version_id in asking]
    if not ids:
        return {}
    rows = Enrollment.objects.filter(pk__in=ids).values_list(
        "pk", "journey__product_id", "account__external_id", "contact__user_id",
        "contact__person__zone",
    )  # fmt: skip
    return {
        pk: About((account if product else user) or account, zone or settings.TIME_ZONE)
        for pk, product, account, user, zone in rows
    }


def _asks_who(op: Op) -> bool:
    return op["op"] == "split" or bool(op.get("send_window"))


def _contract_notices(versions: Iterable[JourneyVersion]) -> frozenset[str]:
    """The texts of these journeys that must reach a customer even while a person helps (R83)."""
    pinned = {pk: key for v in versions for key, pk in v.program["templates"].items()}
    notices = set(
        Topic.objects.filter(category=Message.Category.TRANSACTIONAL).values_list("key", flat=True)
    )
    rows = TemplateVersion.objects.filter(pk__in=pinned).values_list("pk", "document__topic")
    return frozenset(pinned[pk] for pk, topic in rows if topic in notices)


def _settled(batch: list[Enrollment], now: datetime) -> Settled:
    """For those who wait for what their step did: when it was settled, a question a kind."""
    found: Settled = {}
    for waiting_for, when in SETTLED.items():
        if waiting := [e for e in batch if e.waiting_for == waiting_for]:
            found |= when(waiting, now)
    return found


def _write(run: Walk) -> None:
    """What the steps do, each kind in a set; then one statement for decisions and enrollments."""
    done = [d for name, reached in run.reached.items() for d in WRITERS[name](reached, run)]
    ledger.write(run.decisions + done)
    db.update(
        Enrollment,
        [
            {
                "id": e.pk,
                "position": e.position,
                "step_id": e.step_id,
                "step_at": e.step_at,
                "waiting_for": e.waiting_for,
                "due_at": e.due_at,
                "variants": e.variants,
                "status": e.status,
                "reason": e.reason,
                "left_at": e.left_at,
            }
            for e in run.moved
        ],
        only_where="t.status = 'in'",
    )
