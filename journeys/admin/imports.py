"""Bringing in files of customers and facts: upload, look, confirm, watch. GET changes nothing."""

from __future__ import annotations

import io
from typing import Any

from defusedcsv import csv
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from journeys import clock
from journeys.admin.base import Kept, ReadOnly, short
from journeys.imports import Problem, columns, tables, values, working
from journeys.models import Import, ImportKind, ImportMapping

State = Import.State
LISTED = 30
SHOWN_PROBLEMS = 100
FORM_BYTES = 100_000  # what a form says beside its file
BOM = "\ufeff"  # without it Excel takes UTF-8 for CP932


@admin.register(Import)
class ImportAdmin(ReadOnly):
    def get_urls(self) -> list[Any]:
        def of(view: Any, name: str) -> Any:
            door = self.admin_site.admin_view(view)
            return path(f"<path:object_id>/{name}/", door, name=f"journeys_import_{name}")

        # The size is looked at before anything of the body is read; then the token is.
        receive = self.admin_site.admin_view(csrf_exempt(self.receive))
        return [
            path("receive/", receive, name="journeys_import_receive"),
            of(self.read_again, "read"),
            of(self.confirm, "confirm"),
            of(self.give_up, "drop"),
            of(self.problems, "problems"),
            *super().get_urls(),
        ]

    # --- the list, with the form for the next file ---------------------------------------------------
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            "title": _("Bring in a file"),
            "kinds": ImportKind.choices,
            "rows": Import.objects.select_related("by").defer("content")[:LISTED],
            "shapes": [(label, columns.SHAPES[kind]) for kind, label in ImportKind.choices],
        }
        return self._page(request, "admin/journeys/imports.html", context)

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        shared = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "may_import": may_import(request),
            "mappings": ImportMapping.objects.all(),
            "encodings": tables.ENCODINGS,
            "orders": values.ORDERS,
            "most_mb": settings.IMPORT_MAX_BYTES // 1_000_000,
        }
        return TemplateResponse(request, template, shared | context)

    def receive(self, request: HttpRequest) -> HttpResponse:
        """Take a file; what it would do is shown before anything changes (4.2.33: 413)."""
        if request.method != "POST":
            return _only_post()
        length = request.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > settings.IMPORT_MAX_BYTES + FORM_BYTES:
            message = _("A file may have at most %(n)d MB.")
            return HttpResponse(message % {"n": settings.IMPORT_MAX_BYTES // 1_000_000}, status=413)
        received: HttpResponse = csrf_protect(self._receive)(request)
        return received

    def _receive(self, request: HttpRequest) -> HttpResponse:
        _refuse_stranger(request)
        file, kind = request.FILES.get("file"), request.POST.get("kind", "")
        if file is None or kind not in ImportKind.values:
            messages.error(request, _("Choose a file and say what is in it."))
            return HttpResponseRedirect(reverse("admin:journeys_import_changelist"))
        mapping = ImportMapping.objects.filter(kind=kind, pk=_number(request, "mapping")).first()
        user: Any = request.user
        row = working.receive(
            file.read(), name=str(file.name), kind=kind, now=clock.now(), by=user, mapping=mapping
        )
        self.log_addition(request, row, "received")
        return _to(row)

    # --- one file ------------------------------------------------------------------------------------
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self._row(request, object_id)
        problems = [Problem(p["code"], p["message"], p.get("row"), p.get("field", ""))
                    for p in row.report.get("problems", ())]  # fmt: skip
        context = {
            "title": row.file_name,
            "row": row,
            "report": row.report,
            "problems": problems[:SHOWN_PROBLEMS],
            "stages": _bars(row.report.get("stages", {})),
            "columns": sorted(row.columns.items()),
            "known": [*columns.SHAPES[row.kind][0], *columns.SHAPES[row.kind][1]],
            "free": columns.SHAPES[row.kind][2],
            "under_way": row.state in (State.WAITING, State.RUNNING),
            "percent": 100 * row.rows_done // row.rows if row.rows else 0,
        }
        response = self._page(request, "admin/journeys/import.html", context)
        if context["under_way"]:
            response["Refresh"] = "3"
        return response

    def read_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The same file with other answers: columns, character set, order of a date, journeys."""
        row = self._posted(request, object_id)
        given = request.POST
        if row.state == State.UPLOADED:
            row.columns = {name: given.get(f"column:{name}", "").strip() for name in row.columns}
            row.encoding = _encoding(row, given.get("encoding", ""))
            row.dates = given["dates"] if given.get("dates") in values.ORDERS else ""
            row.starts_journeys = given.get("journeys") == "start"
            working.read_again(row, clock.now())
            if name := given.get("save_as", "").strip()[:100]:
                self._save_mapping(request, row, name)
        return _to(row)

    def _save_mapping(self, request: HttpRequest, row: Import, name: str) -> None:
        if not request.user.has_perm("journeys.change_importmapping"):
            raise PermissionDenied
        said: dict[str, Any] = {
            "kind": row.kind, "columns": row.columns, "dates": row.dates, "by": request.user,
            "saved_at": clock.now(),
        }  # fmt: skip
        ImportMapping.objects.update_or_create(name=name, defaults=said)
        messages.success(request, _("The columns are saved as “%s”.") % name)

    @transaction.atomic
    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self._posted(request, object_id)
        if working.confirm(row, clock.now()):
            self.log_change(request, row, "confirmed")
        else:
            messages.error(request, _("This file cannot be brought in (any more)."))
        return _to(row)

    @transaction.atomic
    def give_up(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self._posted(request, object_id)
        if working.give_up(row, clock.now()):
            self.log_change(request, row, "given up")
            messages.success(request, _("The file was thrown away. Nothing was changed."))
        return _to(row)

    def problems(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The mistakes as a CSV for whoever mends the file; cells cannot run as formulas (4.2.32)."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self._row(request, object_id)
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow([_("row"), _("column"), _("what to mend")])
        for one in row.report.get("problems", ()):
            writer.writerow([one.get("row", ""), one.get("field", ""), _plain(one["message"])])
        name = slugify(row.file_name.rpartition(".")[0]) or "import"
        return HttpResponse(
            BOM + out.getvalue(),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}-problems.csv"'},
        )

    def _posted(self, request: HttpRequest, object_id: str) -> Import:
        _refuse_stranger(request)
        if request.method != "POST":
            raise Http404
        return self._row(request, object_id)

    def _row(self, request: HttpRequest, object_id: str) -> Import:
        row = self.get_object(request, object_id)
        if not isinstance(row, Import):
            raise Http404
        return row


@admin.register(ImportMapping)
class ImportMappingAdmin(Kept):
    list_display = ("name", "kind", "by", "saved")
    fields = ("name", "kind", "columns", "dates")
    readonly_fields = ("kind", "columns", "dates")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="saved")
    def saved(self, mapping: ImportMapping) -> str:
        return short(mapping.saved_at)


def may_import(request: HttpRequest) -> bool:
    """Whoever may add an import may bring files in (roles.py)."""
    return request.user.has_perm("journeys.add_import")


def _refuse_stranger(request: HttpRequest) -> None:
    if not may_import(request):
        raise PermissionDenied


def _only_post() -> HttpResponse:
    return HttpResponse(status=405, headers={"Allow": "POST"})


def _encoding(row: Import, said: str) -> str:
    """One of the character sets there are, or to be found out again."""
    if row.encoding == tables.XLSX:
        return row.encoding
    return said if said in tables.ENCODINGS else ""


def _to(row: Import) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:journeys_import_change", args=[row.pk]))


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isdigit() and len(text) < 18 else 0


def _bars(stages: dict[str, int]) -> list[tuple[str, int, int]]:
    """(stage, how many, width in percent)."""
    most = max(stages.values(), default=0)
    return [(name, count, 100 * count // most) for name, count in stages.items()]


def _plain(message: str) -> str:
    """Full-width signs start formulas in some spreadsheets, too."""
    return f"'{message}" if message[:1] in "＝＋－＠" else message
