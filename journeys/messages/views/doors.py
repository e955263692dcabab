"""What all pages behind a signed token share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.utils import translation
from django.utils.decorators import decorator_from_middleware
from django.views.decorators.csrf import csrf_exempt

from journeys.messages.phrases import language_of
from journeys.models import Person

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
Context = Mapping[str, Any]


class _TokenPageCsrf(CsrfViewMiddleware):
    """Binds a form to the browser that asked for it, by cookie and field.

    These pages send no referrer, and so browsers name their origin "null".
    """

    def _origin_verified(self, request: HttpRequest) -> bool:
        verified: Any = super()._origin_verified  # type: ignore[misc]
        return request.META["HTTP_ORIGIN"] == "null" or bool(verified(request))


_bound = decorator_from_middleware(_TokenPageCsrf)


def token_page(view: View[P]) -> View[P]:
    """A page whose address is a secret: kept by nobody, told to nobody, posted by who opened it."""
    guarded: Any = _bound(view)

    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response: HttpResponse = guarded(request, *args, **kwargs)
        return private(response)

    exempt: Any = csrf_exempt(wrapped)
    return exempt  # type: ignore[no-any-return]


def private(response: HttpResponse) -> HttpResponse:
    """No cache keeps it, no other site learns its address, no search engine lists it."""
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def page(
    request: HttpRequest,
    name: str,
    person: Person | None,
    context: Context,
    *,
    status: int = 200,
) -> HttpResponse:
    """A page of this room in the reader's language."""
    if person is None or settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        return render(request, f"journeys/m/{name}.html", dict(context), status=status)
    with translation.override(language_of(person.locale)):
        return render(request, f"journeys/m/{name}.html", dict(context), status=status)


def not_working(request: HttpRequest, *, status: int, token: str = "") -> HttpResponse:
    """The one friendly page for links that are over, cut off or altered (numbers 100, 107).

    With `token` (a link that is genuine but over) one button sends a new one.
    """
    return private(page(request, "not_working", None, {"token": token}, status=status))
