"""A letter's link: one page with one button; the reader's own POST opens a visit."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from journeys import clock
from journeys.messages import fresh, links, targets
from journeys.messages.following import follow
from journeys.messages.views.doors import not_working, page, token_page
from journeys.models import Link, Persona


def _link(token: str) -> Link | None:
    uid = links.read_click(token)
    rows = Link.objects.select_related("message__contact__account", "message__person")
    found = rows.filter(uid=uid).first() if uid else None
    contact = found.message.contact if found else None
    return found if contact and contact.is_current else None


@token_page
def click(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST opens. 404: no such link; 410: it is over (numbers 100, 101, 107)."""
    link = _link(token)
    if link is None:
        return not_working(request, status=404)
    now = clock.now()
    if link.expires_at is not None and link.expires_at <= now:
        return not_working(request, status=410, token=token)
    contact = link.message.contact
    assert contact is not None  # noqa: S101 -- _link saw to it
    if request.method != "POST":
        return page(request, "open", link.message.person, {"link": link, "contact": contact})
    follow(link, now)
    links.open_visit(request, contact.uid, now + links.GOOD_FOR)
    response = HttpResponseRedirect(targets.resolve(link.target))
    response.status_code = 303
    return response


@token_page
def renew(request: HttpRequest, token: str) -> HttpResponse:
    """POST: a new letter with this link, to the address on file."""
    link = _link(token)
    if link is None or link.message.contact is None:
        return not_working(request, status=404)
    if request.method != "POST":
        return not_working(request, status=410, token=token)
    allowed = fresh.send_new_link(link.message.contact, link.target, clock.now())
    return _told(request, allowed=allowed)


@token_page
def ask(request: HttpRequest) -> HttpResponse:
    """A new link for whoever names their address; the same answer for known and unknown (103)."""
    if request.method != "POST":
        return page(request, "ask", None, {})
    allowed = fresh.send_to_address(request.POST.get("email", ""), clock.now())
    return _told(request, allowed=allowed)


def _told(request: HttpRequest, *, allowed: bool) -> HttpResponse:
    """The same page whether something was sent or not; 429 when it was asked too often (104)."""
    persona = Persona.objects.exclude(phone="").order_by("pk").first()
    context = {"persona": persona, "allowed": allowed}
    return page(request, "sent", None, context, status=200 if allowed else 429)
