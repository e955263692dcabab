"""A draft is kept whatever is wrong with it, and nobody writes over what another saved (4.3.39)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from journeys.admin.editor import steps
from journeys.models import (
    Journey,
    JourneyVersion,
    Lifecycle,
    LifecycleVersion,
    Template,
    TemplateVersion,
    User,
    VersionStatus,
)
from journeys.publishing import hash_of

Noun = Journey | Lifecycle | Template
Version = JourneyVersion | LifecycleVersion | TemplateVersion
Document = dict[str, Any]


class Overtaken(Exception):
    """Somebody saved between reading and writing: `draft` is what stands there now."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(draft.noun.pk)
        self.draft = draft


@dataclass(frozen=True)
class Draft:
    """What is being written, and `token`, which changes with its every letter."""

    noun: Noun
    document: Document
    token: str
    published: Any  # the published version, or None

    @property
    def is_changed(self) -> bool:
        """Whether it says other than what is published."""
        return self.published is None or self.document != self.published.document


def published_of(noun: Noun) -> Any:
    """The noun's published version, or None."""
    return noun.versions.filter(status=VersionStatus.PUBLISHED).order_by("-number").first()


def read(noun: Noun) -> Draft:
    """The noun's draft; where there is none, what is published, else an empty document."""
    published = published_of(noun)
    document = noun.draft
    if document is None:
        document = published.document if published else {"key": noun.key, "name": noun.name}
    return Draft(noun, document, hash_of(document), published)


@transaction.atomic
def save(noun: Noun, document: Document, seen: str, *, by: User, now: datetime) -> Draft:
    """Keep a draft. Overtaken when the one that was seen is no longer the one that stands.

    What was saved by the same person twice (a double click) is no conflict.
    """
    model = type(noun)
    held = model.objects.select_for_update(of=("self",)).get(pk=noun.pk)
    standing = read(held)
    if standing.token != seen:
        if hash_of(document) == standing.token:
            return standing
        raise Overtaken(standing)
    held.draft, held.draft_saved_at, held.draft_saved_by = document, now, by
    held.save(update_fields=["draft", "draft_saved_at", "draft_saved_by"])
    return read(held)


@transaction.atomic
def drop(noun: Noun, seen: str) -> None:
    """Throw the draft away: what is published is what goes on being written. Overtaken as save."""
    standing = read(type(noun).objects.select_for_update(of=("self",)).get(pk=noun.pk))
    if standing.token != seen:
        raise Overtaken(standing)
    forget(noun)


def forget(noun: Noun) -> None:
    """No draft any more (it was published, or thrown away)."""
    type(noun).objects.filter(pk=noun.pk).update(
        draft=None, draft_saved_at=None, draft_saved_by=None
    )


def used_step_ids(journey: Journey) -> set[str]:
    """Every step id a version of the journey has ever had."""
    documents = journey.versions.values_list("document", flat=True)
    return {step_id for document in documents for step_id in steps.ids(document)}
