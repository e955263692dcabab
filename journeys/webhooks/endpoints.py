"""Receivers: begun, given a new secret, switched off and on, tried out."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection
from datetime import datetime
from functools import partial

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from journeys.models import User, WebhookDelivery, WebhookEndpoint
from journeys.webhooks import addresses, outbox, secrets
from journeys.webhooks.collecting import begins
from journeys.webhooks.outbox import EVENTS, TEST, Told

log = logging.getLogger("junro.webhooks")


def add(
    *,
    key: str,
    url: str,
    now: datetime,
    name: str = "",
    events: Collection[str] = (),
    owner: User | None = None,
) -> tuple[WebhookEndpoint, str]:
    """Begin a receiver; it and its secret, which is not shown again.

    BadAddress when `url` may not be called, ValueError for an event nobody knows.
    """
    endpoint = WebhookEndpoint(key=key, name=name, url=url, events=sorted(events), owner=owner)
    return endpoint, begin(endpoint, now)


def begin(endpoint: WebhookEndpoint, now: datetime) -> str:
    """Save a new receiver; its secret. Raises as `add` does."""
    addresses.check(endpoint.url)
    check_events(endpoint.events)
    secret = secrets.new()
    endpoint.secret = secrets.seal(secret)
    endpoint.created_at, endpoint.begins, endpoint.active = now, begins(), True
    endpoint.save(force_insert=True)
    return secret


def check_events(events: Collection[str]) -> None:
    """ValueError, with the words there are, for an event nobody knows."""
    if unknown := sorted(set(events) - set(EVENTS)):
        message = _("“%(what)s” is no event; known are: %(known)s")
        raise ValueError(message % {"what": ", ".join(unknown), "known": ", ".join(EVENTS)})


def renew_secret(endpoint: WebhookEndpoint) -> str:
    """A new secret from the next attempt on; the old one is forgotten."""
    secret = secrets.new()
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(secret=secrets.seal(secret))
    return secret


def switch_on(endpoint: WebhookEndpoint, now: datetime) -> None:
    """Tell it what happens from now on; what it missed is sent again from the log, if wanted."""
    addresses.check(endpoint.url)
    WebhookEndpoint.objects.filter(pk=endpoint.pk, active=False).update(
        active=True, disabled_at=None, disabled_why="", begins=begins()
    )


def switch_off(endpoint_ids: Collection[int], now: datetime, why: str) -> list[WebhookEndpoint]:
    """Tell them nothing any more; those that were on. Their deliveries are the caller's to end."""
    rows = WebhookEndpoint.objects.select_for_update(of=("self",)).select_related("owner")
    found = list(rows.filter(pk__in=endpoint_ids, active=True).order_by("pk"))
    WebhookEndpoint.objects.filter(pk__in=[e.pk for e in found]).update(
        active=False, disabled_at=now, disabled_why=why[:200]
    )
    return found


def tell_owners(endpoints: Collection[WebhookEndpoint], why: str) -> None:
    """Write to whoever owns a receiver that was switched off, once that is committed.

    Where nobody does, to the administrators.
    """
    for endpoint in endpoints:
        for email in [endpoint.owner.email] if endpoint.owner else _administrators():
            transaction.on_commit(partial(_write_to, endpoint, email, why))


def _administrators() -> list[str]:
    staff = User.objects.filter(groups__name="admin", is_active=True)
    return list(staff.order_by("pk").values_list("email", flat=True))


def _write_to(endpoint: WebhookEndpoint, email: str, why: str) -> None:
    with translation.override(settings.LANGUAGE_CODE):
        subject = _("The webhook receiver “%s” was switched off") % endpoint
        text = _(
            "%(why)s\n\nNothing more is sent to %(url)s. Switch it on again in the administration,"
            " under “Webhooks”; what was given up can be sent again from its log."
        ) % {"why": why, "url": endpoint.url}
    try:
        send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [email])
    except Exception:  # the letter is a courtesy; the page says it too
        log.exception("the owner of the receiver %s could not be told", endpoint.key)


def send_test(endpoint: WebhookEndpoint, now: datetime) -> WebhookDelivery:
    """Put a test event into the outbox."""
    told = Told(TEST, str(uuid.uuid4()), now, {"receiver": endpoint.key})
    row = outbox.delivery(told, endpoint, now)
    row.save(force_insert=True)
    return row
