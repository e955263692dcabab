"""The text editor: one form, and beside it the letter as a chosen person would get it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from journeys import clock
from journeys.admin.editor import difference, drafts, fields, preview
from journeys.admin.editor.desk import Desk, who_saved
from journeys.admin.editor.drafts import Document, Overtaken
from journeys.admin.editor.fields import Field, hidden_in
from journeys.messages.templates import check_template, publish_template
from journeys.models import Contact, JourneyVersion, Persona, Topic, VersionStatus
from journeys.publishing import Problem, PublishRefused

LONGEST = {"subject": 200, "preview": 200, "title": 200, "name": 200}
OFFERED = 30


@dataclass(frozen=True)
class Wrong:
    """A problem as the shared list of problems shows it."""

    problem: Problem
    step_id: str = ""

    @property
    def message(self) -> str:
        return self.problem.message


def form_fields(document: Document) -> list[Field]:
    """What a text of this channel asks its author."""
    topics = [("", "—"), *Topic.objects.order_by("pk").values_list("key", "name")]
    about = [
        Field("name", gettext_lazy("Name"), help=gettext_lazy("For your colleagues")),
        Field("topic", gettext_lazy("Topic"), "select", choices=topics),
    ]
    if document.get("channel") == "nudge":
        return about + _nudge()
    return about + _email()


def _email() -> list[Field]:
    personas = [("", "—"), *Persona.objects.order_by("pk").values_list("key", "name")]
    return [
        Field("persona", gettext_lazy("Sender"), "select", choices=personas),
        Field("next_action", gettext_lazy("The one thing asked for"),
              help=gettext_lazy("One letter asks for one thing")),
        Field("subject", gettext_lazy("Subject"),
              help=gettext_lazy("The first 20 characters carry it")),
        Field("preview", gettext_lazy("Preview line"),
              help=gettext_lazy("What the inbox shows after the subject")),
        Field("body", gettext_lazy("Letter"), "area", rows=16,
              help=gettext_lazy("Company, name and greeting are put before it. **bold**, lists with “- ”, merge fields like {{ stage_due }}")),
        Field("button.label", gettext_lazy("Button"),
              help=gettext_lazy("Says what happens, with how long it takes")),
        Field("button.to", gettext_lazy("Button leads to"),
              help=gettext_lazy("home, goal, roadmap, lesson:…, course:…, article:…, product:/… or https://…")),
        Field("closing", gettext_lazy("Closing"), "area", rows=5),
    ]  # fmt: skip


def _nudge() -> list[Field]:
    styles = [("banner", gettext_lazy("Banner")), ("tooltip", gettext_lazy("Tooltip")),
              ("modal", gettext_lazy("Dialogue"))]  # fmt: skip
    return [
        Field("title", gettext_lazy("Title")),
        Field("body", gettext_lazy("Text"), "area", rows=4),
        Field("button.label", gettext_lazy("Button")),
        Field("button.to", gettext_lazy("Button leads to"),
              help=gettext_lazy("home, goal, roadmap, lesson:…, course:…, article:…, product:/… or https://…")),
        Field("style", gettext_lazy("Style"), "select", choices=styles, default="banner"),
        Field("page", gettext_lazy("On the page"), help=gettext_lazy("home, or product:/…")),
    ]  # fmt: skip


def wrong_with(document: Document) -> list[Wrong]:
    """Everything that keeps the text from being published."""
    found = [*check_template(document), *hidden_in(document), *_lengths(document)]
    persona, topic = document.get("persona"), document.get("topic")
    if persona and not Persona.objects.filter(key=persona).exists():
        found.append(Problem("persona", _("there is no persona “%s”") % persona))
    if topic and not Topic.objects.filter(key=topic).exists():
        found.append(Problem("topic", _("there is no topic “%s”") % topic))
    return [Wrong(problem) for problem in dict.fromkeys(found)]


def _lengths(document: Document) -> list[Problem]:
    found = []
    for name, most in LONGEST.items():
        text = str(document.get(name) or "")
        if len(text) > most:
            found.append(Problem(name, _("is longer than %d characters") % most))
        if "\n" in text:
            found.append(Problem(name, _("must be one line")))
    return found


# --- reading ----------------------------------------------------------------------------------------
def show(desk: Desk) -> HttpResponse:
    """The editor with a preview for `?contact=ID`, or with the merge fields' names."""
    return _page(desk)


