"""What a caller hears when something of ours broke: no traceback, no SQL, and what to do (I40)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.defaults import server_error

from journeys.api.errors import ApiError

#: Addresses that speak JSON.
MACHINES = ("/v1/", "/healthz", "/metrics")


def broken(request: HttpRequest) -> HttpResponse:
    """JSON for machines, and never a 500 (contracts 4); a page for people."""
    if not request.path.startswith(MACHINES):
        return server_error(request)
    message = _("Something went wrong on our side; nothing was taken. Send it again.")
    return ApiError(503, "unavailable", message, headers={"Retry-After": "5"}).answer()
