"""Saved conditions of a bundle."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from journeys.publishing import Problem, PublishRefused

Document = dict[str, Any]


def documents() -> dict[str, Document]:
    """Key → document of the saved conditions."""
    return {}


def publish(document: Document, now: datetime) -> bool:
    """Keep a saved condition; whether it is new or changed. PublishRefused with its mistakes."""
    raise PublishRefused([Problem("", _("“%s” is not available yet") % "segments")])


def in_order(documents: dict[str, Document]) -> dict[str, Document]:
    """Each after those it refers to; in the authored order otherwise. A cycle keeps that order."""
    found: dict[str, Document] = {}

    def add(key: str, above: tuple[str, ...] = ()) -> None:
        if key in found or key in above:
            return
        for other in sorted(_named(documents[key].get("when"))):
            if other in documents:
                add(other, (*above, key))
        found[key] = documents[key]

    for key in documents:
        add(key)
    return found


def _named(raw: Any) -> set[str]:
    """The segments a condition names, wherever they stand in it."""
    if isinstance(raw, list):
        return set().union(*(_named(one) for one in raw))
    if not isinstance(raw, dict):
        return set()
    here = {raw["segment"]} if isinstance(raw.get("segment"), str) else set()
    return here.union(*(_named(one) for one in raw.values()))


def missing(noun: str, key: str) -> Problem:
    """What is said when a document names a journey or segment that is not there."""
    sentence = {
        "journey": _("there is no journey “%s”"),
        "segment": _("there is no segment “%s”"),
    }
    return Problem(noun, sentence[noun] % key, missing=key)
