"""The desk an editor's page stands on: who may what, the draft, and saving without overwriting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from journeys import clock
from journeys.admin.editor import drafts
from journeys.admin.editor.drafts import Document, Draft, Overtaken

View = Callable[["Desk"], HttpResponse]
Door = tuple[str, str, View, str, str]  # path below the noun, name, view, method, right


@dataclass
class Desk:
    """One request to an editor: `draft` is what stands there, `named` the rest of the URL."""

    admin: ModelAdmin
    request: HttpRequest
    draft: Draft
    named: Mapping[str, str]

    @property
    def noun(self) -> Any:
        return self.draft.noun

    @property
    def document(self) -> Document:
        return self.draft.document

    @property
    def may_change(self) -> bool:
        return bool(self.admin.has_change_permission(self.request, self.noun))

    @property
    def may_publish(self) -> bool:
        """Publishing makes a version: whoever may add one may publish (roles.py)."""
        return self.may_change and may_add_version(self.request, self.noun)

    def url(self, name: str = "change", *args: str) -> str:
        """The address of one of this noun's editor pages."""
        return url_of(self.noun, name, *args)

    @property
    def check_url(self) -> str:
        """Where a condition's text is checked."""
        return self.url("check")

    def page(self, template: str, status: int = 200, **context: Any) -> TemplateResponse:
        """A page in the admin's frame."""
        meta = self.admin.model._meta
        frame = {
            **self.admin.admin_site.each_context(self.request),
            "opts": meta,
            "desk": self,
            "title": str(self.noun),
            "is_nav_sidebar_enabled": True,
            **context,
        }
        self.request.current_app = self.admin.admin_site.name
        return TemplateResponse(
            self.request, f"admin/journeys/editor/{template}", frame, status=status
        )

    def keep(self, document: Document) -> Draft:
        """Save the draft. Overtaken when somebody else saved since this page was read."""
        user: Any = self.request.user
        return drafts.save(
            self.noun, document, self.request.POST.get("seen", ""), by=user, now=clock.now()
        )

    def say(self, text: str) -> None:
        messages.success(self.request, text)

    def warn(self, text: str) -> None:
        messages.warning(self.request, text)

    def go(self, name: str = "change", *args: str, to: str = "") -> HttpResponse:
        """Off to another of this noun's pages; `to` is a query or an anchor."""
        return HttpResponseRedirect(self.url(name, *args) + to)

    def not_done(self, overtaken: Overtaken) -> HttpResponse:
        """Nothing typed was at stake: say who was faster and show what stands there now."""
        self.warn(
            who_saved(overtaken.draft) + " " + _("Nothing was changed by you. Please look again.")
        )
        return self.go()


def may_add_version(request: HttpRequest, noun: Any) -> bool:
    """Whether the user may publish this noun."""
    meta = noun.versions.model._meta
    return request.user.has_perm(f"{meta.app_label}.{get_permission_codename('add', meta)}")


def who_saved(draft: Draft) -> str:
    """“… saved this at 9:42.”"""
    noun: Any = draft.noun
    if noun.draft_saved_at is None:
        return _("This has been published or changed since you opened it.")
    return _("%(who)s saved this on %(when)s, after you had opened it.") % {
        "who": noun.draft_saved_by or _("Somebody"),
        "when": when(noun.draft_saved_at),
    }


def when(moment: Any) -> str:
    """A moment in the installation's zone, short."""
    return date_format(localtime(moment), "SHORT_DATETIME_FORMAT")


def url_of(noun: Any, name: str, *args: str) -> str:
    meta = noun._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}", args=[noun.pk, *args])


def open_desk(
    admin: ModelAdmin, request: HttpRequest, object_id: str, named: Mapping[str, str]
) -> Desk:
    """The desk for one noun; 403 for who may not see it, 404 when there is none."""
    noun = admin.get_object(request, str(object_id))
    if not admin.has_view_permission(request, noun):
        raise PermissionDenied
    if noun is None:
        raise Http404
    return Desk(admin, request, drafts.read(noun), named)


def door(admin: ModelAdmin, view: View, *, method: str, right: str) -> Callable[..., HttpResponse]:
    """A view of the admin: its right is asked here, and a GET never reaches what changes.

    `right`: view, change or publish; `method`: GET or POST.
    """

    def enter(request: HttpRequest, object_id: str, **named: str) -> HttpResponse:
        desk = open_desk(admin, request, object_id, named)
        allowed = {"view": True, "change": desk.may_change, "publish": desk.may_publish}
        if not allowed[right]:
            raise PermissionDenied
        if method == "POST" and request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        return view(desk)

    wrapped: Callable[..., HttpResponse] = admin.admin_site.admin_view(enter)
    return wrapped


def doors(admin: ModelAdmin, table: list[Door]) -> list[Any]:
    """URL patterns of a table of (path below the noun, name, view, method, right)."""
    meta = admin.model._meta
    return [
        path(
            f"<path:object_id>/{below}",
            door(admin, view, method=method, right=right),
            name=f"{meta.app_label}_{meta.model_name}_{name}",
        )
        for below, name, view, method, right in table
    ]
