"""What an attempt's answer means: accepted, again later, given up; and who is told."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.db import transaction
from django.utils.translation import gettext as _

from journeys import db, ledger
from journeys.ledger import Reason, Verdict
from journeys.models import (
    Enrollment,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from journeys.webhooks import endpoints
from journeys.webhooks.calling import Answer

State = WebhookDelivery.State
WAITING_FOR = "webhook"
GONE = 410
#: Between one attempt and the next, as Standard Webhooks proposes; after the last it is given up.
BACK_OFF = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
JITTER = 0.2
LONGEST_REST = timedelta(hours=24)


class End(enum.Enum):
    """How an attempt ends for its delivery."""

    ACCEPTED = "accepted"
    LATER = "later"
    GIVEN_UP = "given_up"
    CANCELLED = "cancelled"


STATES = {
    End.ACCEPTED: State.ACCEPTED,
    End.LATER: State.WAITING,
    End.GIVEN_UP: State.GIVEN_UP,
    End.CANCELLED: State.CANCELLED,
}
VERDICTS = {
    End.ACCEPTED: Verdict.SENT,
    End.GIVEN_UP: Verdict.FAILED,
    End.CANCELLED: Verdict.CANCELLED,
}
Over = Mapping[int, tuple[WebhookDelivery, End, Reason]]


def write(told: Sequence[tuple[WebhookDelivery, Answer]], now: datetime) -> dict[int, End]:
    """Log the attempts and settle their deliveries; how each ended. Constant statements.

    410 switches the receiver off, and so does a delivery given up after days without any success.
    """
    if not told:
        return {}
    db.insert([_attempt(row, answer, now) for row, answer in told])
    over = {row.pk: (row, *_meaning(row, answer)) for row, answer in told}
    later = {
        row.pk: now + rest_of(row, answer, now)
        for row, answer in told
        if over[row.pk][1] is End.LATER
    }
    ends = settle(over, now, later, answered=True)
    gone = {row.endpoint_id for row, answer in told if answer.status == GONE}
    failing = {
        row.endpoint_id
        for row, _answer in told
        if over[row.pk][1] is End.GIVEN_UP and row.endpoint_id not in gone
    }
    _switch_off(gone, now, _("The receiver answered 410: it is gone."))
    _switch_off(
        _without_success(failing, now), now, _("The receiver did not accept anything for days.")
    )
    return ends


def settle(
    over: Over,
    now: datetime,
    later: Mapping[int, datetime] | None = None,
    *,
    answered: bool = False,
) -> dict[int, End]:
    """Write how these deliveries ended, wake who waited for them, and say why.

    `later`: when each that is not over is tried again. Only what is still claimed by the same
    token is written: a lease may have run out meanwhile.
    """
    rows = [row for row, _end, _reason in over.values()]
    still = WebhookDelivery.objects.filter(pk__in=over, state=State.CLAIMED).select_for_update()
    tokens = dict(still.order_by("pk").values_list("pk", "token"))
    ours = [row for row in rows if tokens.get(row.pk) == row.token]
    db.update(
        WebhookDelivery,
        [
            {
                "id": row.pk,
                "state": STATES[over[row.pk][1]],
                "reason": over[row.pk][2],
                "next_at": (later or {}).get(row.pk),
                "settled_at": None if over[row.pk][1] is End.LATER else now,
                "token": None,
                "lease_until": None,
                "answered": row.attempts if answered else row.answered,
            }
            for row in ours
        ],
    )
    done = [over[row.pk] for row in ours if row.enrollment_id]
    _tell_enrollments([one for one in done if one[1] is not End.LATER], now)
    return {row.pk: over[row.pk][1] for row in ours}


def _meaning(row: WebhookDelivery, answer: Answer) -> tuple[End, Reason]:
    if answer.status is not None and 200 <= answer.status < 300:
        return End.ACCEPTED, Reason.RECEIVED
    if answer.status == GONE:
        return End.GIVEN_UP, Reason.GONE
    if row.attempts > len(BACK_OFF):
        return End.GIVEN_UP, Reason.GIVEN_UP
    return End.LATER, Reason.REFUSED if answer.status else Reason.NO_ANSWER


def rest_of(row: WebhookDelivery, answer: Answer, now: datetime) -> timedelta:
    """How long to wait before the next attempt: the back-off, ±20 % by the delivery's own id, or
    longer where the receiver asks for it (at most a day)."""
    base = BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1]
    drawn = hashlib.sha256(f"{row.uid}/{row.attempts}".encode()).digest()[0] / 255
    rest = base * (1 - JITTER + 2 * JITTER * drawn)
    return max(rest, min(asked_for(answer.retry_after, now), LONGEST_REST))


def asked_for(retry_after: str, now: datetime) -> timedelta:
    """What Retry-After says, in seconds or as a date (RFC 9110, 10.2.3); zero for anything else."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text), 10**6))
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return timedelta(0)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(aware - now, timedelta(0))


