"""A person followed a link: their own act, never a scanner's look (R50)."""

from __future__ import annotations

from datetime import datetime

from journeys.models import Click, Link


def follow(link: Link, now: datetime) -> Click:
    """Note that the recipient followed this link of their message."""
    message = link.message
    return Click.objects.create(
        link=link, message_id=message.pk, contact_id=message.contact_id, at=now
    )
