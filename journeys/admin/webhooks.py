"""Other systems that are told: receivers with their secret shown once, and the log of deliveries."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from journeys import clock, webhooks
from journeys.admin import words
from journeys.admin.base import ReadOnly, short
from journeys.admin.settings import KeyStays
from journeys.models import Decision, User, WebhookDelivery, WebhookEndpoint
from journeys.webhooks import addresses

State, Reason = WebhookDelivery.State, Decision.Reason
TONES = {
    State.WAITING: "info",
    State.CLAIMED: "info",
    State.ACCEPTED: "success",
    State.GIVEN_UP: "danger",
    State.CANCELLED: "default",
}


#: What the closed list says of a mail server, said of a receiver.
REASONS = {
    Reason.REFUSED: _("The receiver did not accept it"),
    Reason.NO_ANSWER: _("The receiver did not answer"),
    Reason.NO_CHANNEL: _("The receiver is switched off"),
}


def why_of(row: WebhookDelivery) -> str:
    """Why a delivery is where it is; "" where nothing has been said yet."""
    said = REASONS.get(Reason(row.reason)) if row.reason else ""
    return str(said or words.reason(row.reason)) if row.reason else ""


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    """A receiver: where it is, and what it is told."""

    events = forms.MultipleChoiceField(
        label=_("Is told of"),
        required=False,
        choices=[(name, name) for name in webhooks.EVENTS],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Journeys tell it by their own steps, whatever is chosen here."),
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("key", "name", "url", "events", "owner")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owner: Any = self.fields.get("owner")
        if owner is not None:
            owner.queryset = User.objects.filter(is_staff=True, is_active=True)

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        try:
            addresses.check(url)
        except webhooks.BadAddress as error:
            raise forms.ValidationError(str(error)) from error
        return url


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(KeyStays):
    form = EndpointForm
    fields = ("key", "name", "url", "events", "owner")
    list_display = ("__str__", "key", "url", "told", "runs", "since")
    change_form_template = "admin/journeys/webhook_endpoint.html"

    @display(description=_("is told of"))
    def told(self, endpoint: WebhookEndpoint) -> str:
        return "、".join(endpoint.events) or "—"

    @display(description=_("state"), label={"on": "success", "off": "danger"})
    def runs(self, endpoint: WebhookEndpoint) -> tuple[str, Any]:
        return ("on", _("On")) if endpoint.active else ("off", _("Switched off"))

    @display(description=_("since"))
    def since(self, endpoint: WebhookEndpoint) -> str:
        return short(endpoint.disabled_at or endpoint.created_at)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=["name", "url", "events", "owner"])
        else:
            obj.shown_once = webhooks.begin(obj, clock.now())

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: Any = None
    ) -> HttpResponse:
        return self._show(request, obj, obj.shown_once)

    def _show(self, request: HttpRequest, endpoint: WebhookEndpoint, secret: str) -> HttpResponse:
        """The secret, in this one answer and nowhere else."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": str(endpoint),
            "endpoint": endpoint,
            "secret": secret,
        }
        page = TemplateResponse(request, "admin/journeys/webhook_secret.html", context)
        page["Cache-Control"] = "no-store"
        return page

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.act_view)
        return [
            path("<path:object_id>/act/", view, name="journeys_webhookendpoint_act"),
            *super().get_urls(),
        ]

    @transaction.atomic
    def act_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Try it, switch it off or on, give it a new secret. By POST alone."""
        endpoint = self.get_object(request, object_id)
        if not self.has_change_permission(request, endpoint):
            raise PermissionDenied
        if not isinstance(endpoint, WebhookEndpoint):
            raise Http404
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        if request.POST.get("do") == "secret":
            self.log_change(request, endpoint, str(_("New secret")))
            return self._show(request, endpoint, webhooks.renew_secret(endpoint))
        try:
            said = _act(endpoint, str(request.POST.get("do")))
            self.log_change(request, endpoint, str(said))
            messages.success(request, said)
        except ValueError as error:
            messages.error(request, str(error))
        page = reverse("admin:journeys_webhookendpoint_change", args=[endpoint.pk])
        return HttpResponseRedirect(page)


def _act(endpoint: WebhookEndpoint, what: str) -> Any:
    now = clock.now()
    match what:
        case "test":
            webhooks.send_test(endpoint, now)
            return _("A test event is on its way; see the log.")
        case "off":
            webhooks.switch_off_by_hand(endpoint, now, str(_("By hand")))
            return _("Switched off. What waited for it is given up.")
        case "on":
            webhooks.switch_on(endpoint, now)
            return _("Switched on. It is told what happens from now on.")
    raise ValueError(_("Choose what to do with the receiver."))


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnly):
    list_display = ("event", "endpoint", "state_now", "why", "written", "next", "attempts")
    list_filter = ("state", "endpoint", "event")
    list_select_related = ("endpoint",)
    ordering = ("-pk",)
    list_per_page = 50
    show_full_result_count = False

    @display(description=_("state"), label=TONES)
    def state_now(self, row: WebhookDelivery) -> tuple[str, Any]:
        return row.state, row.get_state_display()

    @display(description=_("why"))
    def why(self, row: WebhookDelivery) -> str:
        return why_of(row) or "—"

    @display(description=_("written"), ordering="created_at")
    def written(self, row: WebhookDelivery) -> str:
        return short(row.created_at)

    @display(description=_("next attempt"))
    def next(self, row: WebhookDelivery) -> str:
        return short(row.next_at)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.again_view)
        return [
            path("<path:object_id>/again/", view, name="journeys_webhookdelivery_again"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self._one(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": row.event,
            "row": row,
            "id": webhooks.id_of(row),
            "reason": why_of(row),
            "log": row.log.order_by("-at", "-pk"),
            "may_again": may_send_again(request)
            and row.endpoint.active
            and row.state not in (State.WAITING, State.CLAIMED),
        }
        return TemplateResponse(request, "admin/journeys/webhook_delivery.html", context)

    @transaction.atomic
    def again_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Send an ended delivery again, under the same id. By POST alone."""
        row = self._one(request, object_id)
        if not may_send_again(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        if webhooks.send_again([row], clock.now()):
            self.log_change(request, row, str(_("Sent again")))
            messages.success(request, _("It leaves with the sender's next pass."))
        else:
            messages.warning(request, _("It is under way, or its receiver is switched off."))
        page = reverse("admin:journeys_webhookdelivery_change", args=[row.pk])
        return HttpResponseRedirect(page)

    def _one(self, request: HttpRequest, object_id: str) -> WebhookDelivery:
        row = self.get_object(request, object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if not isinstance(row, WebhookDelivery):
            raise Http404
        return row


def may_send_again(request: HttpRequest) -> bool:
    """Whoever looks after receivers may (roles.py)."""
    return request.user.has_perm("journeys.change_webhookendpoint")