def _attempt(row: WebhookDelivery, answer: Answer, now: datetime) -> WebhookAttempt:
    return WebhookAttempt(
        delivery=row,
        at=now,
        status=answer.status,
        answer=answer.text,
        error=answer.error,
        took_ms=answer.took_ms,
    )


def _tell_enrollments(done: Sequence[tuple[WebhookDelivery, End, Reason]], now: datetime) -> None:
    """Make due the enrollments that wait for these deliveries, and say what became of them."""
    rows = Enrollment.objects.filter(pk__in={row.enrollment_id for row, _end, _reason in done})
    found = {e.pk: e for e in rows.select_related("version__journey")} if done else {}
    mine = [(found[row.enrollment_id or 0], row, end, reason) for row, end, reason in done]
    db.update(
        Enrollment,
        [
            {"id": e.pk, "due_at": now}
            for e, row, _end, _reason in mine
            if e.waiting_for == WAITING_FOR and e.step_id == row.step_id
        ],
        only_where=f"t.status = 'in' AND t.waiting_for = '{WAITING_FOR}'",
    )
    ledger.write(
        ledger.about_enrollment(
            e, now, VERDICTS[end], reason, step_id=row.step_id, rule=row.endpoint.key,
            evidence={"webhook": str(row.uid), "attempts": row.attempts},
        )
        for e, row, end, reason in mine
    )  # fmt: skip


# --- receivers that take nothing any more ---------------------------------------------------------
def _without_success(endpoint_ids: set[int], now: datetime) -> set[int]:
    """Those of them that accepted nothing as long as a delivery is tried."""
    if not endpoint_ids:
        return set()
    since = now - sum(BACK_OFF, timedelta(0))
    took = WebhookDelivery.objects.filter(
        endpoint__in=endpoint_ids, state=State.ACCEPTED, settled_at__gt=since
    )
    return endpoint_ids - set(took.values_list("endpoint_id", flat=True))


def _switch_off(endpoint_ids: set[int], now: datetime, why: str) -> None:
    """Switch receivers off and tell their owners; give up what waits for them."""
    if not endpoint_ids:
        return
    off = endpoints.switch_off(endpoint_ids, now, why)
    endpoints.tell_owners(off, why)
    _give_up_all(off, now)


@transaction.atomic
def switch_off_by_hand(endpoint: WebhookEndpoint, now: datetime, why: str) -> int:
    """Tell it nothing any more, by a person's decision; how many deliveries were given up."""
    return _give_up_all(endpoints.switch_off([endpoint.pk], now, why), now)


def _give_up_all(off: Sequence[WebhookEndpoint], now: datetime) -> int:
    """End what still waits for receivers that were switched off; how many deliveries."""
    by_id = {endpoint.pk: endpoint for endpoint in off}
    rows = WebhookDelivery.objects.filter(endpoint__in=by_id, state=State.WAITING)
    waiting = list(rows.select_for_update().order_by("pk"))
    db.update(
        WebhookDelivery,
        [
            {
                "id": row.pk, "state": State.GIVEN_UP, "reason": Reason.NO_CHANNEL,
                "next_at": None, "settled_at": now,
            }
            for row in waiting
        ],
    )  # fmt: skip
    for row in waiting:
        row.endpoint = by_id[row.endpoint_id]
    mine = [(row, End.GIVEN_UP, Reason.NO_CHANNEL) for row in waiting if row.enrollment_id]
    _tell_enrollments(mine, now)
    return len(waiting)


def send_again(deliveries: Sequence[WebhookDelivery], now: datetime) -> int:
    """Put ended deliveries back into the outbox under the same id, due at once; how many.

    No step waits for them any more, so nobody's leaving cancels them. Those of a receiver that is switched off stay where they are.
    """
    rows = WebhookDelivery.objects.filter(
        pk__in=[row.pk for row in deliveries],
        state__in=(State.GIVEN_UP, State.ACCEPTED, State.CANCELLED),
        endpoint__active=True,
    )
    ids = list(rows.values_list("pk", flat=True))
    ended = WebhookDelivery.objects.filter(
        pk__in=ids, state__in=(State.GIVEN_UP, State.ACCEPTED, State.CANCELLED)
    )
    return ended.update(
        state=State.WAITING,
        reason="",
        next_at=now,
        settled_at=None,
        attempts=0,
        answered=0,
        enrollment_id=None,
    )
