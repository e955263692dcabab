"""An enrollment that breaks the batch: found by going one by one, tried again later, then parked (I18).

A set is fast because it is one piece; when the piece breaks, the others must not pay for one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction

from journeys import ledger
from journeys.ledger import Reason, Verdict
from journeys.models import Decision, Enrollment

logger = logging.getLogger("junro")
MOST_TRIES = 3
LATER = timedelta(minutes=10)
#: These say nothing about an enrollment: the database itself is in trouble.
NOT_ITS_FAULT = (OperationalError, InterfaceError)


def one_by_one(ids: Sequence[int], run: Callable[[Sequence[int]], int], now: datetime) -> int:
    """Run each enrollment in a transaction of its own; how many moved. The broken ones wait."""
    moved = 0
    for pk in ids:
        try:
            with transaction.atomic():
                moved += run([pk])
        except NOT_ITS_FAULT:
            raise
        except Exception as error:
            logger.exception("Enrollment %s cannot be walked.", pk)
            set_aside(pk, now, error)
    return moved


@transaction.atomic
def set_aside(pk: int, now: datetime, error: Exception) -> None:
    """Come back later; after three tries leave the journey, with what happened in the ledger."""
    enrollment = Enrollment.objects.select_related("version__journey").get(pk=pk)
    crashes = Decision.objects.filter(enrollment_id=pk, reason=Reason.CRASHED)
    tries = crashes.filter(step_id=enrollment.step_id).count() + 1
    evidence = {"tries": tries, "error": type(error).__name__}
    ledger.write(
        [
            ledger.about_enrollment(
                enrollment, now, Verdict.FAILED, Reason.CRASHED, evidence=evidence
            )
        ]
    )
    rows = Enrollment.objects.filter(pk=pk, status=Enrollment.Status.IN)
    if tries < MOST_TRIES:
        rows.update(due_at=now + LATER)
    else:
        rows.update(status=Enrollment.Status.LEFT, reason=Reason.CRASHED, left_at=now, due_at=None)
