"""The message ledger: what was said, moved or not said, to whom, and why (O8, O10)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from journeys import clock
from journeys.admin import words
from journeys.admin.base import ReadOnly, short
from journeys.messages import rendering
from journeys.models import Account, Consent, Decision, Journey, Message, Stage

State = Message.State
#: Skipping is a normal decision: never red.
TONES = dict.fromkeys(State, "default") | {
    State.PLANNED: "info",
    State.HELD: "warning",
    State.CLAIMED: "info",
    State.HANDED: "info",
    State.ACCEPTED: "success",
    State.DELIVERED: "success",
    State.SHOWN: "success",
    State.CLICKED: "success",
    State.FAILED: "danger",
    State.UNCERTAIN: "warning",
}


class ReasonFilter(admin.SimpleListFilter):
    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return Decision.Reason.choices

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(reason=self.value()) if self.value() else queryset


class JourneyFilter(admin.SimpleListFilter):
    title = _("journey")
    parameter_name = "journey"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return Journey.objects.values_list("key", "name")

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(journey_key=self.value()) if self.value() else queryset


class Ledger(ChangeList):
    """Puts each row's journey and last move beside it, by one SELECT each for the page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        names = dict(Journey.objects.values_list("key", "name"))
        moved = Decision.objects.filter(
            message_id__in=[row.pk for row in rows], verdict=Decision.Verdict.MOVED
        )
        last = {d.message_id: d for d in moved.order_by("at", "pk")}
        for row in rows:
            row.journey_name = names.get(row.journey_key, row.journey_key)
            row.last_move = last.get(row.pk)
        self.result_list = rows


@admin.register(Message)
class MessageAdmin(ReadOnly):
    list_display = (
        "what",
        "state_now",
        "why",
        "to_whom",
        "company",
        "when_due",
        "moved",
        "journey",
    )
    list_filter = (
        "state", ReasonFilter, JourneyFilter, "channel", ("planned_at", RangeDateFilter),
    )  # fmt: skip
    list_filter_submit = True
    list_select_related = ("contact__account", "person", "template_version__template")
    search_fields = (
        "contact__account__name", "contact__account__external_id", "contact__name",
        "person__name", "to_address",
    )  # fmt: skip
    search_help_text = _("Company, person or e-mail address")
    ordering = ("-planned_at", "-pk")
    list_per_page = 50
    show_full_result_count = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return Ledger

    @display(description=_("message"))
    def what(self, message: Message) -> str:
        version = message.template_version
        return version.template.name if version else message.step_id or message.key

    @display(description=_("state"), ordering="state", label=TONES)
    def state_now(self, message: Message) -> tuple[str, Any]:
        return message.state, message.get_state_display()

    @display(description=_("why"))
    def why(self, message: Message) -> str:
        return words.reason(message.reason) or "—"

    @display(description=_("recipient"))
    def to_whom(self, message: Message) -> str:
        return str(message.contact or message.person)

    @display(description=_("customer company"))
    def company(self, message: Message) -> str:
        account = message.contact.account if message.contact else None
        return str(account or "—")

    @display(description=_("planned for"), ordering="due_at")
    def when_due(self, message: Message) -> str:
        return short(message.handed_at or message.shown_at or message.due_at)

    @display(description=_("moved because"))
    def moved(self, message: Any) -> str:
        return words.reason(message.last_move.reason) if message.last_move else "—"

    @display(description=_("journey"))
    def journey(self, message: Any) -> str:
        version = f" v{message.version}" if message.version else ""
        return f"{message.journey_name}{version}" if message.journey_key else "—"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        message = self.get_object(request, object_id)
        if not self.has_view_permission(request, message):
            raise PermissionDenied
        if message is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": self.what(message),
            "message": message,
            "account": Account.objects.filter(pk=message.account_id).first(),
            "reason": words.reason(message.reason),
            "decisions": _decisions(message),
            "links": message.links.annotate(clicked=Count("clicks")).order_by("position"),
            "consents": Consent.objects.filter(person=message.person_id).order_by("-from_at"),
            "journey": Journey.objects.filter(key=message.journey_key).first(),
            **_body(message),
        }
        return TemplateResponse(request, "admin/journeys/message.html", context)


def _decisions(message: Message) -> list[tuple[Decision, list[words.Line]]]:
    """Everything that was decided about it, in order, each with what was seen."""
    stages = dict(Stage.objects.values_list("key", "name"))
    rows = Decision.objects.filter(message_id=message.pk).order_by("at", "pk")
    return [(row, words.evidence(row.evidence, stages)) for row in rows]


def _body(message: Message) -> dict[str, Any]:
    """The letter exactly as it was frozen; a nudge as it shows now; nothing before that."""
    try:
        if message.channel == "nudge":
            return {"nudge": rendering.nudge_view(message, clock.now())}
        if message.frozen:
            frozen = message.frozen
            headers = [("From", "from"), ("To", "to"), ("Reply-To", "reply_to"), ("Date", "date"),
                       ("Message-ID", "message_id")]  # fmt: skip
            return {
                "letter": rendering.fill(message, frozen),
                "headers": [(name, frozen.get(key)) for name, key in headers if frozen.get(key)],
            }
    except (rendering.BadTemplate, rendering.MissingValue, KeyError):
        return {"unreadable": True}
    return {}
