"""Before a route is published: what is wrong, what changes, whom it moves; and the one POST."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _

from journeys import clock
from journeys.admin.editor import drafts, parts, reach
from journeys.admin.editor import lifecycle_problems as problems
from journeys.admin.editor.desk import Desk
from journeys.admin.editor.difference import Change, of_fields
from journeys.admin.editor.drafts import Overtaken
from journeys.admin.editor.fields import Document
from journeys.admin.editor.lifecycle_fields import (
    KnownHere,
    criterion_fields,
    head_fields,
    stage_fields,
)
from journeys.admin.editor.lifecycle_pages import in_use
from journeys.models import Subscription
from journeys.publishing import Problem, PublishRefused, publish_lifecycle


def ask(desk: Desk, refused: PublishRefused | None = None) -> HttpResponse:
    """What publishing the draft would do. GET; changes nothing."""
    published = desk.draft.published
    found = everything_wrong(desk)
    return desk.page(
        "publish_lifecycle.html",
        status=409 if refused else 200,
        problems=found,
        refused=refused.problems if refused else [],
        changes=of_lifecycles(published.document if published else None, desk.document),
        stages=_reaching(desk),
        on_older=_on_versions(desk),
        waiting=_waiting(desk),
        next_number=published.number + 1 if published else 1,
        publish_url=desk.url("publish_now"),
    )


def everything_wrong(desk: Desk) -> list[problems.At]:
    """The checks of publishing, and stages that were taken out while somebody stands in them."""
    kept = {stage.get("key") for stage in parts.stages(desk.document)}
    published = desk.draft.published
    gone = [
        s for s in parts.stages(published.document if published else {}) if s["key"] not in kept
    ]
    found = problems.of_lifecycle(desk.document)
    for stage in gone:
        if count := in_use(desk, stage["key"]):
            message = _("the stage “%(name)s” is in use by %(n)d contracts and cannot go")
            found.append(
                problems.At(Problem("stages", message % {"name": stage["name"], "n": count}))
            )
    return found


def _reaching(desk: Desk) -> list[tuple[Document, reach.StageReach]]:
    product, now = str(desk.document.get("product", "")), clock.now()
    found = [(stage, reach.of_stage(product, stage, now)) for stage in parts.stages(desk.document)]
    return [(stage, one) for stage, one in found if one is not None and parts.criteria(stage)]


def _on_versions(desk: Desk) -> list[tuple[int, int]]:
    """(version, how many live contracts are on it): they stay there."""
    rows = Subscription.objects.filter(version__lifecycle=desk.noun, ended_at=None)
    counted: dict[int, int] = {}
    for number in rows.values_list("version__number", flat=True):
        counted[number] = counted.get(number, 0) + 1
    return sorted(counted.items(), reverse=True)


def _waiting(desk: Desk) -> int:
    """Live contracts of the product that are on no route yet: they start with what is published."""
    product = str(desk.document.get("product", ""))
    return reach.of_product(product).filter(version=None).count()


def of_lifecycles(old: Document | None, new: Document) -> list[Change]:
    """What the new text of a route says otherwise, in plain words."""
    known = KnownHere.now()
    before = old or {}
    found = of_fields(before, new, head_fields(known))
    old_stages = {s.get("key"): s for s in parts.stages(before)}
    new_stages = {s.get("key"): s for s in parts.stages(new)}
    found += [Change(_("Stage taken out"), old=_name(s)) for k, s in old_stages.items() if k not in new_stages]  # fmt: skip
    for key, stage in new_stages.items():
        if key not in old_stages:
            found.append(Change(_("Stage put in"), new=_name(stage)))
            continue
        found += of_fields(old_stages[key], stage, stage_fields(known), _name(stage))
        found += _of_criteria(old_stages[key], stage, known)
    both = [key for key in new_stages if key in old_stages]
    if both != [key for key in old_stages if key in new_stages]:
        found.append(
            Change(_("Order of the stages"), new=" → ".join(map(_name, new_stages.values())))
        )
    return found


def _of_criteria(old: Document, new: Document, known: KnownHere) -> list[Change]:
    before = {c.get("key"): c for c in parts.criteria(old)}
    after = {c.get("key"): c for c in parts.criteria(new)}
    where = _name(new)
    found = [Change(f"{where}・{_('Criterion taken out')}", old=_name(c)) for k, c in before.items() if k not in after]  # fmt: skip
    for key, criterion in after.items():
        if key in before:
            label = f"{where}・{_name(criterion)}"
            found += of_fields(before[key], criterion, criterion_fields(known), label)
        else:
            found.append(Change(f"{where}・{_('Criterion put in')}", new=_name(criterion)))
    return found


def _name(part: Document) -> str:
    return str(part.get("label") or part.get("name") or part.get("key"))


def publish(desk: Desk) -> HttpResponse:
    """Publish exactly the draft that was shown. Refused: nothing changes, the draft stays."""
    if desk.draft.token != desk.request.POST.get("seen", ""):
        return desk.not_done(Overtaken(desk.draft))
    if everything_wrong(desk):
        return ask(desk)
    user: Any = desk.request.user
    try:
        with transaction.atomic():
            version, new = publish_lifecycle(desk.document, clock.now(), by=user)
            drafts.forget(desk.noun)
    except PublishRefused as error:
        return ask(desk, error)
    if new:
        desk.say(_("Version %d is published. Contracts on the route stay on their version.") % version.number)  # fmt: skip
    else:
        desk.say(_("Nothing had changed: version %d stays published.") % version.number)
    return desk.go()
