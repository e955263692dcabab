"""The stop switch: everything, one account, one journey (R36). GET changes nothing."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from journeys import clock, enrollments, outside
from journeys.admin.base import ReadOnly
from journeys.models import Account, Journey, Message, Pause
from journeys.permission import everything_paused, pause

INSTALLATION = Pause.Scope.INSTALLATION
PAST = 20


@admin.register(Pause)
class PauseAdmin(ReadOnly):
    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.switch)
        release = self.admin_site.admin_view(self.release)
        return [
            path("switch/", view, name="journeys_pause_switch"),
            path("release/", release, name="journeys_hold_release"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        live = list(Pause.objects.filter(to_at=None).select_related("by").order_by("-from_at"))
        waiting = Message.objects.filter(state__in=(Message.State.PLANNED, Message.State.HELD))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": _("Stop and go on"),
            "stopped": next((p for p in live if p.scope == INSTALLATION), None),
            "live": _named([p for p in live if p.scope != INSTALLATION]),
            "past": _named(
                Pause.objects.exclude(to_at=None).select_related("by").order_by("-to_at")[:PAST]
            ),
            "waiting": waiting.count(),
            "may_stop": may_stop(request),
            "held": outside.open_hold(),
            "may_release": request.user.has_perm("journeys.change_hold"),
        }
        return TemplateResponse(request, "admin/journeys/pauses.html", context)

    def switch(self, request: HttpRequest) -> HttpResponse:
        """Stop everything, or let everything go on."""
        if not may_stop(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        now, user = clock.now(), request.user
        if request.POST.get("to") == "stop":
            reason = request.POST.get("reason", "").strip()[:200]
            pause(INSTALLATION, "", now, by=user, reason=reason)  # type: ignore[arg-type]
            messages.warning(
                request, _("Everything is stopped. Nothing leaves until you let it go on.")
            )
        elif everything_paused(now):
            enrollments.resume(
                scope=INSTALLATION, ref="", now=now, by=user,  # type: ignore[arg-type]
                overdue=enrollments.choice(request.POST.get("overdue")),
            )  # fmt: skip
            messages.success(request, _("Everything goes on."))
        return HttpResponseRedirect(reverse("admin:journeys_pause_changelist"))

    def release(self, request: HttpRequest) -> HttpResponse:
        """Let sending go on after a restore; who did it and why stays in the hold's row."""
        if not request.user.has_perm("journeys.change_hold"):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        note = request.POST.get("note", "").strip()
        if outside.release(clock.now(), by=request.user, note=note):  # type: ignore[arg-type]
            messages.success(request, _("Sending goes on."))
        return HttpResponseRedirect(reverse("admin:journeys_pause_changelist"))


def may_stop(request: HttpRequest) -> bool:
    """Whoever may add a pause may stop everything (roles.py)."""
    return request.user.has_perm("journeys.add_pause")


def _named(pauses: Any) -> list[tuple[Pause, str, str]]:
    """Each pause with the name of what it stops and its page, by two SELECTs."""
    rows = list(pauses)
    refs = {scope: {p.ref for p in rows if p.scope == scope} for scope in Pause.Scope}
    accounts = Account.objects.filter(external_id__in=refs[Pause.Scope.ACCOUNT])
    journeys = Journey.objects.filter(key__in=refs[Pause.Scope.JOURNEY])
    named = {
        (Pause.Scope.ACCOUNT.value, a.external_id): (str(a), "account", a.pk) for a in accounts
    }
    named |= {(Pause.Scope.JOURNEY.value, j.key): (str(j), "journey", j.pk) for j in journeys}
    found = []
    for row in rows:
        name, kind, pk = named.get((row.scope, row.ref), (row.ref or _("Everything"), "", 0))
        link = reverse(f"admin:journeys_{kind}_change", args=[pk]) if kind else ""
        found.append((row, name, link))
    return found
