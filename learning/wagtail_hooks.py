"""Learning's ear in Wagtail: who opens which page, so that its reading can be followed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from wagtail import hooks

from content.models import ArticlePage
from journeys import clock
from learning.models import LessonPage
from learning.progress import issue

KINDS = ((LessonPage, "lesson"), (ArticlePage, "article"))


@hooks.register("before_serve_page")
def give_ticket(
    page: Any, request: HttpRequest, serve_args: list[Any], serve_kwargs: dict[str, Any]
) -> None:
    """A ticket for the page's script. Opening a page writes nothing; the script's POST does.

    The public is not followed. Staff are, apart: what they look at is never counted.
    """
    visitor: Any = request.visitor  # type: ignore[attr-defined]
    kind = next((name for model, name in KINDS if isinstance(page, model)), "")
    is_staff = visitor.audience == "internal"
    if not kind or (visitor.contact_id is None and not is_staff) or not page.is_open_to(visitor):
        return
    request.view_ticket = issue(  # type: ignore[attr-defined]
        kind=kind,
        page_id=page.pk,
        contact_id=visitor.contact_id,
        is_staff=is_staff,
        now=clock.now(),
        source="guest" if visitor.scope == "guest" else request.GET.get("from", ""),
    )
