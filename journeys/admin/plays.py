"""What a person does: the plays CS-ops write, and the tasks that are open, with one page each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from journeys import clock, plays
from journeys.admin import words
from journeys.admin.base import ReadOnly, short
from journeys.admin.customers.deadlines import deadline
from journeys.admin.hand_off import hand_off_view
from journeys.admin.settings import KeyStays
from journeys.calendars import days_at
from journeys.models import Decision, Play, PlayTask, Stage, User
from journeys.timing import BadSpan, span

State = PlayTask.State
#: Ended is a normal end: never red.
TONES = {
    State.OPEN: "info",
    State.DONE: "success",
    State.RETURNED: "success",
    State.CANCELLED: "default",
}
MOST_MINUTES = 24 * 60


class PlayForm(forms.ModelForm):  # type: ignore[type-arg]
    """A play, with its roles in one line."""

    speaks_to = forms.CharField(
        label=_("Speaks to"),
        required=False,
        help_text=_("Roles of the customer's people, with commas between them: admin, approver"),
        widget=UnfoldAdminTextInputWidget,
    )

    class Meta:
        model = Play
        fields = ("key", "name", "channel", "minutes", "guide", "cause", "due")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["speaks_to"] = ", ".join(self.instance.roles or [])

    def clean_due(self) -> str:
        try:
            return span(self.cleaned_data["due"]).text
        except BadSpan as error:
            raise forms.ValidationError(str(error)) from error

    def clean_speaks_to(self) -> list[str]:
        said = self.cleaned_data["speaks_to"].split(",")
        return [role.strip() for role in said if role.strip()]


@admin.register(Play)
class PlayAdmin(KeyStays):
    form = PlayForm
    fields = ("key", "name", "channel", "minutes", "speaks_to", "guide", "cause", "due")
    list_display = ("name", "channel", "minutes", "cause", "due", "number")
    list_filter = ("channel", "cause")
    search_fields = ("name", "key")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Tasks that have begun keep the text they began with."""
        said = dict(form.cleaned_data) | {"key": obj.key}
        said["roles"] = said.pop("speaks_to")
        play, _changed = plays.publish(said)
        obj.pk, obj.number = play.pk, play.number


class StateFilter(admin.SimpleListFilter):
    """Open tasks, unless one asks for others."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [*[(s.value, s.label) for s in State if s != State.OPEN], ("all", _("All"))]

    def choices(self, changelist: Any) -> Any:
        every = list(super().choices(changelist))
        every[0]["display"] = State.OPEN.label
        return every

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "all":
            return queryset
        return queryset.filter(state=self.value() or State.OPEN)


class Queue(ChangeList):
    """Puts each task's time left beside it: what day it is is asked once a page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        now = clock.now()
        days = days_at(now)
        rows = list(self.result_list)
        for row in rows:
            row.left = deadline(row.due_on, days.local_date(now), days)
        self.result_list = rows


