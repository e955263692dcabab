"""The deliveries of journeys' steps: one for each enrollment, step and visit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from journeys.models import (
    Account,
    Contact,
    Enrollment,
    Subscription,
    WebhookDelivery,
    WebhookEndpoint,
)
from journeys.webhooks import outbox
from journeys.webhooks.outbox import STEP, Told, account_of

#: An enrollment, the key of the receiver, the id of the step.
Reached = tuple[Enrollment, str, str]


def tell_steps(reached: Sequence[Reached], now: datetime) -> list[Reached]:
    """Write a delivery for each step that was reached; those whose receiver is not there or is
    switched off are given back. Constant statements, in the caller's transaction."""
    keys = {receiver for _e, receiver, _step in reached}
    endpoints = {e.key: e for e in WebhookEndpoint.objects.filter(key__in=keys, active=True)}
    there = [one for one in reached if one[1] in endpoints]
    told = _told(there, now) if there else []
    rows = [
        outbox.delivery(one, endpoints[receiver], now)
        for one, (_e, receiver, _step) in zip(told, there, strict=True)
    ]
    outbox.write(rows)
    return [one for one in reached if one[1] not in endpoints]


def settled_in(enrollments: Collection[Enrollment], now: datetime) -> dict[int, datetime | None]:
    """Per enrollment that rests at a webhook: when that was settled, or None; one SELECT.

    A step whose receiver was not there is over at once.
    """
    steps = {e.pk: e.step_id for e in enrollments}
    rows = WebhookDelivery.objects.filter(enrollment_id__in=steps).order_by("pk")
    ended = {
        pk: settled_at
        for pk, step, settled_at in rows.values_list("enrollment_id", "step_id", "settled_at")
        if pk and steps[pk] == step
    }
    return {pk: ended.get(pk, now) for pk in steps}


def _told(reached: Sequence[Reached], now: datetime) -> list[Told]:
    accounts = Account.objects.in_bulk({e.account_id for e, _r, _s in reached})
    contacts = Contact.objects.in_bulk({e.contact_id for e, _r, _s in reached if e.contact_id})
    subs = Subscription.objects.select_related("product", "stage").in_bulk(
        {e.subscription_id for e, _r, _s in reached if e.subscription_id}
    )
    found = []
    for e, _receiver, step in reached:
        data = {
            "journey": e.version.journey.key,
            "version": e.version.number,
            "step": step,
            "run": e.run,
            "visit": e.visit,
            "account": account_of(accounts[e.account_id].external_id, accounts[e.account_id].name),
            "contact": {"id": contacts[e.contact_id].user_id} if e.contact_id else None,
            "subscription": _contract(subs.get(e.subscription_id or 0)),
        }
        key = f"{e.version.journey.key}/{e.subject_key}/{e.run}/{step}/{e.visit}"
        found.append(Told(STEP, key, now, data, e.account_id, e.pk, step))
    return found


def _contract(sub: Subscription | None) -> dict[str, Any] | None:
    if sub is None:
        return None
    return {
        "product": sub.product.key,
        "stage": sub.stage.key if sub.stage else None,
        "due_on": sub.stage_due_on.isoformat() if sub.stage_due_on else None,
    }
