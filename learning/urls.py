"""The learning site's own doors; courses and articles below them are Wagtail's pages."""

from __future__ import annotations

from django.urls import path

from learning import api
from learning.views import ask, goal, home, nudges, roadmap

app_name = "learning"
urlpatterns = [
    path("", home.home, name="home"),
    path("goal/", goal.goal, name="goal"),
    path("roadmap/", roadmap.roadmap, name="roadmap"),
    path("ask/", ask.ask, name="ask"),
    path("notes/<uuid:uid>/<str:what>/", nudges.answer, name="nudge"),
    path("v1/progress", api.progress, name="progress"),
]
