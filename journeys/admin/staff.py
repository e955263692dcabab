"""Staff and their roles. Signing in goes by a code sent to the address: nobody has a password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from journeys import clock, people
from journeys.admin.base import Kept
from journeys.models import User
from journeys.roles import ROLES, TITLES


class GroupAdmin(ModelAdmin):
    """Roles come from the matrix in roles.py: shown here, changed there."""

    list_display = ("title", "name", "people_in_it")
    search_fields = ("name",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("user_set")

    @display(description=_("role"))
    def title(self, group: Group) -> Any:
        return TITLES.get(group.name, group.name)

    @display(description=_("staff"))
    def people_in_it(self, group: Group) -> str:
        return "、".join(str(user) for user in group.user_set.all()) or "—"


class Invitation(forms.Form):
    """Whom to let in, and as what."""

    template_name = "admin/journeys/editor/form.html"

    email = forms.EmailField(label=_("E-mail"))
    last_name = forms.CharField(max_length=80, label=_("last name"))
    first_name = forms.CharField(max_length=80, required=False, label=_("first name"))
    role = forms.ChoiceField(label=_("role"), choices=[(r, TITLES[r]) for r in ROLES])
    title = forms.CharField(max_length=120, required=False, label=_("title"))
    hours = forms.CharField(max_length=120, required=False, label=_("phone hours"))
    phone = forms.CharField(max_length=40, required=False, label=_("phone"))

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        for field in self.fields.values():
            select = isinstance(field.widget, forms.Select)
            field.widget.attrs["class"] = "j-select" if select else "j-input"

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if User.objects.filter(email__iexact=email, is_staff=True).exists():
            raise ValidationError(_("There is a member of staff with this address already."))
        return email


@admin.register(User)
class UserAdmin(Kept):
    list_display = ("__str__", "email", "roles", "is_active")
    list_filter = ("is_active", "groups")
    search_fields = ("email", "first_name", "last_name")
    fields = ("email", "last_name", "first_name", "title", "hours", "phone", "groups", "is_active")
    readonly_fields = ("email",)
    filter_horizontal = ("groups",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(is_staff=True).prefetch_related("groups")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody but a superuser changes one, or lifts themselves up."""
        is_above = obj is not None and (obj.is_superuser or obj.pk == request.user.pk)
        if is_above and not request.user.is_superuser:
            return False
        return bool(super().has_change_permission(request, obj))

    @display(description=_("role"))
    def roles(self, user: User) -> str:
        names = [str(TITLES.get(g.name, g.name)) for g in user.groups.all()]
        return "、".join(names) or ("—" if not user.is_superuser else str(_("Everything")))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = Invitation(request.POST or None)
        if request.method == "POST" and form.is_valid():
            user = people.invite_staff(**form.cleaned_data, now=clock.now())
            return HttpResponseRedirect(reverse("admin:journeys_user_change", args=[user.pk]))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": _("Let a member of staff in"),
            "form": form,
            "button": _("Let them in"),
        }
        return TemplateResponse(request, "admin/journeys/editor/new.html", context)
