"""What the admin's lists share: read-only nouns, moments as staff read them, state labels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from unfold.admin import ModelAdmin

from journeys.models import VersionStatus


class ReadOnly(ModelAdmin):
    """Written by the engine or by the product: staff look, nobody edits."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Kept(ModelAdmin):
    """Edited, never deleted: customers' pasts refer to it."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def short(moment: datetime | None) -> str:
    """A moment in the installation's zone; a dash for none."""
    return date_format(localtime(moment), "SHORT_DATETIME_FORMAT") if moment else "—"


def with_published(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Each authored noun with its published version's number and moment, in the same SELECT."""
    versions = rows.model.versions.rel.related_model
    link = rows.model.versions.rel.field.name
    newest = versions.objects.filter(
        **{link: OuterRef("pk")}, status=VersionStatus.PUBLISHED
    ).order_by("-number")
    found: QuerySet[Any] = rows.annotate(
        published_number=Subquery(newest.values("number")[:1]),
        published_on=Subquery(newest.values("published_at")[:1]),
        published_text=Subquery(newest.values("document")[:1]),
    )
    return found
