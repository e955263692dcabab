"""The Visitor door: who is looking at the page, as one frozen value on the request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.dateparse import parse_datetime
from django.utils.functional import SimpleLazyObject

from config.frame import Frame
from journeys import clock
from journeys.models import Address, Contact, Membership, Subscription, User

#: Doors of machines and of staff tools: they speak their caller's language, not a visitor's.
NOT_OUR_PAGES = ("/v1/", "/webhooks/", "/static/", "/media/", "/healthz", "/metrics")


@dataclass(frozen=True)
class Visitor:
    """Who is there. `audience`: public | customer | internal; `scope`: guest | full ("" = public).

    A guest came by a message's link: their own home, goals, criteria, lessons and progress only.
    """

    audience: str = "public"
    contact_id: int | None = None
    account_id: int | None = None
    person_uid: UUID | None = None
    name: str = ""
    account_name: str = ""
    roles: frozenset[str] = field(default_factory=frozenset)
    products: frozenset[str] = field(default_factory=frozenset)
    stages: frozenset[str] = field(default_factory=frozenset)
    scope: str = ""
    until: datetime | None = None
    locale: str = ""
    is_signed_in: bool = False
    is_shared: bool = False  # one sign-in, several people or accounts: they may switch


PUBLIC = Visitor()


class VisitorMiddleware:
    """Puts `request.visitor` there, asked for only when somebody looks; and the page's language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.visitor = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: visitor_of(request, clock.now())
        )
        if not request.path.startswith(NOT_OUR_PAGES):
            speak(request)
        return self.get_response(request)


def speak(request: HttpRequest) -> None:
    """The language chosen by hand (a cookie), else the person's, else the site's own.

    A browser's wishes are not asked: criteria, lessons and articles are written in the site's
    language, and a frame in another one around them reads as broken.
    """
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        return
    visitor: Visitor = request.visitor  # type: ignore[attr-defined]
    known = dict(settings.LANGUAGES)
    language = visitor.locale if visitor.locale in known else settings.LANGUAGE_CODE
    translation.activate(language)
    request.LANGUAGE_CODE = language


def visitor_of(request: HttpRequest, now: datetime) -> Visitor:
    """Staff, a signed-in customer, a guest with a link's visit that has not ended, or the public."""
    user: Any = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        if user.is_staff:
            return Visitor(
                audience="internal", name=user.get_full_name(), scope="full", is_signed_in=True
            )
        return _signed_in(user, request, now)
    return _guest(request.session.get("visit"), now) if hasattr(request, "session") else PUBLIC


def contacts_of(user: User) -> QuerySet[Contact]:
    """The current contacts a log-in stands for: its person's, and those of its proven addresses."""
    proven = EmailAddress.objects.filter(user=user, verified=True).values("email")
    reached = Address.objects.filter(channel="email", to_at=None, normalised__in=proven)
    return (
        Contact.objects.filter(is_current=True, account__isnull=False)
        .filter(Q(person__user=user) | Q(person__in=reached.values("person")))
        .select_related("account", "person")
        .order_by("pk")
    )


def _signed_in(user: User, request: HttpRequest, now: datetime) -> Visitor:
    contacts = list(contacts_of(user))
    if not contacts:
        return Visitor(name=user.get_full_name() or user.email, is_signed_in=True)
    wanted = request.session.get("contact")
    chosen = next((c for c in contacts if str(c.uid) == wanted), contacts[0])
    return _customer(chosen, now, scope="full", is_signed_in=True, is_shared=len(contacts) > 1)


def _guest(visit: Any, now: datetime) -> Visitor:
    """A link's visit from the session: {"contact": uid, "until": ISO 8601, "scope": "guest"}."""
    if not isinstance(visit, dict):
        return PUBLIC
    until = parse_datetime(str(visit.get("until", "")))
    if until is None or until.tzinfo is None or until <= now:
        return PUBLIC
    here = Contact.objects.filter(is_current=True, account__isnull=False)
    try:
        contact = here.select_related("account", "person").get(uid=visit.get("contact", ""))
    except (Contact.DoesNotExist, ValidationError):
        return PUBLIC
    return _customer(contact, now, scope="guest", until=until)


def _customer(contact: Contact, now: datetime, **more: Any) -> Visitor:
    assert contact.account is not None  # noqa: S101 -- both callers ask for contacts with one
    live = Subscription.objects.filter(account=contact.account_id, ended_at=None)
    contracts = list(live.values_list("product__key", "stage__key"))
    return Visitor(
        audience="customer",
        contact_id=contact.pk,
        account_id=contact.account_id,
        person_uid=contact.person.uid,
        name=contact.name or contact.user_id,
        account_name=str(contact.account),
        roles=roles_at(contact.pk, now),
        products=frozenset(product for product, _ in contracts),
        stages=frozenset(stage for _, stage in contracts if stage),
        locale=contact.person.locale,
        **more,
    )


def roles_at(contact_id: int, now: datetime) -> frozenset[str]:
    """The roles a contact holds at `now` (aware)."""
    open_now = Q(to_at=None) | Q(to_at__gt=now)
    held = Membership.objects.filter(open_now, contact=contact_id, from_at__lte=now)
    return frozenset(held.exclude(role="").values_list("role", flat=True))


def page_frame(request: HttpRequest) -> dict[str, Any]:
    """What every page's frame needs: who is there, and the site around them (asked for lazily)."""
    return {
        "visitor": getattr(request, "visitor", PUBLIC),
        "frame": SimpleLazyObject(lambda: Frame.around(request)),
    }
