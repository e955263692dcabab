"""Applying a bundle: what changed becomes new versions, in one transaction or not at all."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from journeys.bundle.carrying import carry_out
from journeys.bundle.planning import Plan, touches
from journeys.bundle.reading import Bundle
from journeys.models import User
from journeys.publishing import PublishRefused


@transaction.atomic
def apply(bundle: Bundle, now: datetime, *, by: User | None = None, prune: bool = False) -> Plan:
    """Publish what changed. PublishRefused (nothing changed) when a check fails.

    Nothing is deleted without `prune`; even then texts are retired, because customers may run
    on them.
    """
    if bundle.problems:
        raise PublishRefused(bundle.problems)
    done = carry_out(bundle, now, by=by, prune=prune)
    if done.problems:
        raise PublishRefused(done.problems)
    return Plan(
        create=done.create,
        update=done.update,
        delete=done.delete,
        touches=touches(done.update + done.delete),
    )
