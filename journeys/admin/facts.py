"""Facts as they arrived, and the systems that may send them. Nobody edits a fact."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from journeys.admin.base import Kept, ReadOnly, short
from journeys.models import Event, Source


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ("name", "happened", "arrived", "account", "contact", "said", "source")
    list_select_related = ("account", "contact")
    search_fields = ("name__startswith", "account__external_id__startswith")
    search_help_text = _("Beginning of a fact's name or of an account id")
    ordering = ("-pk",)
    show_full_result_count = False
    list_per_page = 50

    @display(description=_("happened"), ordering="occurred_at")
    def happened(self, event: Event) -> str:
        return short(event.occurred_at)

    @display(description=_("arrived"))
    def arrived(self, event: Event) -> str:
        return short(event.received_at)

    @display(description=_("properties"))
    def said(self, event: Event) -> str:
        text = json.dumps(event.properties, ensure_ascii=False)
        return text if len(text) < 100 else text[:99] + "…"


@admin.register(Source)
class SourceAdmin(Kept):
    """Keys are made by `manage.py write_key NAME`, which alone sees them."""

    list_display = ("name", "key_hint", "created", "revoked")
    fields = ("name", "revoked_at")
    readonly_fields = ("name",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=_("made"))
    def created(self, source: Source) -> str:
        return short(source.created_at)

    @display(description=_("revoked"))
    def revoked(self, source: Source) -> str:
        return short(source.revoked_at)
