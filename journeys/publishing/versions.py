"""Publishing: a checked document becomes an immutable version. The same text twice is one version."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from journeys import conditions
from journeys.models import (
    ExitCriterion,
    Lifecycle,
    LifecycleVersion,
    Product,
    Stage,
    User,
    VersionStatus,
)
from journeys.publishing.refusals import Problem, PublishRefused, read_shape
from journeys.publishing.shapes import LifecycleDoc, StageDoc

Document = dict[str, Any]


def hash_of(document: Document) -> str:
    """SHA-256 of a document's canonical JSON: the identity of a version's text."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


# --- lifecycles -----------------------------------------------------------------------------------
def check_lifecycle(document: Document, prefix: str = "") -> list[Problem]:
    """What keeps a lifecycle from being published (R2); empty when nothing does."""
    doc, problems = read_shape(LifecycleDoc, document, prefix)
    if doc is None:
        return problems
    dot = f"{prefix}." if prefix else ""
    for s, stage in enumerate(doc.stages):
        for c, criterion in enumerate(stage.exit.criteria if stage.exit else ()):
            path = f"{dot}stages[{s}].exit.criteria[{c}].when"
            problems += condition_problems(criterion.when, path, "subscription")
    if doc.first_value is not None:
        problems += condition_problems(doc.first_value, f"{dot}first_value", "subscription")
    return problems


def condition_problems(raw: Any, path: str, subject: str) -> list[Problem]:
    """What is wrong with a condition at `path`, asked of a kind of subject."""
    try:
        conditions.parse(raw, subject=subject)
    except conditions.ConditionError as error:
        return [Problem(f"{path}.{error.path}" if error.path else path, error.message)]
    return []


@transaction.atomic
def publish_lifecycle(
    document: Document, now: datetime, *, by: User | None = None
) -> tuple[LifecycleVersion, bool]:
    """Publish a lifecycle's text; (version, whether it is new). PublishRefused names mistakes.

    Running customers stay on their version; moving them is an action of its own (R105).
    """
    if problems := check_lifecycle(document):
        raise PublishRefused(problems)
    doc = LifecycleDoc.model_validate(document)
    product = Product.objects.filter(key=doc.product).first()
    if product is None:
        raise PublishRefused([Problem("product", _("there is no product “%s”") % doc.product)])
    lifecycle, _made = Lifecycle.objects.update_or_create(
        key=doc.key, defaults={"name": doc.name, "product": product}
    )
    return _new_lifecycle_version(lifecycle, document, doc, now, by)


def _new_lifecycle_version(
    lifecycle: Lifecycle, document: Document, doc: LifecycleDoc, now: datetime, by: User | None
) -> tuple[LifecycleVersion, bool]:
    newest = lifecycle.versions.order_by("-number").first()
    digest = hash_of(document)
    if newest and newest.document_hash == digest and newest.status == VersionStatus.PUBLISHED:
        return newest, False
    lifecycle.versions.filter(status=VersionStatus.PUBLISHED).update(status=VersionStatus.RETIRED)
    version = LifecycleVersion.objects.create(
        lifecycle=lifecycle,
        number=newest.number + 1 if newest else 1,
        status=VersionStatus.PUBLISHED,
        document=document,
        document_hash=digest,
        published_at=now,
        published_by=by,
    )
    for position, stage in enumerate(doc.stages):
        _write_stage(version, position, stage)
    return version, True


def _write_stage(version: LifecycleVersion, position: int, doc: StageDoc) -> None:
    stage = Stage.objects.create(
        version=version,
        position=position,
        key=doc.key,
        name=doc.name,
        phase=doc.phase or "",
        goal=doc.goal,
        definition=doc.definition,
        customer_does=doc.customer_does,
        experience=[touch.model_dump() for touch in doc.experience],
        provides=doc.provides,
        limit=doc.limit or "",
        limit_from=doc.limit_from,
        completes_onboarding=doc.completes_onboarding,
        at_least=doc.exit.at_least if doc.exit else "all",
        next_scenario=doc.next,
    )
    ExitCriterion.objects.bulk_create(
        ExitCriterion(
            stage=stage,
            position=n,
            key=criterion.key,
            label=criterion.label,
            required=criterion.required,
            condition=conditions.dump(conditions.parse(criterion.when, subject="subscription")),
            shown=criterion.model_dump(include={"help", "minutes", "to", "who"}),
        )
        for n, criterion in enumerate(doc.exit.criteria if doc.exit else ())
    )
