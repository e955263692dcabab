"""Facts nobody is judged by yet, with their age, and a hand that says whose they are."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from journeys import clock
from journeys.admin.base import ReadOnly
from journeys.facts.waiting import NoSuchAccount, Waiting, give_account, waiting
from journeys.models import Inbox

LONGEST_ID = 200


@admin.register(Inbox)
class InboxAdmin(ReadOnly):
    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.give)
        return [path("give/", view, name="journeys_inbox_give"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        now = clock.now()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": _("Facts that wait"),
            "rows": [(one, (now - one.since).days) for one in waiting()],
            "may_give": may_give(request),
        }
        return TemplateResponse(request, "admin/journeys/waiting.html", context)

    def give(self, request: HttpRequest) -> HttpResponse:
        """Give whoever waits an account; what waited is judged from now on."""
        if not may_give(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        given = {name: request.POST.get(name, "").strip()[:LONGEST_ID]
                 for name in ("user_id", "anonymous_id", "account")}  # fmt: skip
        one = _who_waits(given["user_id"], given["anonymous_id"])
        if one is None or not given["user_id"]:
            messages.error(request, _("Nobody waits under this id."))
        else:
            self._give(request, one, given)
        return HttpResponseRedirect(reverse("admin:journeys_inbox_changelist"))

    @transaction.atomic
    def _give(self, request: HttpRequest, one: Waiting, given: dict[str, str]) -> None:
        try:
            account = give_account(**given, since=one.first_at, now=clock.now())
        except NoSuchAccount:
            messages.error(request, _("There is no customer “%s”.") % given["account"])
            return
        who = " ".join(filter(None, (given["anonymous_id"], given["user_id"])))
        said = f"{one.facts} facts of {who} given"
        self.log_change(request, account, said)
        message = _("%(n)d facts now belong to %(account)s.")
        messages.success(request, message % {"n": one.facts, "account": account})


def may_give(request: HttpRequest) -> bool:
    return request.user.has_perm("journeys.change_inbox")


def _who_waits(user_id: str, anonymous_id: str) -> Waiting | None:
    for one in waiting():
        if anonymous_id == one.anonymous_id and (anonymous_id or user_id == one.user_id):
            return one
    return None
