"""What is said in whose name, about what, when and how often. A changed calendar or limit begins
a new row, so that what was decided by the old one stays explained."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from journeys import clock
from journeys.admin.base import Kept, short
from journeys.models import Calendar, FrequencyPolicy, Persona, Product, Topic
from journeys.publishing import read_shape
from journeys.publishing.shapes import CalendarDoc


class KeyStays(Kept):
    """The key is written once: texts and the ledger name it."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("key", *super().get_readonly_fields(request, obj)) if obj else self.readonly_fields


@admin.register(Product)
class ProductAdmin(KeyStays):
    list_display = ("name", "key")
    search_fields = ("name", "key")
    fields = ("key", "name", "subscribe")


@admin.register(Topic)
class TopicAdmin(KeyStays):
    list_display = ("name", "category", "key")
    list_filter = ("category",)
    search_fields = ("name", "key")


@admin.register(Persona)
class PersonaAdmin(KeyStays):
    list_display = ("name", "title", "organisation", "from_email")
    search_fields = ("name", "key")
    fieldsets = (
        (None, {"fields": ("key", "name", "title", "organisation")}),
        (_("Addresses"), {"fields": ("from_email", "reply_to", "hours", "phone")}),
        (
            _("At the foot of every letter, by law"),
            {"fields": ("legal_name", "postal_address", "complaints_to")},
        ),
    )


class Succeeded(Kept):
    """Saving closes the row that holds and begins the next one."""

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(to_at=None)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        now = clock.now()
        if change:
            type(obj).objects.filter(pk=obj.pk).update(to_at=now)
            obj.pk = None
        obj.from_at, obj.to_at = now, None
        super().save_model(request, obj, form, change=False)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        messages.info(request, _("The new row holds from now on; the old one is kept."))
        return super().log_change(request, obj, message)

    @display(description=_("since"))
    def since(self, row: Any) -> str:
        return short(row.from_at)


class CalendarForm(forms.ModelForm):  # type: ignore[type-arg]
    """A calendar in plain lines, checked as a bundle's is."""

    slot_times = forms.CharField(
        label=_("Sending slots"),
        help_text=_("Times of day with commas between them: 10:00, 15:00"),
        widget=UnfoldAdminTextInputWidget,
    )
    opens = forms.CharField(
        label=_("Nothing leaves before"), required=False, widget=UnfoldAdminTextInputWidget
    )
    closes = forms.CharField(
        label=_("Nothing leaves after"), required=False, widget=UnfoldAdminTextInputWidget
    )
    closed = forms.CharField(
        label=_("Own closures"),
        required=False,
        help_text=_("One a line: first day, last day, name. 2026-12-29 2027-01-03 New Year"),
        widget=UnfoldAdminTextareaWidget,
    )

    class Meta:
        model = Calendar
        fields = ("key", "name", "country")

    #: Which field of the form an authored key stands in.
    PLACES = {"slots": "slot_times", "window": "opens", "closures": "closed"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        self.initial = dict(self.initial) | {
            "slot_times": ", ".join(row.slots or ["10:00", "15:00"]),
            "opens": (row.window or {}).get("from", ""),
            "closes": (row.window or {}).get("to", ""),
            "closed": "\n".join(
                f"{c['from']} {c['to']} {c.get('name', '')}".strip() for c in row.closures
            ),
        }

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        said = self.said(data)
        key = data.get("key") or self.instance.key
        shape = {"key": key} | {name: value for name, value in said.items() if value}
        _doc, problems = read_shape(CalendarDoc, shape)
        for problem in problems:
            name = problem.path.partition(".")[0].partition("[")[0]
            where = self.PLACES.get(name, name if name in self.fields else None)
            self.add_error(where, ValidationError(problem.message))
        for name, value in said.items():
            setattr(self.instance, name, value)
        return data

    def said(self, data: dict[str, Any]) -> dict[str, Any]:
        """Slots, hours and closures as a bundle writes them."""
        slots = [one.strip() for one in data.get("slot_times", "").split(",") if one.strip()]
        hours = {"from": data.get("opens", ""), "to": data.get("closes", "")}
        closed = [_closure(line) for line in data.get("closed", "").splitlines() if line.strip()]
        return {"slots": slots, "window": hours if any(hours.values()) else {}, "closures": closed}


def _closure(line: str) -> dict[str, str]:
    first, last, name = (*line.split(maxsplit=2), "", "")[:3]
    return {"from": first, "to": last, "name": name} if name else {"from": first, "to": last}


@admin.register(Calendar)
class CalendarAdmin(Succeeded, KeyStays):
    form = CalendarForm
    fields = ("key", "name", "country", "slot_times", "opens", "closes", "closed")
    list_display = ("__str__", "key", "country", "times", "since")

    @display(description=_("sending slots"))
    def times(self, row: Calendar) -> str:
        return "、".join(row.slots)


@admin.register(FrequencyPolicy)
class FrequencyPolicyAdmin(Succeeded):
    list_display = ("said", "gap_business_days", "since")
    fields = ("per_days", "most", "gap_business_days")

    @display(description=_("limit"))
    def said(self, row: FrequencyPolicy) -> Any:
        return _("at most %(most)d in %(days)d days") % {"most": row.most, "days": row.per_days}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """One limit holds at a time: change it instead."""
        live = FrequencyPolicy.objects.filter(to_at=None).exists()
        return not live and super().has_add_permission(request)
