"""Templates: the list, a new one, and the doors of the text editor."""

from __future__ import annotations

import copy
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from journeys import clock
from journeys.admin.base import Kept, short, with_published
from journeys.admin.editor import drafts, publish, template_pages
from journeys.admin.editor.desk import Door, doors, open_desk
from journeys.admin.editor.new import NewNoun, new_page
from journeys.models import Channel, Template


class NewTemplate(NewNoun):
    """What a new text needs before it can be written."""

    channel = forms.ChoiceField(choices=Channel.choices, label=_("channel"))
    copy_of = forms.ModelChoiceField(
        Template.objects.all(), required=False, label=_("Begin with the text of"),
        empty_label=_("an empty text"),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        copied = data.get("copy_of")
        if copied is not None and copied.channel != data.get("channel"):
            self.add_error("copy_of", _("That text is for another channel."))
        return data


@admin.register(Template)
class TemplateAdmin(Kept):
    list_display = ("name", "channel", "subject", "state", "version_now", "last_published")
    list_filter = ("channel",)
    search_fields = ("name", "key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Template]:
        rows: QuerySet[Template] = with_published(super().get_queryset(request))
        return rows

    @display(description=_("subject or title"))
    def subject(self, template: Any) -> str:
        text = template.draft or template.published_text or {}
        return str(text.get("subject") or text.get("title") or "—")

    @display(
        description=_("state"), label={"live": "success", "draft": "info", "changed": "warning"}
    )
    def state(self, template: Any) -> tuple[str, Any]:
        if template.published_number is None:
            return "draft", _("Not published yet")
        if template.draft is not None and template.draft != template.published_text:
            return "changed", _("Unpublished changes")
        return "live", _("Published")

    @display(description=_("version"), ordering="published_number")
    def version_now(self, template: Any) -> str:
        return f"v{template.published_number}" if template.published_number else "—"

    @display(description=_("last published"), ordering="published_on")
    def last_published(self, template: Any) -> str:
        return short(template.published_on)

    def get_urls(self) -> list[Any]:
        table: list[Door] = [
            ("save/", "save", template_pages.save, "POST", "change"),
            ("look/", "look", template_pages.look, "POST", "view"),
            ("publish/", "publish", template_pages.ask, "GET", "view"),
            ("publish/now/", "publish_now", template_pages.publish, "POST", "publish"),
            ("draft/drop/", "drop", publish.drop, "GET", "change"),
        ]
        return [*doors(self, table), *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewTemplate(request.POST or None, noun=Template)
        if request.method == "POST" and form.is_valid():
            said = form.cleaned_data
            made = Template.objects.create(
                key=said["key"], name=said["name"], channel=said["channel"]
            )
            user: Any = request.user
            document = _begin(made, said["copy_of"])
            drafts.save(made, document, drafts.read(made).token, by=user, now=clock.now())
            return HttpResponseRedirect(reverse("admin:journeys_template_change", args=[made.pk]))
        return new_page(self, request, form)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return template_pages.show(open_desk(self, request, object_id, {}))


def _begin(made: Template, copied: Template | None) -> dict[str, Any]:
    own = {"key": made.key, "channel": made.channel, "name": made.name}
    if copied is not None:
        return {**copy.deepcopy(drafts.read(copied).document), **own}
    return own
