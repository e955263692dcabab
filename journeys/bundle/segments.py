"""Saved conditions of a bundle."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from journeys import conditions
from journeys.models import Segment
from journeys.publishing import Problem, PublishRefused

Document = dict[str, Any]


def documents() -> dict[str, Document]:
    """Key → document of the saved conditions."""
    return {row.key: _document(row) for row in Segment.objects.all()}


def _document(row: Segment) -> Document:
    return {"key": row.key, "name": row.name, "subject": row.subject, "when": row.condition}


def publish(document: Document, now: datetime, beside: dict[str, Document]) -> bool:
    """Keep a saved condition; whether it is new or changed. PublishRefused with its mistakes.

    `beside`: the segments of the same bundle, which this one may name (never in a circle).
    """
    key, subject = document["key"], document.get("subject", "account")
    given = {k: (d["name"], d.get("subject", "account"), d["when"]) for k, d in beside.items()}
    try:
        with conditions.segments_given(given):
            conditions.parse(document["when"], subject=subject)
            conditions.parse({"segment": key}, subject=subject)  # a circle shows from outside
    except conditions.ConditionError as error:
        path = f"when.{error.path}" if error.path else "when"
        raise PublishRefused([Problem(path, error.message)]) from None
    values = {"name": document["name"], "subject": subject, "condition": document["when"]}
    row = Segment.objects.filter(key=key).first()
    if row and all(getattr(row, name) == value for name, value in values.items()):
        return False
    Segment.objects.update_or_create(key=key, defaults=values | {"changed_at": now})
    return True


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
