"""A text as one recipient would get it: the sender's own rendering, nothing sent, nothing saved."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from journeys.messages import rendering
from journeys.messages.rendering import BadTemplate, MissingValue
from journeys.models import Contact, Message, Person, Persona, Subscription, TemplateVersion

#: Letters that are only looked at go nowhere: a name reserved for that (RFC 2606).
NOWHERE = "preview@example.invalid"


@dataclass(frozen=True)
class Preview:
    """A filled text; `html` and `text` of a letter, `nudge` of a nudge, or why there is none."""

    subject: str = ""
    html: str = ""
    text: str = ""
    nudge: dict[str, Any] = field(default_factory=dict)
    sender: str = ""
    problem: str = ""
    warnings: tuple[str, ...] = ()


def of_document(document: dict[str, Any], contact: Contact | None, now: datetime) -> Preview:
    """The text as `contact` would get it now; without one, merge fields show their names."""
    try:
        compiled = _compiled(document)
    except BadTemplate as error:
        return Preview(problem=str(error))
    except (KeyError, TypeError, AttributeError):
        return Preview(problem=_("The text is not complete yet."))
    message = _message(document, compiled, contact)
    try:
        return _filled(message, compiled, contact, now)
    except MissingValue as error:
        text = _("This person has no “%s”. Such a message is skipped, with this reason.")
        return Preview(problem=text % error.name)


def _compiled(document: dict[str, Any]) -> dict[str, Any]:
    if document.get("channel") == "nudge":
        return rendering.compile_nudge(document)
    persona = Persona.objects.filter(key=document.get("persona") or "").first()
    if persona is None:
        raise BadTemplate(_("Choose a sender to see the letter."))
    return rendering.compile_email(document, persona)


def _message(
    document: dict[str, Any], compiled: dict[str, Any], contact: Contact | None
) -> Message:
    """A message that is never saved, as the engine would plan it."""
    version = TemplateVersion(document=document, compiled=compiled)
    live = (
        Subscription.objects.filter(account=contact.account_id, ended_at=None) if contact else None
    )
    subscription = live.order_by("-started_at").first() if live is not None else None
    return Message(
        channel=document.get("channel", "email"),
        contact=contact,
        person=contact.person if contact else Person(),
        account_id=contact.account_id if contact else None,
        subscription_id=subscription.pk if subscription else None,
        template_version=version,
        category=compiled.get("category", Message.Category.GUIDANCE),
        topic=document.get("topic", ""),
        to_address=NOWHERE,
    )


def _filled(
    message: Message, compiled: dict[str, Any], contact: Contact | None, now: datetime
) -> Preview:
    known = None if contact else _names(compiled["variables"])
    if message.channel == "nudge":
        return Preview(nudge=_nudge(message, compiled, contact, now))
    frozen = rendering.freeze(message, now, known)
    filled = rendering.fill(message, frozen)
    return Preview(
        subject=filled.subject,
        html=filled.html,
        text=filled.text,
        sender=frozen["from"],
        warnings=tuple(map(str, compiled.get("warnings", ()))),
    )


def _names(variables: list[str]) -> dict[str, Any]:
    """Each merge field as its own name in brackets."""
    names = {*variables, "account_name", "department", "title", "person_name"}
    return {n: [f"〔{n}〕"] if n.endswith("_list") else f"〔{n}〕" for n in names}


def _nudge(
    message: Message, compiled: dict[str, Any], contact: Contact | None, now: datetime
) -> dict[str, Any]:
    if contact is not None:
        return rendering.nudge_view(message, now)
    return {**compiled, "button": compiled.get("button")}
