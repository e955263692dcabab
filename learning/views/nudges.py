"""A hint on the learning site: which one is there, and what its reader answers by POST (I29)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from journeys import clock
from journeys.channels import nudge
from journeys.models import Contact
from learning.views.doors import contact_of, for_customers


def shown_on(page: str, contact: Contact, now: datetime) -> dict[str, Any] | None:
    """The one hint for a page: the most important of those open to the contact."""
    return next(iter(nudge.visible(contact, page, now)), None)


@require_POST
@for_customers
def answer(request: HttpRequest, uid: UUID, what: str) -> HttpResponse:
    """`what`: shown | clicked | dismissed. Somebody else's hint is not here."""
    contact, now = contact_of(request), clock.now()
    match what:
        case "shown":
            nudge.mark_shown(uid, contact, now)
            return HttpResponse(status=204)
        case "clicked":
            where = nudge.click(uid, contact, now)
            if where is None:
                raise Http404
            return redirect(where)
        case "dismissed":
            nudge.dismiss(uid, contact, now)
            return redirect("learning:home")
    raise Http404
