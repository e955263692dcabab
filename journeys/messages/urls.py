"""Addresses of letters' links; they are in people's mailboxes and never change."""

from __future__ import annotations

from django.urls import path

from journeys.messages.views.click import ask, click, renew
from journeys.messages.views.preferences import preferences
from journeys.messages.views.stop import stop

app_name = "m"
urlpatterns = [
    path("c/<str:token>", click, name="click"),
    path("c/<str:token>/new", renew, name="renew"),
    path("u/<str:token>", stop, name="stop"),
    path("p/<str:token>", preferences, name="preferences"),
    path("new", ask, name="ask"),
]
