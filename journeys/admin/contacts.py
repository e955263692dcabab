"""One person of a customer: made one with another, or moved, after a look at what that does."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from journeys import clock, identity
from journeys.admin.base import ReadOnly
from journeys.models import Account, Alias, Contact


@admin.register(Contact)
class ContactAdmin(ReadOnly):
    list_display = ("__str__", "user_id", "email", "account")
    list_select_related = ("account",)
    search_fields = ("name", "kana", "email", "user_id")
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        rows: QuerySet[Contact] = super().get_queryset(request)
        return rows.filter(is_current=True)

    def get_urls(self) -> list[Any]:
        def of(view: Any, name: str) -> Any:
            door = self.admin_site.admin_view(view)
            return path(f"<path:object_id>/{name}/", door, name=f"journeys_contact_{name}")

        return [of(self.merge, "merge"), of(self.move, "move"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page; with ?loser=ID what making them one would do."""
        contact = self._contact(request, object_id)
        if not self.has_view_permission(request, contact):
            raise PermissionDenied
        loser = _other(contact, request.GET.get("loser", ""))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": str(contact),
            "contact": contact,
            "others": identity.others_of(contact),
            "names": Alias.objects.filter(contact=contact).order_by("pk"),
            "loser": loser,
            "preview": identity.preview(contact, loser) if loser else None,
            "may_change": may_change(request),
        }
        return TemplateResponse(request, "admin/journeys/contact.html", context)

    @transaction.atomic
    def merge(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make another person of the same customer one with this one."""
        contact = self._posted(request, object_id)
        loser = _other(contact, request.POST.get("loser", ""))
        if loser is None:
            messages.error(request, _("Choose a person of the same customer."))
            return _to(contact)
        try:
            identity.merge(contact, loser, clock.now())
        except identity.NotMergeable as why:
            messages.error(request, str(why))
        else:
            self.log_change(request, contact, f"merged {loser.user_id} into {contact.user_id}")
            messages.success(request, _("They are one person now."))
        return _to(contact)

    @transaction.atomic
    def move(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Move the person to another customer; facts stay where they happened."""
        contact = self._posted(request, object_id)
        name = request.POST.get("account", "").strip()[:200]
        account = Account.objects.filter(external_id=name).first()
        if account is None:
            messages.error(request, _("There is no customer “%s”.") % name)
            return _to(contact)
        new = identity.move(contact, account, clock.now())
        self.log_change(request, new, f"moved {contact.user_id} to {name}")
        messages.success(request, _("The person now belongs to %s.") % account)
        return _to(new)

    def _posted(self, request: HttpRequest, object_id: str) -> Contact:
        if not may_change(request):
            raise PermissionDenied
        if request.method != "POST":
            raise Http404
        return self._contact(request, object_id)

    def _contact(self, request: HttpRequest, object_id: str) -> Contact:
        found = self.get_object(request, object_id)
        if not isinstance(found, Contact):
            raise Http404
        return found


def may_change(request: HttpRequest) -> bool:
    """Whoever may change contacts may merge and move them (roles.py)."""
    return request.user.has_perm("journeys.change_contact")


def _other(contact: Contact, key: str) -> Contact | None:
    found = [one for one in identity.others_of(contact) if str(one.pk) == key]
    return found[0] if found else None


def _to(contact: Contact) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:journeys_contact_change", args=[contact.pk]))
