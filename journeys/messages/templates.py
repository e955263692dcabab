"""Publishing a text: checked and compiled once, then immutable."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from journeys.messages import rendering
from journeys.models import Persona, Template, TemplateVersion, Topic, User, VersionStatus
from journeys.publishing import Problem, PublishRefused, hash_of, read_shape
from journeys.publishing.shapes import TemplateDoc


def check_template(document: dict[str, Any], prefix: str = "") -> list[Problem]:
    """What keeps a text from being published; empty when nothing does."""
    doc, problems = read_shape(TemplateDoc, document, prefix)
    if doc is None:
        return problems
    dot = f"{prefix}." if prefix else ""
    return [Problem(f"{dot}{field}", message) for field, message in rendering.problems_of(document)]


@transaction.atomic
def publish_template(
    document: dict[str, Any], now: datetime, *, by: User | None = None
) -> tuple[TemplateVersion, bool]:
    """Publish a text; (version, whether it is new). PublishRefused names mistakes."""
    if problems := check_template(document) + _missing(document):
        raise PublishRefused(problems)
    doc = TemplateDoc.model_validate(document)
    persona = Persona.objects.filter(key=doc.persona).first()
    template, _made = Template.objects.update_or_create(
        key=doc.key, defaults={"name": doc.name, "channel": doc.channel}
    )
    newest = template.versions.order_by("-number").first()
    compiled = _compiled(document, doc.channel, persona)
    digest = hash_of({"document": document, "compiled": compiled})
    if newest and newest.document_hash == digest and newest.status == VersionStatus.PUBLISHED:
        return newest, False
    template.versions.filter(status=VersionStatus.PUBLISHED).update(status=VersionStatus.RETIRED)
    version = TemplateVersion.objects.create(
        template=template,
        number=newest.number + 1 if newest else 1,
        status=VersionStatus.PUBLISHED,
        document=document,
        document_hash=digest,
        compiled=compiled,
        published_at=now,
        published_by=by,
    )
    return version, True


def _compiled(document: dict[str, Any], channel: str, persona: Persona | None) -> dict[str, Any]:
    if channel == "email" and persona:
        return rendering.compile_email(document, persona)
    if channel == "nudge":
        return rendering.compile_nudge(document)
    return rendering.compile_short(document)


def _missing(document: dict[str, Any]) -> list[Problem]:
    found = []
    persona, topic = document.get("persona"), document.get("topic")
    if persona and not Persona.objects.filter(key=persona).exists():
        found.append(Problem("persona", _("there is no persona “%s”") % persona))
    if topic and not Topic.objects.filter(key=topic).exists():
        found.append(Problem("topic", _("there is no topic “%s”") % topic))
    return found
