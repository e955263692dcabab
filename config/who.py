"""One sign-in, several people or companies: who is it this time?"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config.visitors import contacts_of


@login_required
def who(request: HttpRequest) -> HttpResponse:
    """The people and companies of this sign-in; the one chosen by POST is kept in the session."""
    user: Any = request.user
    contacts = list(contacts_of(user))
    if request.method != "POST":
        return render(request, "junro/who.html", {"contacts": contacts})
    chosen = next((c for c in contacts if str(c.uid) == request.POST.get("contact")), None)
    if chosen is None:
        raise Http404
    request.session["contact"] = str(chosen.uid)
    return redirect("learning:home")


def closed(request: HttpRequest) -> HttpResponse:
    """A door of the sign-in package that this house does not open."""
    raise Http404
