"""What staff may do to a contract's way from the customer's page: each by POST, with a reason (R7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from journeys import clock, goals, lifecycle
from journeys.goals.measuring import MeasureRefused
from journeys.lifecycle import HandRefused
from journeys.models import Account, Deliverable, Goal, Stage, Subscription

RIGHT = "journeys.change_subscription"


def act(request: HttpRequest, account: Account | None, contract: int, deed: str) -> HttpResponse:
    """Do one deed to a live contract of the account and say what came of it.

    403 without the right, 404 for a contract that is not the account's, 405 for anything but POST.
    """
    if not request.user.has_perm(RIGHT):
        raise PermissionDenied
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    live = Subscription.objects.filter(account=account, pk=contract, ended_at=None)
    subscription = live.first()
    if account is None or subscription is None or deed not in DEEDS:
        raise Http404
    try:
        said = DEEDS[deed](subscription, request.POST, request.user, clock.now())
    except (HandRefused, MeasureRefused) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, said)
    page = reverse("admin:journeys_account_change", args=[account.pk])
    return HttpResponseRedirect(f"{page}?contract={subscription.pk}")


Deed = Callable[[Subscription, Mapping[str, str], Any, datetime], str]


def _move(one: Subscription, said: Mapping[str, str], user: Any, now: datetime) -> str:
    move = lifecycle.move_by_hand(
        subscription=one, to=said.get("to", ""), by=user, reason=said.get("reason", ""), now=now
    )
    return _("Moved to “%s”. It stays there until you let it go.") % move.to_stage_name


def _hold(one: Subscription, said: Mapping[str, str], user: Any, now: datetime) -> str:
    lifecycle.hold(subscription=one, by=user, reason=said.get("reason", ""), now=now)
    return _("The contract is on hold: its stage and its journeys wait.")


def _release(one: Subscription, said: Mapping[str, str], user: Any, now: datetime) -> str:
    lifecycle.release(subscription=one, by=user, reason=said.get("reason", ""), now=now)
    return _("The criteria decide again from the next tick on.")


def _extend(one: Subscription, said: Mapping[str, str], user: Any, now: datetime) -> str:
    try:
        until = date.fromisoformat(said.get("until", ""))
    except ValueError:
        raise HandRefused(_("Write the new deadline as a date.")) from None
    reason = said.get("reason", "")
    lifecycle.extend(subscription=one, until=until, by=user, reason=reason, now=now)
    return _("The deadline is extended; the original one stays for the figures.")


def _confirm(one: Subscription, said: Mapping[str, str], user: Any, now: datetime) -> str:
    lifecycle.confirm(subscription=one, by=user, evidence=said.get("reason", ""), now=now)
    return _("Confirmed. The criteria that ask for it see it from the next tick on.")


def _deliver(one: Subscription, said: Mapping[str, str], user: Any, now: datetime) -> str:
    key, state = said.get("key", ""), said.get("state", "")
    lifecycle.deliver(subscription=one, key=key, state=state, by=user, now=now)
    return _("Kept: %(key)s is “%(state)s” now.") % {"key": key.strip(), "state": state.strip()}


def _measure(one: Subscription, said: Mapping[str, str], user: Any, now: datetime) -> str:
    goal = Goal.objects.filter(
        subscription=one, replaced_at=None, pk=_whole(said.get("goal", ""))
    ).first()
    if goal is None:
        raise MeasureRefused(_("This aim does not stand any more."))
    try:
        value = Decimal(said.get("value", "").strip())
    except InvalidOperation:
        raise MeasureRefused(_("The value must be a number.")) from None
    goals.measure(goal=goal, value=value, occurred_at=now, received_at=now, by=user)
    return _("Kept: %(metric)s is %(value)s%(unit)s now.") % {
        "metric": goal.metric,
        "value": f"{value:f}",
        "unit": goal.unit,
    }


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


DEEDS: dict[str, Deed] = {
    "move": _move,
    "hold": _hold,
    "release": _release,
    "extend": _extend,
    "confirm": _confirm,
    "deliver": _deliver,
    "measure": _measure,
}


def offered(request: HttpRequest, contract: Subscription | None) -> dict[str, Any]:
    """What the page offers to do; nothing to who may not, or where there is no route."""
    if contract is None or contract.stage is None or not request.user.has_perm(RIGHT):
        return {}
    held = contract.manual_until_released or contract.path == Subscription.Path.HOLD
    return {
        "others": Stage.objects.filter(version=contract.version_id).exclude(pk=contract.stage.pk),
        "held": held,
        "deliverables": Deliverable.objects.filter(subscription=contract).order_by("key"),
        "aims": Goal.objects.filter(subscription=contract, replaced_at=None).order_by("agreed_at"),
    }
