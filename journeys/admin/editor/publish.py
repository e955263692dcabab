"""The page before publishing: what is wrong, what changes, whom it reaches; and the one POST."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from journeys import clock, enrollments
from journeys.admin.editor import difference, drafts, problems, reach
from journeys.admin.editor.desk import Desk
from journeys.admin.editor.drafts import Overtaken
from journeys.admin.editor.journey_fields import Known
from journeys.calendars import days_at
from journeys.conditions import Ask
from journeys.models import Enrollment, Product, TemplateVersion, VersionStatus
from journeys.publishing import PublishRefused, publish_journey, read_entry


def ask_journey(desk: Desk, refused: PublishRefused | None = None) -> HttpResponse:
    """What publishing the draft would do. GET; changes nothing."""
    located = problems.of_journey(desk.document)
    published = desk.draft.published
    changes = difference.of_journeys(
        published.document if published else None, desk.document, Known.now()
    )
    return desk.page(
        "publish_journey.html",
        status=409 if refused else 200,
        problems=located,
        publish_url=desk.url("publish_now"),
        refused=refused.problems if refused else [],
        changes=changes,
        new_texts=_new_texts(published),
        inside=_inside(desk),
        entering=None if located else _entering(desk),
        enroll=desk.document.get("enroll", "new"),
        next_number=published.number + 1 if published else 1,
    )


def _new_texts(published: Any) -> list[str]:
    """Letters and nudges published anew since: publishing the journey again says them."""
    pinned = published.program["templates"] if published else {}
    rows = TemplateVersion.objects.filter(
        template__key__in=pinned, status=VersionStatus.PUBLISHED
    ).exclude(pk__in=pinned.values())
    return list(rows.order_by("template__key").values_list("template__name", flat=True))


def _inside(desk: Desk) -> list[tuple[int, int]]:
    """(version, how many are in it now), newest first."""
    rows = Enrollment.objects.filter(journey=desk.noun, status=Enrollment.Status.IN)
    counts: dict[int, int] = {}
    for number in rows.values_list("version__number", flat=True):
        counts[number] = counts.get(number, 0) + 1
    return sorted(counts.items(), reverse=True)


def _entering(desk: Desk) -> dict[str, Any] | None:
    """How many match the entrance now, and how many of them would come in at the next tick."""
    now = clock.now()
    key = desk.document.get("product")
    product_id = (
        Product.objects.filter(key=key).values_list("pk", flat=True).first() if key else None
    )
    version = reach.unsaved(desk.noun, desk.document, product_id)
    ask = Ask(now=now, days=days_at(now))
    entry, problems_found = read_entry(desk.document["entry"])
    if entry is None or problems_found:
        return None
    version.program |= {"entry": entry.tree, "door": entry.as_json(), "since": now.isoformat()}
    coming = enrollments.coming(version, ask)
    first = desk.draft.published is None
    stays_out = first and desk.document.get("enroll", "new") == "new"
    few = [reach.name_of(row) for row in coming.select_related(*_related(coming))[: reach.SAMPLES]]
    return {"matching": coming.count(), "names": few, "stays_out": stays_out}


def _related(rows: Any) -> tuple[str, ...]:
    return ("account",) if any(f.name == "account" for f in rows.model._meta.fields) else ()


def publish(desk: Desk) -> HttpResponse:
    """Publish exactly the draft that was shown. Refused: nothing changes, the draft stays."""
    if desk.draft.token != desk.request.POST.get("seen", ""):
        return desk.not_done(Overtaken(desk.draft))
    located = problems.of_journey(desk.document)
    if located:
        return ask_journey(desk)
    try:
        number, new, out = _publish(desk)
    except PublishRefused as error:
        return ask_journey(desk, error)
    if not new:
        desk.say(_("Nothing had changed: version %d stays published.") % number)
    elif out:
        desk.say(_("Version %(n)d is published. %(out)d who match already stay out.") % {"n": number, "out": out})  # fmt: skip
    else:
        desk.say(_("Version %d is published. Whoever is inside stays on their version.") % number)
    return desk.go()


@transaction.atomic
def _publish(desk: Desk) -> tuple[int, bool, int]:
    user: Any = desk.request.user
    now = clock.now()
    version, new = publish_journey(desk.document, now, by=user)
    out = 0
    if new and version.number == 1 and version.program["enroll"] == "new":
        out = enrollments.remember_who_matched(version, now)
    drafts.forget(desk.noun)
    return version.number, new, out


def drop(desk: Desk) -> HttpResponse:
    """Ask, then throw the draft away and go on from what is published."""
    if desk.draft.published is None:
        raise Http404
    if desk.request.method != "POST":
        return desk.page("drop.html")
    try:
        drafts.drop(desk.noun, desk.request.POST.get("seen", ""))
    except Overtaken as overtaken:
        return desk.not_done(overtaken)
    desk.say(_("The draft is gone; this is what is published."))
    return desk.go()
