"""Stopping: one click by the mail program (RFC 8058), or a page that asks first (R48)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from journeys import clock, permission
from journeys.messages import links
from journeys.messages.links import Stop
from journeys.messages.phrases import PHRASES
from journeys.messages.views.doors import not_working, page, private
from journeys.models import Address, Message, Person, Topic


@csrf_exempt
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """POST stops at once and answers 200 always; GET asks (numbers 108, 109, 110).

    Mail programs post without cookies, so there is nothing to bind the form to: the token decides,
    and parameters are not read for whom or what.
    """
    wish = links.read_stop(token)
    person = Person.objects.filter(uid=wish.person).first() if wish else None
    if request.method == "POST":
        return private(_stopped(request, token, wish, person))
    if wish is None or person is None:
        return not_working(request, status=410 if wish else 404)
    return private(page(request, "stop", person, _about(wish, person)))


def _stopped(
    request: HttpRequest, token: str, wish: Stop | None, person: Person | None
) -> HttpResponse:
    by_page = "by_page" in request.POST
    if wish is None or person is None:
        return not_working(request, status=404) if by_page else HttpResponse("OK")
    topic = wish.topic or permission.EVERYTHING
    if "undo" in request.POST:
        if wish.topic:
            permission.resume(person, topic, "undo", clock.now())
        else:
            permission.lift(person, topic, clock.now())
        return page(request, "resumed", person, _about(wish, person))
    how = "page" if by_page else "one_click"
    permission.stop(person, topic, how, clock.now(), wording=PHRASES["ja"]["stop"])
    if not by_page:
        return HttpResponse("OK")
    return page(request, "stopped", person, _about(wish, person))


def _about(wish: Stop, person: Person) -> dict[str, str]:
    """What the page says: the topic's name and the masked address it is about."""
    topic = Topic.objects.filter(key=wish.topic).first()
    message = Message.objects.filter(uid=wish.message).first()
    address = message.to_address if message else ""
    if not address:
        rows = Address.objects.filter(person=person, channel="email", to_at=None)
        address = rows.values_list("value", flat=True).first() or ""
    return {
        "topic": topic.name if topic else _("all guidance"),
        "address": masked(address),
        "preferences": links.preferences_token(person.uid),
    }


def masked(address: str) -> str:
    """`o•••o@minato.example`: enough to know it, not enough to learn it."""
    local, _at, domain = address.rpartition("@")
    if not local:
        return ""
    return f"{local[0]}•••{local[-1] if len(local) > 2 else ''}@{domain}"
