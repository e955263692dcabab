"""The demo's own doors: a front page, one-click logins, the clock's button. DEBUG only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from config.demo import greeting
from journeys import clock, people
from journeys.calendars import hours_at
from journeys.models import Contact, User

View = Callable[..., HttpResponse]

#: One-click doors: who, what they do here, and where they begin.
CUSTOMER = "okano"
#: Who began this morning: the first walk can be lived with them on the demo's own day.
FRESH = "wakaba-kogei-admin"
STAFF = ("ops@shimebi.example", "csm@shimebi.example", "marketing@shimebi.example")
BEGIN = {"marketing@shimebi.example": "/admin/engagement/"}


def debug_only(view: View) -> View:
    """Outside DEBUG this door does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not settings.DEBUG:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


@debug_only
def front(request: HttpRequest) -> HttpResponse:
    """Where a visitor of the demo begins: who to be, what to try."""
    staff = {u.email: u for u in User.objects.filter(email__in=STAFF)}
    contacts = Contact.objects.filter(user_id__in=(CUSTOMER, FRESH), is_current=True)
    context = {
        "customers": contacts.select_related("account").order_by("known_since", "pk"),
        "staff": [staff[email] for email in STAFF if email in staff],
        "curl": greeting.curl_line(),
        "next_slot": next_slot(),
    }
    return render(request, "dev/front.html", context)


def next_slot() -> datetime:
    """The next sending slot after the doors' present."""
    now = clock.now()
    return hours_at(now).next_slot(now + timedelta(seconds=1), settings.TIME_ZONE)


@debug_only
@require_POST
def sign_in(request: HttpRequest, who: str) -> HttpResponse:
    """Sign in as one of the demo's people, without a code."""
    if who in (CUSTOMER, FRESH):
        user = people.log_in_of(Contact.objects.get(user_id=who, is_current=True), clock.now())
    else:
        user = User.objects.filter(email=who, email__in=STAFF).first()
    if user is None:
        raise Http404
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect(BEGIN.get(user.email, "/admin/" if user.is_staff else "/"))


@debug_only
@require_POST
def to_next_slot(request: HttpRequest) -> HttpResponse:
    """Put the demo's clock to the next sending slot; forward only."""
    if clock.is_demo():
        clock.move_to(next_slot())
        messages.success(request, _("The demo's clock was moved to the next sending slot."))
    back = request.POST.get("next", "/dev/")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return redirect(back if safe else "/dev/")
