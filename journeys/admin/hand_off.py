"""Handing a customer over to a person, from the customer's page: a reason and a way back (O7)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from journeys import clock, plays
from journeys.models import Account, ExitCriterion, Play, PlayTask, Stage, Subscription, User
from journeys.timing import BadSpan, span

STAGE = "stage"


def beside(account: Account, contract: Subscription | None, request: HttpRequest) -> dict[str, Any]:
    """What the customer's page shows: open tasks, and what a hand-off can be made of."""
    tasks = PlayTask.objects.filter(account=account, state=PlayTask.State.OPEN)
    may = contract is not None and contract.stage_id is not None and may_hand_off(request)
    return {
        "open_tasks": tasks.select_related("owner").order_by("due_on", "pk")
        if request.user.has_perm("journeys.view_playtask")
        else (),
        "plays": Play.objects.order_by("key") if may else (),
        "ways_back": _ways_back(contract.stage) if may and contract and contract.stage else (),
    }


def may_hand_off(request: HttpRequest) -> bool:
    """Whoever may do tasks may begin one by hand."""
    return request.user.has_perm("journeys.change_playtask")


def _ways_back(stage: Stage) -> list[tuple[str, str]]:
    """(value, label): the stage is left, or one of its criteria is met."""
    criteria = ExitCriterion.objects.filter(stage=stage).values_list("key", "label")
    left = _("the stage “%s” is left") % stage.name
    return [(STAGE, left), *[(f"c:{key}", label) for key, label in criteria]]


def _condition(contract: Subscription, way_back: str) -> dict[str, Any]:
    if contract.stage is None:
        raise ValueError(_("This contract has not begun its route yet."))
    if way_back == STAGE:
        return {"not": {"stage": {"is": contract.stage.key}}}
    key = way_back.removeprefix("c:")
    found = ExitCriterion.objects.filter(stage=contract.stage, key=key).first()
    if found is None:
        raise ValueError(_("Choose what leads back to the route."))
    return dict(found.condition)


@transaction.atomic
def hand_off_view(request: HttpRequest) -> HttpResponse:
    """Begin a hand-off. By POST alone."""
    if not may_hand_off(request) or not isinstance(request.user, User):
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    live = Subscription.objects.filter(ended_at=None).select_related("stage", "account")
    number = request.POST.get("contract", "")
    contract = get_object_or_404(live, pk=number if number.isascii() and number.isdigit() else 0)
    try:
        task = _begin(contract, request.POST, request.user)
        admin.site.get_model_admin(PlayTask).log_addition(request, task, "hand-off")
        messages.success(request, _("A person takes over. Automation for this contract waits."))
    except ValueError as error:
        messages.error(request, str(error))
    page = reverse("admin:journeys_account_change", args=[contract.account_id])
    return HttpResponseRedirect(f"{page}?contract={contract.pk}")


def _begin(contract: Subscription, said: Any, by: User) -> PlayTask:
    play = Play.objects.filter(key=said.get("play", "")).first()
    if play is None:
        raise ValueError(_("Choose what to do."))
    due = said.get("due", "").strip()
    if due:
        try:
            span(due)
        except BadSpan as error:
            raise ValueError(str(error)) from error
    return plays.hand_off(
        subscription=contract, play=play, now=clock.now(), by=by, due=due,
        why=said.get("why", "")[:1000], return_when=_condition(contract, said.get("back", "")),
    )  # fmt: skip
