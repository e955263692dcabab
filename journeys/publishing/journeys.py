"""Publishing a journey: its checked document becomes an immutable version and a program."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from journeys import conditions
from journeys.models import (
    Journey,
    JourneyVersion,
    Product,
    TemplateVersion,
    Topic,
    User,
    VersionStatus,
)
from journeys.publishing.checking import check_journey
from journeys.publishing.entries import Entry, read_entry
from journeys.publishing.kinds import MESSAGES
from journeys.publishing.program import compile_steps
from journeys.publishing.refusals import Problem, PublishRefused
from journeys.publishing.shapes import JourneyDoc
from journeys.publishing.versions import Document, hash_of


@transaction.atomic
def publish_journey(
    document: Document, now: datetime, *, by: User | None = None
) -> tuple[JourneyVersion, bool]:
    """Publish a journey's text; (version, whether it is new). PublishRefused names mistakes."""
    problems = check_journey(document)
    doc = None if problems else JourneyDoc.model_validate(document)
    if doc is not None:
        problems += _noun_problems(doc)
    if problems or doc is None:
        raise PublishRefused(problems)
    product = Product.objects.get(key=doc.product) if doc.product else None
    journey, _made = Journey.objects.update_or_create(
        key=doc.key, defaults={"name": doc.name, "product": product, "priority": doc.priority}
    )
    newest = journey.versions.order_by("-number").first()
    program = _program(doc)
    # A new text of a template, or of a segment, is a new version of the journey: what runs keeps
    # the old one.
    pins = {name: program[name] for name in ("templates", "segments")}
    digest = hash_of({"document": document, **pins})
    goes_on = newest if newest and newest.status == VersionStatus.PUBLISHED else None
    if goes_on and goes_on.document_hash == digest:
        return goes_on, False
    # Facts and days count from the first version of those that followed each other.
    since = goes_on.program["since"] if goes_on else now.isoformat()
    journey.versions.filter(status=VersionStatus.PUBLISHED).update(status=VersionStatus.RETIRED)
    version = JourneyVersion.objects.create(
        journey=journey,
        number=newest.number + 1 if newest else 1,
        status=VersionStatus.PUBLISHED,
        document=document,
        document_hash=digest,
        program=program | {"since": since},
        published_at=now,
        published_by=by,
    )
    return version, True


def _noun_problems(doc: JourneyDoc) -> list[Problem]:
    found = []
    if doc.product and not Product.objects.filter(key=doc.product).exists():
        found.append(Problem("product", _("there is no product “%s”") % doc.product))
    if not Topic.objects.filter(key=doc.topic).exists():
        found.append(Problem("topic", _("there is no topic “%s”") % doc.topic))
    return found


def tree(raw: Any) -> Any:
    """A condition as it is kept."""
    return conditions.dump(conditions.parse(raw, subject="enrollment")) if raw else None


def _program(doc: JourneyDoc) -> dict[str, Any]:
    """Everything the engine asks of a version, compiled: the walk, and the conditions."""
    program, _problems = compile_steps(doc.steps)
    entry, _problems = read_entry(doc.entry)
    asked = entry_of(doc, entry) | {"goal": tree(doc.goal), "exit_when": tree(doc.exit_when)}
    return program | asked | {
        "templates": pinned_texts(program),
        "segments": conditions.segments_in([program["ops"], *asked.values()]),
        "traits": sorted({n for op in program["ops"] if op["op"] == "set" for n in op["value"]}),
        "holdout": doc.holdout,
        "topic": doc.topic,
        "priority": doc.priority,
    }  # fmt: skip


def entry_of(doc: JourneyDoc, entry: Entry | None) -> dict[str, Any]:
    """What decides who comes in; all that is asked of a version that is not saved yet."""
    kind = entry.kind if entry else ""
    # Whoever is meant each month is meant again, unless the journey says otherwise.
    again = doc.reentry or ("always" if kind == "every" else "never")
    return {
        "subject": doc.subject,
        "entry": entry.tree if entry else None,
        "door": entry.as_json() if entry else None,
        "to": doc.to.role if doc.to else "",
        "enroll": doc.enroll,
        "reentry": again if isinstance(again, str) else again.after,
    }


def pinned_texts(program: dict[str, Any]) -> dict[str, int]:
    """Key → version of every text the steps say: the texts of the moment of publishing."""
    keys = {op["value"] for op in program["ops"] if op["op"] in MESSAGES}
    rows = TemplateVersion.objects.filter(
        template__key__in=keys, status=VersionStatus.PUBLISHED
    ).values_list("template__key", "pk")
    return dict(rows.order_by("template__key"))
