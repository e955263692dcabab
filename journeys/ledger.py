"""Writing decisions: one row for each verdict that changed something, in sets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from journeys import db
from journeys.models import Decision, Enrollment, Message, Subscription

Verdict = Decision.Verdict
Reason = Decision.Reason


def about_enrollment(
    enrollment: Enrollment, now: datetime, verdict: Verdict, reason: Reason, **more: Any
) -> Decision:
    """An unsaved decision about an enrollment; `more` adds rule, evidence, step_id, message_id."""
    return Decision(
        at=now,
        verdict=verdict,
        reason=reason,
        account_id=enrollment.account_id,
        contact_id=enrollment.contact_id,
        subscription_id=enrollment.subscription_id,
        enrollment_id=enrollment.pk,
        journey_key=enrollment.version.journey.key,
        version=enrollment.version.number,
        **({"step_id": enrollment.step_id} | more),
    )


def about_message(
    message: Message, now: datetime, verdict: Verdict, reason: Reason, **more: Any
) -> Decision:
    """An unsaved decision about a message."""
    return Decision(
        at=now,
        verdict=verdict,
        reason=reason,
        account_id=message.account_id,
        contact_id=message.contact_id,
        subscription_id=message.subscription_id,
        enrollment_id=message.enrollment_id,
        message_id=message.pk,
        journey_key=message.journey_key,
        version=message.version,
        step_id=message.step_id,
        **more,
    )


def about_subscription(
    subscription: Subscription, now: datetime, verdict: Verdict, reason: Reason, **more: Any
) -> Decision:
    """An unsaved decision about a customer's way along the route."""
    return Decision(
        at=now,
        verdict=verdict,
        reason=reason,
        account_id=subscription.account_id,
        subscription_id=subscription.pk,
        **more,
    )


def write(decisions: Iterable[Decision]) -> int:
    """Append decisions by one statement; how many."""
    return db.insert(list(decisions))
