"""Journeys: the list, a new one (empty or copied), and the doors of its editor."""

from __future__ import annotations

import copy
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from journeys import clock, enrollments
from journeys.admin.base import Kept, short, with_published
from journeys.admin.editor import check, drafts, journey_pages, letting_in, publish
from journeys.admin.editor.desk import Desk, Door, doors, open_desk
from journeys.admin.editor.new import NewNoun, new_page
from journeys.models import Enrollment, Journey, Pause
from journeys.permission import pause, paused_journeys


class NewJourney(NewNoun):
    """What a new journey needs before it can be written."""

    copy_of = forms.ModelChoiceField(
        Journey.objects.all(), required=False, label=_("Begin with the text of"),
        empty_label=_("an empty journey"),
        help_text=_("The copy gets a key and a history of its own."),
    )  # fmt: skip


@admin.register(Journey)
class JourneyAdmin(Kept):
    list_display = ("name", "key", "state", "version_now", "inside", "last_published")
    list_display_links = ("name",)
    search_fields = ("name", "key")
    list_filter = ("product",)
    list_per_page = 50
    list_select_related = ("product",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Journey]:
        live = Enrollment.objects.filter(journey=OuterRef("pk"), status=Enrollment.Status.IN)
        counted = live.order_by().values("journey").annotate(n=Count("pk")).values("n")
        rows: QuerySet[Journey] = with_published(super().get_queryset(request))
        stopped = Pause.objects.filter(
            scope=Pause.Scope.JOURNEY, ref=OuterRef("key"), to_at=None
        ).values("pk")[:1]
        return rows.annotate(inside_now=Coalesce(Subquery(counted), 0), stopped=Subquery(stopped))

    @display(
        description=_("state"),
        label={"live": "success", "draft": "info", "changed": "warning", "paused": "danger"},
    )
    def state(self, journey: Any) -> tuple[str, Any]:
        if journey.stopped:
            return "paused", _("Paused")
        if journey.published_number is None:
            return "draft", _("Not published yet")
        if journey.draft is not None and journey.draft != journey.published_text:
            return "changed", _("Unpublished changes")
        return "live", _("Published")

    @display(description=_("version"), ordering="published_number")
    def version_now(self, journey: Any) -> str:
        return f"v{journey.published_number}" if journey.published_number else "—"

    @display(description=_("in it now"), ordering="inside_now")
    def inside(self, journey: Any) -> int:
        return int(journey.inside_now)

    @display(description=_("last published"), ordering="published_on")
    def last_published(self, journey: Any) -> str:
        return short(journey.published_on)

    # --- pages --------------------------------------------------------------------------------------
    def get_urls(self) -> list[Any]:
        table: list[Door] = [
            ("head/", "head", journey_pages.save_head, "POST", "change"),
            ("steps/", "add_step", journey_pages.add_step, "POST", "change"),
            ("steps/<str:step_id>/", "step", journey_pages.save_step, "POST", "change"),
            ("steps/<str:step_id>/move/", "move", journey_pages.move_step, "POST", "change"),
            ("steps/<str:step_id>/remove/", "remove", journey_pages.ask_remove, "GET", "change"),
            ("check/", "check", check.of_journey, "POST", "view"),
            ("publish/", "publish", publish.ask_journey, "GET", "view"),
            ("publish/now/", "publish_now", publish.publish, "POST", "publish"),
            ("draft/drop/", "drop", publish.drop, "GET", "change"),
            ("pause/", "pause", _pause, "POST", "change"),
            ("let-in/", "let_in", letting_in.let_in, "POST", "change"),
        ]
        return [*doors(self, table), *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewJourney(request.POST or None, noun=Journey)
        if request.method == "POST" and form.is_valid():
            journey = Journey.objects.create(
                key=form.cleaned_data["key"], name=form.cleaned_data["name"]
            )
            user: Any = request.user
            document = _begin(journey, form.cleaned_data["copy_of"])
            drafts.save(journey, document, drafts.read(journey).token, by=user, now=clock.now())
            return HttpResponseRedirect(reverse("admin:journeys_journey_change", args=[journey.pk]))
        return new_page(self, request, form)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return journey_pages.show(open_desk(self, request, object_id, {}))


def _begin(journey: Journey, copied: Journey | None) -> dict[str, Any]:
    """The first text of a new journey."""
    own = {"key": journey.key, "name": journey.name}
    if copied is not None:
        return {**copy.deepcopy(drafts.read(copied).document), **own}
    return {**own, "entry": {"stage": ""}, "aim": {}, "steps": []}


def _pause(desk: Desk) -> HttpResponse:
    """Let nothing of this journey out, or let it go on (R36)."""
    now = clock.now()
    user: Any = desk.request.user
    if desk.noun.key in paused_journeys(now):
        enrollments.resume(
            scope=Pause.Scope.JOURNEY, ref=desk.noun.key, now=now, by=user,
            overdue=enrollments.choice(desk.request.POST.get("overdue")),
        )  # fmt: skip
        desk.say(str(_("The journey goes on.")))
    else:
        pause(Pause.Scope.JOURNEY, desk.noun.key, now, by=user)
        desk.say(str(_("The journey is paused: nobody comes in, nothing goes out.")))
    return desk.go()
