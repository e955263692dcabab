"""The first page: one sign with the one next step, who helps, and how far one is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from content.models import ArticlePage, HomePage, articles_for
from journeys import clock
from learning import assigned, signpost, suggestions, targets
from learning.views.doors import contact_of, visitor_of
from learning.views.nudges import shown_on

MOST_ARTICLES = 6


@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """A customer's home; for everybody else what there is to read, and the way in."""
    visitor = visitor_of(request)
    if visitor.contact_id is None:
        return render(request, "content/home_page.html", landing(visitor))
    now = clock.now()
    contact = contact_of(request)
    board = signpost.board(
        visitor.account_id, visitor.roles, now, product=request.GET.get("product", "")
    )
    lesson = suggestions.to_go_on_with(contact, visitor)
    leads = [item.to for item in board.items]
    return render(
        request,
        "learning/home.html",
        {
            "contact": contact,
            "board": board,
            "urls": targets.urls(leads, visitor),
            "lesson": lesson,
            "assigned": assigned.assigned_to(contact.pk, visitor, now),
            "useful": suggestions.useful_now(visitor),
            "nudge": shown_on("home", contact, now),
        },
    )


def landing(visitor: Any) -> dict[str, Any]:
    articles = articles_for(ArticlePage.objects.all(), visitor)
    return {"page": HomePage.objects.first(), "articles": articles[:MOST_ARTICLES]}
