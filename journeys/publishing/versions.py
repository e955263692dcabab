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
    Journey,
    JourneyVersion,
    Lifecycle,
    LifecycleVersion,
    Product,
    Stage,
    Template,
    TemplateVersion,
    Topic,
    User,
    VersionStatus,
)
from journeys.publishing.program import compile_steps
from journeys.publishing.refusals import Problem, PublishRefused, read_shape
from journeys.publishing.shapes import JourneyDoc, LifecycleDoc, StageDoc

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


# --- journeys -------------------------------------------------------------------------------------
AIM_NEEDED = ("satisfaction", "efficiency", "kpi")
ENTRIES = ("stage", "when")
ENTRIES_LATER = ("event", "every", "by")


def check_journey(document: Document, prefix: str = "") -> list[Problem]:
    """What keeps a journey from being published (R24); empty when nothing does."""
    doc, problems = read_shape(JourneyDoc, document, prefix)
    if doc is None:
        return problems
    dot = f"{prefix}." if prefix else ""
    problems += _aim_problems(doc, dot)
    problems += _entry_problems(doc, dot)
    for name in ("goal", "exit_when"):
        if raw := getattr(doc, name):
            problems += condition_problems(raw, f"{dot}{name}", "enrollment")
    program, found = compile_steps(doc.steps, f"{dot}steps")
    problems += found
    return problems + _template_problems(program, f"{dot}steps")


def _aim_problems(doc: JourneyDoc, dot: str) -> list[Problem]:
    """R24: no publishing without knowing what it is for and how that is measured."""
    return [
        Problem(f"{dot}aim.{name}", _("write what this journey is for before publishing it"))
        for name in AIM_NEEDED
        if not getattr(doc.aim, name).strip()
    ]


def _entry_problems(doc: JourneyDoc, dot: str) -> list[Problem]:
    kinds = list(doc.entry)
    if len(kinds) != 1 or kinds[0] not in ENTRIES + ENTRIES_LATER:
        return [Problem(f"{dot}entry", _("entry is exactly one of: %s") % ", ".join(ENTRIES))]
    if kinds[0] in ENTRIES_LATER:
        message = _("entries of the kind “%s” are not available yet") % kinds[0]
        return [Problem(f"{dot}entry.{kinds[0]}", message)]
    return condition_problems(entry_condition(doc.entry), f"{dot}entry.{kinds[0]}", "enrollment")


def entry_condition(entry: dict[str, Any]) -> Any:
    """The condition behind an entry: `{stage: KEY}` is short for being in that stage."""
    return {"stage": {"is": entry["stage"]}} if "stage" in entry else entry["when"]


def _template_problems(program: dict[str, Any], path: str) -> list[Problem]:
    """Steps must name published templates of their own channel."""
    wanted = {op["value"]: op for op in program["ops"] if op["op"] in ("email", "nudge")}
    known = dict(
        Template.objects.filter(
            key__in=wanted, versions__status=VersionStatus.PUBLISHED
        ).values_list("key", "channel")
    )
    message = _("there is no published %(channel)s template “%(key)s”")
    return [
        Problem(
            f"{path}.{op['id']}.{op['op']}",
            message % {"channel": op["op"], "key": key},
            missing=key,
        )
        for key, op in sorted(wanted.items())
        if known.get(key) != op["op"]
    ]


@transaction.atomic
def publish_journey(
    document: Document, now: datetime, *, by: User | None = None
) -> tuple[JourneyVersion, bool]:
    """Publish a journey's text; (version, whether it is new). PublishRefused names mistakes."""
    problems = check_journey(document)
    doc = None if problems else JourneyDoc.model_validate(document)
    if doc is not None:
        problems += _reference_problems(doc)
    if problems or doc is None:
        raise PublishRefused(problems)
    product = Product.objects.get(key=doc.product) if doc.product else None
    journey, _made = Journey.objects.update_or_create(
        key=doc.key, defaults={"name": doc.name, "product": product, "priority": doc.priority}
    )
    newest = journey.versions.order_by("-number").first()
    program = _program(doc)
    # A new text of a template is a new version of the journey: what runs keeps the old one.
    digest = hash_of({"document": document, "templates": program["templates"]})
    if newest and newest.document_hash == digest and newest.status == VersionStatus.PUBLISHED:
        return newest, False
    journey.versions.filter(status=VersionStatus.PUBLISHED).update(status=VersionStatus.RETIRED)
    version = JourneyVersion.objects.create(
        journey=journey,
        number=newest.number + 1 if newest else 1,
        status=VersionStatus.PUBLISHED,
        document=document,
        document_hash=digest,
        program=program,
        published_at=now,
        published_by=by,
    )
    return version, True


def _reference_problems(doc: JourneyDoc) -> list[Problem]:
    found = []
    if doc.product and not Product.objects.filter(key=doc.product).exists():
        found.append(Problem("product", _("there is no product “%s”") % doc.product))
    if not Topic.objects.filter(key=doc.topic).exists():
        found.append(Problem("topic", _("there is no topic “%s”") % doc.topic))
    return found


def _program(doc: JourneyDoc) -> dict[str, Any]:
    """Everything the engine asks of a version, compiled: the walk, and the four conditions."""
    program, _problems = compile_steps(doc.steps)

    def tree(raw: Any) -> Any:
        return conditions.dump(conditions.parse(raw, subject="enrollment")) if raw else None

    keys = {op["value"] for op in program["ops"] if op["op"] in ("email", "nudge")}
    pinned = TemplateVersion.objects.filter(
        template__key__in=keys, status=VersionStatus.PUBLISHED
    ).values_list("template__key", "pk")
    return program | {
        "templates": dict(pinned.order_by("template__key")),
        "subject": doc.subject,
        "entry": tree(entry_condition(doc.entry)),
        "goal": tree(doc.goal),
        "exit_when": tree(doc.exit_when),
        "to": doc.to.role if doc.to else "",
        "enroll": doc.enroll,
        "reentry": doc.reentry if isinstance(doc.reentry, str) else doc.reentry.after,
        "holdout": doc.holdout,
        "topic": doc.topic,
        "priority": doc.priority,
    }
