"""What one wants to receive: topic by topic, or nothing but contract notices (R48)."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from journeys import clock, permission
from journeys.calendars import policy_at
from journeys.messages import links
from journeys.messages.views.doors import not_working, page, token_page
from journeys.messages.views.stop import masked
from journeys.models import Address, Person


@token_page
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows, POST saves and comes back. No sign-in: the token is the person's own."""
    uid = links.read_preferences(token)
    person = Person.objects.filter(uid=uid).first() if uid else None
    if person is None:
        return not_working(request, status=410 if uid else 404)
    if request.method == "POST":
        save(request, person)
        response = HttpResponseRedirect(
            f"{reverse('m:preferences', args=[token])}?saved={request.POST.get('do', 'save')}"
        )
        response.status_code = 303
        return response
    address = Address.objects.filter(person=person, channel="email", to_at=None).first()
    context = {
        "contact": person.contacts.filter(is_current=True).select_related("account").first(),
        "address": masked(address.value) if address else "",
        "topics": permission.choices(person),
        "policy": policy_at(clock.now()),
        "saved": request.GET.get("saved", ""),
    }
    return page(request, "preferences", person, context)


@transaction.atomic
def save(request: HttpRequest, person: Person) -> None:
    """Write what was ticked; whoever stopped everything begins again with the ticked ones only."""
    now = clock.now()
    if request.POST.get("do") == "stop_all":
        permission.stop(person, permission.EVERYTHING, "preferences", now)
        return
    wanted = set(request.POST.getlist("topic"))
    choices = [c for c in permission.choices(person) if not c.fixed]
    if wanted:
        permission.lift(person, permission.EVERYTHING, now)
    for choice in choices:
        if choice.key in wanted:
            permission.resume(person, choice.key, "preferences", now)
        else:
            permission.stop(person, choice.key, "preferences", now)
