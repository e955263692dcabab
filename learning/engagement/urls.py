"""Addresses of the report; in front of the admin's own, which would answer for everything below."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from learning.engagement import views

urlpatterns = [
    path("", admin.site.admin_view(views.overview), name="engagement"),
    path("sheet.csv", admin.site.admin_view(views.export), name="engagement_sheet"),
]
