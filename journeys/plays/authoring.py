"""Plays as documents. A task keeps the text it began with, so a play may change while it runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from journeys.models import Play

#: What a play says, in the order of docs/bundles.md, and what it says by default.
FIELDS: dict[str, Any] = {
    "name": "",
    "channel": "other",
    "minutes": 0,
    "guide": "",
    "roles": [],
    "cause": "",
    "due": "2bd",
}
#: What a task keeps of it.
KEPT = ("name", "channel", "minutes", "guide", "roles")


@transaction.atomic
def publish(document: Mapping[str, Any]) -> tuple[Play, bool]:
    """Make a play, or give it a new text; (play, whether anything changed).

    `document` is a checked `PlayDoc`; what it leaves out is the default.
    """
    text = {name: document.get(name, default) for name, default in FIELDS.items()}
    play = Play.objects.select_for_update().filter(key=document["key"]).first()
    if play is None:
        return Play.objects.create(key=document["key"], **text), True
    if all(getattr(play, name) == value for name, value in text.items()):
        return play, False
    for name, value in text.items():
        setattr(play, name, value)
    play.number += 1
    play.save(update_fields=[*text, "number"])
    return play, True


def document(play: Play) -> dict[str, Any]:
    """The play as a bundle writes it, defaults spelled out."""
    return {"key": play.key} | {name: getattr(play, name) for name in FIELDS}


def text_of(play: Play) -> dict[str, Any]:
    """What a task keeps of its play."""
    return {name: getattr(play, name) for name in KEPT}


def known(keys: Iterable[str]) -> set[str]:
    """Which of these plays there are; one SELECT."""
    return set(Play.objects.filter(key__in=set(keys)).values_list("key", flat=True))
