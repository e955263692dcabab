"""The machine doors, with or without a slash at the end."""

from __future__ import annotations

from django.urls import re_path

from journeys.api import health, ingest, openapi

KIND = "|".join(ingest.SINGLES)

urlpatterns = [
    re_path(r"^v1/batch/?$", ingest.batch, name="batch"),
    re_path(rf"^v1/(?P<kind>{KIND})/?$", ingest.single, name="call"),
    re_path(r"^v1/projects/(?P<key>[^/]+)/settings/?$", ingest.settings_of, name="sdk_settings"),
    re_path(r"^v1/openapi\.json$", openapi.document, name="openapi"),
    re_path(r"^healthz/?$", health.healthz, name="healthz"),
    re_path(r"^metrics/?$", health.metrics, name="metrics"),
]
