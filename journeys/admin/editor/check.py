"""The checked text field's question: is this a condition, and whom does it meet now? Reads only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.template.response import TemplateResponse

from journeys import clock, conditions
from journeys.admin.editor import reach
from journeys.admin.editor.conditions import from_text, problem_in
from journeys.admin.editor.desk import Desk
from journeys.models import Product

LONGEST = 20_000


def of_journey(desk: Desk) -> HttpResponse:
    """POST {name, text}: the verdict on a journey's condition, as a piece of HTML."""
    name = desk.request.POST.get("name", "")
    key = desk.document.get("product")
    product = Product.objects.filter(key=key).first() if isinstance(key, str) else None
    version = reach.unsaved(desk.noun, desk.document, product.pk if product else None)
    return _answer(
        desk, "enrollment", lambda tree: reach.in_journey(version, tree, name, clock.now())
    )


def of_lifecycle(desk: Desk) -> HttpResponse:
    """POST {name, text}: the verdict on an exit criterion, as a piece of HTML."""
    key = str(desk.document.get("product", ""))
    return _answer(desk, "subscription", lambda tree: reach.in_lifecycle(key, tree, clock.now()))


def _answer(desk: Desk, subject: str, ask: Callable[[Any], reach.Reach]) -> HttpResponse:
    text = desk.request.POST.get("text", "")[:LONGEST]
    tree = from_text(text)
    if tree is None:
        return _piece(desk, {})
    if problem := problem_in(tree, subject):
        return _piece(desk, {"problem": problem})
    try:
        return _piece(desk, {"reach": ask(tree)})
    except conditions.ConditionError as error:
        return _piece(desk, {"problem": str(error)})


def _piece(desk: Desk, context: dict[str, Any]) -> HttpResponse:
    return TemplateResponse(desk.request, "admin/journeys/editor/verdict.html", context)
