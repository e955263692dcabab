"""Who may open a customer's own pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache

from journeys.models import Contact

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def for_customers(view: View[P]) -> View[P]:
    """Customers only: others are shown the way in, staff their own home. Never kept in a cache."""

    @never_cache
    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        visitor = visitor_of(request)
        if visitor.contact_id is not None:
            return view(request, *args, **kwargs)
        if visitor.is_signed_in:
            return redirect("learning:home")
        return redirect_to_login(request.get_full_path())

    return cast("View[P]", wrapped)


def visitor_of(request: HttpRequest) -> Any:
    """The Visitor the door in `config` put on the request."""
    return request.visitor  # type: ignore[attr-defined]


def contact_of(request: HttpRequest) -> Contact:
    """The customer's contact with account, owner and person; 1 query."""
    rows = Contact.objects.select_related("account__owner", "person")
    return rows.get(pk=visitor_of(request).contact_id)
