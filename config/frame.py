"""The site around a page: its name, its menu, its footer, and the demo's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.models import Site

from content.models import HomePage
from journeys import clock
from journeys.messages import links


@dataclass(frozen=True)
class Door:
    """One entry of the menu."""

    label: str
    url: str
    icon: str
    is_here: bool


@dataclass(frozen=True)
class Frame:
    """`home` is the HomePage, or an empty one; `preferences` an address, or empty."""

    site_name: str
    home: HomePage
    doors: tuple[Door, ...]
    now: datetime
    is_demo: bool
    preferences: str = ""
    content_language: str = (
        settings.LANGUAGE_CODE
    )  # criteria, lessons and articles are written in it

    @classmethod
    def around(cls, request: HttpRequest) -> Frame:
        site = Site.find_for_request(request)
        home = HomePage.objects.filter(sites_rooted_here=site).first() if site else None
        return cls(
            site_name=(site.site_name if site else "") or _("Learning site"),
            home=home or HomePage(),
            doors=tuple(_doors(request)),
            now=clock.now(),
            is_demo=clock.is_demo(),
            preferences=_preferences(request),
        )


def _doors(request: HttpRequest) -> list[Door]:
    visitor: Any = getattr(request, "visitor", None)
    audience = visitor.audience if visitor is not None else "public"
    home = reverse("learning:home")
    entries = [(_("Home"), home, "home", True)]
    if audience == "customer":
        entries.append((_("Roadmap"), reverse("learning:roadmap"), "route", True))
    entries += [
        (_("Courses"), f"{home}courses/", "cap", audience != "public"),
        (_("Articles"), f"{home}articles/", "book", True),
    ]
    if audience == "customer":
        entries.append((_("Ask"), reverse("learning:ask"), "nudge", True))
    return [
        Door(label, url, icon, _is_here(request.path, url, home))
        for label, url, icon, shown in entries
        if shown
    ]


def _preferences(request: HttpRequest) -> str:
    """Where a signed-in person chooses what they receive; a guest has the link of their letters."""
    visitor: Any = getattr(request, "visitor", None)
    if visitor is None or visitor.scope != "full" or visitor.person_uid is None:
        return ""
    return links.url_of("preferences", links.preferences_token(visitor.person_uid))


def _is_here(path: str, url: str, home: str) -> bool:
    return path == home if url == home else path.startswith(url)