@admin.register(PlayTask)
class PlayTaskAdmin(ReadOnly):
    list_display = ("__str__", "company", "because", "due", "who", "way", "kind", "state_now")
    list_filter = (StateFilter, "owner", "cause")
    list_select_related = ("account", "owner", "play")
    search_fields = ("account__name", "account__kana", "account__external_id")
    search_help_text = _("Company")
    ordering = ("due_on", "pk")
    list_per_page = 50
    show_full_result_count = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Queue

    @display(description=_("Company"), ordering="account__kana")
    def company(self, task: PlayTask) -> str:
        return str(task.account)

    @display(description=_("owner"), ordering="owner")
    def who(self, task: PlayTask) -> str:
        return str(task.owner or "—")

    @display(description=_("why"))
    def because(self, task: PlayTask) -> str:
        missing = task.evidence.get("missing") or []
        return "・".join([task.why, *missing[:1]]) if task.why else "、".join(missing[:2]) or "—"

    @display(
        description=_("due"),
        ordering="due_on",
        label={"": "info", "warn": "warning", "danger": "danger"},
    )
    def due(self, task: Any) -> Any:
        return (task.left.tone, task.left.text) if task.state == State.OPEN else None

    @display(description=_("way"))
    def way(self, task: PlayTask) -> str:
        return str(Play.Way(task.text["channel"]).label)

    @display(description=_("kind"), label={"holds": "warning", "": "default"})
    def kind(self, task: PlayTask) -> tuple[str, Any]:
        return ("holds", _("Hand-off")) if task.holds else ("", _("Task"))

    @display(description=_("state"), label=TONES)
    def state_now(self, task: PlayTask) -> tuple[str, Any]:
        return task.state, task.get_state_display()

    # --- one task -----------------------------------------------------------------------------------
    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.act_view)
        return [
            path(
                "hand-off/",
                self.admin_site.admin_view(hand_off_view),
                name="journeys_playtask_hand_off",
            ),
            path("<path:object_id>/act/", view, name="journeys_playtask_act"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        task = self._one(request, object_id)
        now = clock.now()
        days = days_at(now)
        stages = dict(Stage.objects.values_list("key", "name"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": str(task),
            "task": task,
            "way": Play.Way(task.text["channel"]).label,
            "left": deadline(task.due_on, days.local_date(now), days),
            "returns": words.condition(task.return_when, stages) if task.return_when else "",
            "turns": _turns(task),
            "outcomes": PlayTask.Outcome.choices,
            "may_act": task.state == State.OPEN and may_act(request),
        }
        return TemplateResponse(request, "admin/journeys/play_task.html", context)

    @transaction.atomic
    def act_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take it in hand, say that it is done, or that nobody needs it. By POST alone."""
        task = self._one(request, object_id)
        if not may_act(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        try:
            said = _act(task, request)
            self.log_change(request, task, str(said))
            messages.success(request, said)
        except plays.AlreadyClosed:
            messages.warning(request, _("This task has ended meanwhile."))
        except ValueError as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(reverse("admin:journeys_playtask_change", args=[task.pk]))

    def _one(self, request: HttpRequest, object_id: str) -> PlayTask:
        task = self.get_object(request, object_id)
        if not self.has_view_permission(request, task):
            raise PermissionDenied
        if not isinstance(task, PlayTask):
            raise Http404
        return task


def may_act(request: HttpRequest) -> bool:
    """Whoever may change a task may do it (roles.py)."""
    return request.user.has_perm("journeys.change_playtask")


def _act(task: PlayTask, request: HttpRequest) -> Any:
    now, user, post = clock.now(), request.user, request.POST
    if not isinstance(user, User):
        raise PermissionDenied
    note = post.get("note", "").strip()[:2000]
    match post.get("do"):
        case "start":
            plays.start(task, now, user)
            return _("It is yours now.")
        case "done":
            plays.finish(task, now, user, outcome=_outcome(post), minutes=_minutes(post), note=note)
            return _("Done. What waited for it goes on.") if task.holds else _("Done.")
        case "cancel":
            plays.cancel(task, now, user, note=note)
            return _("Cancelled.")
    raise ValueError(_("Choose what to do with the task."))


def _outcome(post: Any) -> str:
    said = str(post.get("outcome", ""))
    if said and said not in PlayTask.Outcome.values:
        raise ValueError(_("Choose one of the outcomes."))
    return said


def _minutes(post: Any) -> int | None:
    said = str(post.get("minutes", "")).strip()
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and int(said) <= MOST_MINUTES):
        raise ValueError(_("Write the minutes as a whole number up to 1440."))
    return int(said)


def _turns(task: PlayTask) -> list[tuple[str, str, str]]:
    """What became of it so far: (when, what, by whom), from the ledger."""
    rows = Decision.objects.filter(
        account_id=task.account_id,
        verdict__in=("tasked", "done", "returned", "cancelled"),
        at__gte=task.opened_at,
    ).order_by("at", "pk")
    found = [
        (short(row.at), f"{row.get_verdict_display()}：{row.get_reason_display()}",
         str(row.evidence.get("by", "")))
        for row in rows
        if row.evidence.get("task") == str(task.uid)
    ]  # fmt: skip
    if task.started_at:
        found.insert(
            1, (short(task.started_at), str(_("Taken in hand")), str(task.started_by or ""))
        )
    return found