def _page(desk: Desk, typed: Any = None, overtaken: Overtaken | None = None) -> HttpResponse:
    if overtaken is not None:
        desk = Desk(desk.admin, desk.request, overtaken.draft, desk.named)
    own = form_fields(desk.document)
    found = wrong_with(desk.document)
    problems = [one.problem for one in found]
    conflict = None
    if overtaken is not None:
        mine = fields.filled(desk.document, own, typed)
        changes = difference.of_fields(desk.document, mine, own)
        conflict = {"who": who_saved(desk.draft), "changes": changes}
    contacts = _contacts(desk)
    chosen = _chosen(desk, contacts, desk.request.GET.get("contact", ""))
    return desk.page(
        "template.html",
        status=409 if overtaken else 200,
        rows=fields.rows(desk.document, own, problems, typed),
        loose=fields.loose(problems, own),
        problems=found,
        conflict=conflict,
        contacts=contacts,
        chosen=chosen,
        preview=preview.of_document(desk.document, chosen, clock.now()),
        used_by=_used_by(desk),
        in_conflict=bool(overtaken),
    )


def _contacts(desk: Desk) -> list[Contact]:
    """Whom the preview can be shown for; nobody, for who may not see customers."""
    if not desk.request.user.has_perm("journeys.view_contact"):
        return []
    rows = Contact.objects.filter(is_current=True, account__isnull=False)
    if asked := desk.request.GET.get("q", "").strip():
        rows = rows.filter(
            Q(name__icontains=asked) | Q(email__icontains=asked) | Q(account__name__icontains=asked)
        )
    return list(rows.select_related("account", "person").order_by("pk")[:OFFERED])


def _chosen(desk: Desk, contacts: list[Contact], asked: str) -> Contact | None:
    if asked.isdecimal() and desk.request.user.has_perm("journeys.view_contact"):
        rows = Contact.objects.select_related("account", "person")
        return rows.filter(pk=int(asked[:18])).first()
    return None


def _used_by(desk: Desk) -> list[tuple[str, int]]:
    """(journey, its id) for each published journey that says this text."""
    published = JourneyVersion.objects.filter(status=VersionStatus.PUBLISHED)
    rows = published.filter(program__templates__has_key=desk.noun.key)
    return list(rows.values_list("journey__name", "journey_id"))


def look(desk: Desk) -> HttpResponse:
    """POST of the form as it is being typed: the preview, as a piece of HTML. Reads only."""
    data = desk.request.POST
    document = fields.filled(desk.document, form_fields(desk.document), data)
    chosen = _chosen(desk, [], data.get("contact", ""))
    found = preview.of_document(document, chosen, clock.now())
    return TemplateResponse(
        desk.request, "admin/journeys/editor/preview.html", {"preview": found, "chosen": chosen}
    )


# --- saving -----------------------------------------------------------------------------------------
def save(desk: Desk) -> HttpResponse:
    """Keep the text as it was typed, right or wrong."""
    data = desk.request.POST
    own = form_fields(desk.document)
    try:
        desk.keep(fields.filled(desk.document, own, data))
    except Overtaken as overtaken:
        return _page(desk, data, overtaken)
    desk.say(_("The draft is saved."))
    contact = data.get("contact", "")
    return desk.go(to=f"?contact={contact}" if contact.isdecimal() else "")


def ask(desk: Desk, refused: PublishRefused | None = None) -> HttpResponse:
    """What publishing the draft would do. GET; changes nothing."""
    published = desk.draft.published
    old = published.document if published else {}
    return desk.page(
        "publish_template.html",
        status=409 if refused else 200,
        problems=wrong_with(desk.document),
        refused=refused.problems if refused else [],
        changes=difference.of_fields(old, desk.document, form_fields(desk.document)),
        used_by=_used_by(desk),
        next_number=published.number + 1 if published else 1,
        publish_url=desk.url("publish_now"),
        preview=preview.of_document(desk.document, None, clock.now()),
    )


def publish(desk: Desk) -> HttpResponse:
    """Publish exactly the draft that was shown. Refused: nothing changes, the draft stays."""
    if desk.draft.token != desk.request.POST.get("seen", ""):
        return desk.not_done(Overtaken(desk.draft))
    if wrong_with(desk.document):
        return ask(desk)
    user: Any = desk.request.user
    try:
        with transaction.atomic():
            version, new = publish_template(copy.deepcopy(desk.document), clock.now(), by=user)
            drafts.forget(desk.noun)
    except PublishRefused as error:
        return ask(desk, error)
    text = _("Version %d is published. Journeys say it once they are published again.")
    desk.say(
        (text if new else _("Nothing had changed: version %d stays published.")) % version.number
    )
    return desk.go()
