"""Lifecycles: the list, a new one, and the doors of the route's editor."""

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

from journeys import clock
from journeys.admin.base import Kept, short, with_published
from journeys.admin.editor import (
    check,
    drafts,
    lifecycle_moving,
    lifecycle_pages,
    lifecycle_publish,
    publish,
)
from journeys.admin.editor.desk import Door, doors, open_desk
from journeys.admin.editor.new import NewNoun, new_page
from journeys.models import Lifecycle, Product, Subscription


class NewLifecycle(NewNoun):
    """What a new route needs before it can be written."""

    product = forms.ModelChoiceField(Product.objects.all(), label=_("Product"))
    copy_of = forms.ModelChoiceField(
        Lifecycle.objects.all(), required=False, label=_("Begin with the text of"),
        empty_label=_("an empty route"),
    )  # fmt: skip


@admin.register(Lifecycle)
class LifecycleAdmin(Kept):
    list_display = ("name", "product", "state", "version_now", "on_it", "last_published")
    search_fields = ("name", "key")
    list_select_related = ("product",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lifecycle]:
        live = Subscription.objects.filter(version__lifecycle=OuterRef("pk"), ended_at=None)
        counted = live.order_by().values("version__lifecycle").annotate(n=Count("pk")).values("n")
        rows: QuerySet[Lifecycle] = with_published(super().get_queryset(request))
        return rows.annotate(live_now=Coalesce(Subquery(counted), 0))

    @display(
        description=_("state"), label={"live": "success", "draft": "info", "changed": "warning"}
    )
    def state(self, lifecycle: Any) -> tuple[str, Any]:
        if lifecycle.published_number is None:
            return "draft", _("Not published yet")
        if lifecycle.draft is not None and lifecycle.draft != lifecycle.published_text:
            return "changed", _("Unpublished changes")
        return "live", _("Published")

    @display(description=_("version"), ordering="published_number")
    def version_now(self, lifecycle: Any) -> str:
        return f"v{lifecycle.published_number}" if lifecycle.published_number else "—"

    @display(description=_("on it now"), ordering="live_now")
    def on_it(self, lifecycle: Any) -> int:
        return int(lifecycle.live_now)

    @display(description=_("last published"), ordering="published_on")
    def last_published(self, lifecycle: Any) -> str:
        return short(lifecycle.published_on)

    def get_urls(self) -> list[Any]:
        stage, criterion = "stages/<str:stage>/", "stages/<str:stage>/criteria/<str:criterion>/"
        pages = lifecycle_pages
        table: list[Door] = [
            ("head/", "head", pages.save_head, "POST", "change"),
            ("stages/", "add_stage", pages.add_part, "POST", "change"),
            (stage, "stage", pages.save_part, "POST", "change"),
            (stage + "move/", "move_stage", pages.move_part, "POST", "change"),
            (stage + "remove/", "remove_stage", pages.ask_remove, "GET", "change"),
            (stage + "criteria/", "add_criterion", pages.add_part, "POST", "change"),
            (criterion, "criterion", pages.save_part, "POST", "change"),
            (criterion + "move/", "move_criterion", pages.move_part, "POST", "change"),
            (criterion + "remove/", "remove_criterion", pages.ask_remove, "GET", "change"),
            ("check/", "check", check.of_lifecycle, "POST", "view"),
            ("publish/", "publish", lifecycle_publish.ask, "GET", "view"),
            ("publish/now/", "publish_now", lifecycle_publish.publish, "POST", "publish"),
            ("move/", "move_contracts", lifecycle_moving.ask, "GET", "view"),
            ("move/now/", "move_now", lifecycle_moving.move, "POST", "publish"),
            ("draft/drop/", "drop", publish.drop, "GET", "change"),
        ]
        return [*doors(self, table), *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewLifecycle(request.POST or None, noun=Lifecycle)
        if request.method == "POST" and form.is_valid():
            said = form.cleaned_data
            made = Lifecycle.objects.create(
                key=said["key"], name=said["name"], product=said["product"]
            )
            user: Any = request.user
            document = _begin(made, said["copy_of"])
            drafts.save(made, document, drafts.read(made).token, by=user, now=clock.now())
            return HttpResponseRedirect(reverse("admin:journeys_lifecycle_change", args=[made.pk]))
        return new_page(self, request, form)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return lifecycle_pages.show(open_desk(self, request, object_id, {}))


def _begin(made: Lifecycle, copied: Lifecycle | None) -> dict[str, Any]:
    own = {"key": made.key, "product": made.product.key, "name": made.name}
    if copied is not None:
        return {**copy.deepcopy(drafts.read(copied).document), **own}
    return {**own, "stages": []}
