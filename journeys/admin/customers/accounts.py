"""The list of customers, and one customer's page: where they stand, what is missing, what was said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from journeys import clock, enrollments, lifecycle, permission
from journeys.admin.base import ReadOnly
from journeys.admin.customers import by_hand
from journeys.admin.customers.deadlines import Deadline, deadline
from journeys.admin.customers.timeline import SHOWS, timeline
from journeys.admin.hand_off import beside
from journeys.calendars import days_at
from journeys.models import (
    Account,
    Contact,
    Goal,
    Membership,
    Pause,
    Stage,
    StageTransition,
    Subscription,
)
from journeys.timing import Days

MOST_PEOPLE = 50


class Customers(ChangeList):
    """Puts each row's nearest deadline beside it: what day it is is asked once a page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        now = clock.now()
        days = days_at(now)
        rows = list(self.result_list)
        for row in rows:
            dues = [sub.stage_due_on for sub in row.live if sub.stage_due_on]
            row.due = deadline(min(dues, default=None), days.local_date(now), days)
        self.result_list = rows


@admin.register(Account)
class AccountAdmin(ReadOnly):
    list_display = ("__str__", "where", "due", "owner", "value_tier", "stopped")
    list_filter = ("owner", "value_tier")
    search_fields = ("name", "kana", "external_id", "contacts__name", "contacts__email")
    search_help_text = _("Company, person or e-mail address")
    list_select_related = ("owner",)
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        live = Subscription.objects.filter(ended_at=None).select_related("stage", "product")
        stopped = Pause.objects.filter(
            scope=Pause.Scope.ACCOUNT, ref=OuterRef("external_id"), to_at=None
        )
        rows: QuerySet[Account] = super().get_queryset(request)
        return rows.prefetch_related(
            Prefetch("subscriptions", queryset=live, to_attr="live")
        ).annotate(is_stopped=Exists(stopped))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Customers

    @display(description=_("stage"))
    def where(self, account: Any) -> str:
        rows = account.live
        several = len(rows) > 1
        return (
            "、".join(
                (f"{sub.product}：" if several else "") + str(sub.stage or "—") for sub in rows
            )
            or "—"
        )

    @display(description=_("deadline"), label={"": "info", "warn": "warning", "danger": "danger"})
    def due(self, account: Any) -> Any:
        return (account.due.tone, account.due.text) if account.due else None

    @display(description=_("guidance"), label={"on": "default", "off": "danger"})
    def stopped(self, account: Any) -> tuple[str, Any]:
        return ("off", _("Paused")) if account.is_stopped else ("on", _("Runs"))

    # --- one customer -------------------------------------------------------------------------------
    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.pause_view)
        return [
            path("<path:object_id>/pause/", view, name="journeys_account_pause"),
            path(
                "<path:object_id>/contracts/<int:contract>/<slug:deed>/",
                self.admin_site.admin_view(self.by_hand_view),
                name="journeys_account_by_hand",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        account = self.get_object(request, object_id)
        if not self.has_view_permission(request, account):
            raise PermissionDenied
        if account is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": str(account),
            **_customer(request, account, clock.now()),
        }
        return TemplateResponse(request, "admin/journeys/customer.html", context)

    def pause_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let nothing out for this customer, or let it go on (R36)."""
        account = self.get_object(request, object_id)
        if not request.user.has_perm("journeys.change_account"):
            raise PermissionDenied
        if account is None:
            raise Http404
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        now, scope = clock.now(), Pause.Scope.ACCOUNT
        user: Any = request.user
        if request.POST.get("to") == "pause":
            reason = request.POST.get("reason", "").strip()[:200]
            permission.pause(scope, account.external_id, now, by=user, reason=reason)
            messages.success(request, _("Guidance for this customer is paused."))
        elif enrollments.resume(
            scope=scope, ref=account.external_id, now=now, by=user,
            overdue=enrollments.choice(request.POST.get("overdue")),
        ):  # fmt: skip
            messages.success(request, _("Guidance for this customer goes on."))
        return HttpResponseRedirect(reverse("admin:journeys_account_change", args=[account.pk]))

    def by_hand_view(
        self, request: HttpRequest, object_id: str, contract: int, deed: str
    ) -> HttpResponse:
        """Move, hold, let go, give more time, keep a measured value (R7, R10, R12)."""
        return by_hand.act(request, self.get_object(request, object_id), contract, deed)


# --- the page ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Stop:
    """A stage on the customer's line."""

    stage: Stage
    entered_at: datetime | None
    is_here: bool
    is_done: bool
    due: Deadline | None


def _customer(request: HttpRequest, account: Account, now: datetime) -> dict[str, Any]:
    days = days_at(now)
    contracts = list(
        account.subscriptions.filter(ended_at=None)
        .select_related("stage", "product", "version__lifecycle")
        .order_by("started_at", "pk")
    )
    asked = request.GET.get("contract", "")
    contract = next(
        (c for c in contracts if str(c.pk) == asked), contracts[0] if contracts else None
    )
    show = request.GET.get("show", "all")
    return {
        "account": account,
        "owner": account.owner,
        "contracts": contracts,
        "contract": contract,
        **(_of_contract(contract, days, now) if contract else {}),
        "hand": by_hand.offered(request, contract),
        "pause": Pause.objects.filter(
            scope=Pause.Scope.ACCOUNT, ref=account.external_id, to_at=None
        ).select_related("by").first(),
        "everything_paused": permission.everything_paused(now),
        "may_pause": request.user.has_perm("journeys.change_account"),
        "show": show if show in SHOWS else "all",
        "timeline": timeline(
            account,
            days,
            show=show if show in SHOWS else "all",
            before=_moment(request.GET.get("before", "")),
        ),
        "before": request.GET.get("before", ""),
        "people": _people(account, now),
        **beside(account, contract, request),
    }  # fmt: skip


def _moment(text: str) -> datetime | None:
    try:
        moment = parse_datetime(text.replace(" ", "+"))
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def _of_contract(contract: Subscription, days: Days, now: datetime) -> dict[str, Any]:
    today = days.local_date(now)
    items = lifecycle.checklist(contract, now)
    return {
        "stops": _line(contract, days, now),
        "items": items,
        "met": sum(item.met for item in items if item.required),
        "required": sum(item.required for item in items),
        "due": deadline(contract.stage_due_on, today, days),
        "goal": Goal.objects.filter(subscription=contract, replaced_at=None).order_by("-agreed_at").first(),
        "day_number": days.between(days.local_date(contract.started_at), today) if contract.started_at else None,
        "touch": contract.traits.get("touch_mode", ""),
    }  # fmt: skip


def _line(contract: Subscription, days: Days, now: datetime) -> list[Stop]:
    """The route's stages with the days they were entered."""
    stages = list(contract.version.stages.all()) if contract.version else []
    entered = dict(
        StageTransition.objects.filter(subscription=contract)
        .order_by("decided_at", "seq")
        .values_list("to_stage", "effective_at")
    )
    here = contract.stage.position if contract.stage else -1
    today = days.local_date(now)
    return [
        Stop(
            stage=stage,
            entered_at=entered.get(stage.key),
            is_here=stage.pk == contract.stage_id,
            is_done=stage.position < here,
            due=deadline(contract.stage_due_on, today, days)
            if stage.pk == contract.stage_id
            else None,
        )
        for stage in stages
    ]


@dataclass(frozen=True)
class Someone:
    """A person of the customer: their roles, and what they have agreed to or stopped."""

    contact: Contact
    roles: list[str]
    answers: dict[str, str]
    is_suppressed: bool


def _people(account: Account, now: datetime) -> list[Someone]:
    """The people there now, by a fixed number of SELECTs."""
    contacts = list(account.contacts.filter(is_current=True).select_related("person")[:MOST_PEOPLE])
    held: dict[int, list[str]] = {}
    rows = Membership.objects.filter(account=account, contact__in=contacts, to_at=None)
    for contact_id, role in rows.exclude(role="").values_list("contact_id", "role"):
        held.setdefault(contact_id, []).append(role)
    answers = permission.answers({c.person_id for c in contacts})
    blocked = permission.suppressed({c.email for c in contacts if c.email})
    return [
        Someone(c, held.get(c.pk, []), answers.get(c.person_id, {}), c.email in blocked)
        for c in contacts
    ]
