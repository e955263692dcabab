"""Every door of the house, in one place."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.i18n import set_language
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as cms_urls
from wagtail.documents import urls as documents_urls

from config import admin_frame
from config.who import closed, who
from journeys.api.ingest import nowhere

admin.autodiscover()
admin_frame.tidy(admin.site)
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler500 = "config.broken.broken"

urlpatterns = [
    path("", include("journeys.api.urls")),
    path("dev/", include("config.dev.urls")),
    path("m/", include("journeys.messages.urls")),
    # In front of the admin's own, which answer for everything below them.
    path("admin/engagement/", include("learning.engagement.urls")),
    path("admin/", admin.site.urls),
    path("cms/", include(cms_urls)),
    # An address is proven by its code, and changed in the vendor's product: not here.
    re_path(r"^accounts/(?:email|signup|password|confirm-email)(?:/|$)", closed),
    path("accounts/who/", who, name="who"),
    path("accounts/", include("allauth.urls")),
    path("language/", set_language, name="set_language"),
    path("documents/", include(documents_urls)),
    path("", include("learning.urls")),
    re_path(r"^v1/", nowhere),
    path("", include(wagtail_urls)),
]
