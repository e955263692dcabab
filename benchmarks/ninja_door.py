"""A usual door: schemas validate each call, objects are built and written by bulk_create.

Behind the product's own middleware, as a project would have it; only to be measured against.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import transaction  # noqa: E402
from django.urls import path  # noqa: E402
from ninja import NinjaAPI, Schema  # noqa: E402

from journeys.models import Contact, Event  # noqa: E402


class Call(Schema):
    type: str
    messageId: str  # noqa: N815 -- Segment's own spelling
    userId: str  # noqa: N815
    event: str
    timestamp: datetime
    properties: dict[str, Any]


class Batch(Schema):
    batch: list[Call]


api = NinjaAPI(urls_namespace="bench")


@api.post("/v1/batch")
def take(request: Any, body: Batch) -> dict[str, Any]:
    """Write what came; no receipts, so a replay writes it again."""
    known = Contact.objects.filter(user_id__in={call.userId for call in body.batch})
    people = {contact.user_id: contact for contact in known}
    with transaction.atomic():
        Event.objects.bulk_create(
            Event(
                account_id=people[call.userId].account_id,
                contact=people[call.userId],
                name=call.event,
                occurred_at=call.timestamp,
                received_at=call.timestamp,
                properties=call.properties,
            )
            for call in body.batch
        )
    return {"success": True, "accepted": len(body.batch)}


urlpatterns = [path("", api.urls)]
settings.ROOT_URLCONF = "benchmarks.ninja_door"
application = get_wsgi_application()
