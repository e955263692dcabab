"""Letters and nudges: compiled once when published, filled for one recipient when they leave.

`compile_*` read a template document (docs/bundles.md); `freeze` fixes everything an attempt needs,
so that each attempt makes the same bytes (I22).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address as MailAddress
from email.utils import format_datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.forms import model_to_dict
from django.utils.translation import gettext as _

from journeys.messages import content, liquid, salutation, targets, values
from journeys.messages.checking import problems_of
from journeys.messages.compiling import Compiled, compile_email, compile_nudge, compile_short
from journeys.messages.links import (
    GOOD_FOR,
    click_token,
    preferences_token,
    stop_token,
    uid_of,
    url_of,
)
from journeys.messages.liquid import BadTemplate, MissingValue
from journeys.messages.phrases import language_of, moment
from journeys.models import Address, Message, Persona, TemplateVersion

__all__ = [
    "BadTemplate",
    "Filled",
    "MissingValue",
    "NoAddress",
    "compile_email",
    "compile_nudge",
    "compile_short",
    "fill",
    "freeze",
    "nudge_view",
    "problems_of",
    "register_value",
    "values_at",
]

register_value = values.register_value
TRANSACTIONAL = Message.Category.TRANSACTIONAL
COLUMNS = {"ja": 42, "en": 72}


class NoAddress(LookupError):
    """The recipient has no address that a mail can be sent to."""


# --- one recipient ----------------------------------------------------------------------------------
def values_at(message: Message, now: datetime) -> dict[str, Any]:
    """Every merge value of a message's recipient, as it is at `now`."""
    return values.values_of([message], now)[message.pk]


def freeze(
    message: Message, now: datetime, known: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Everything an e-mail's attempts need, fixed at the first claim; plain JSON.

    `known` are its merge values where they were read for a batch. MissingValue names the field a
    text needs and the recipient lacks; NoAddress when nobody can be reached.
    """
    compiled = _compiled_of(message)
    contact, person = message.contact, message.person
    language = language_of(person.locale)
    wanted = {*compiled["variables"], "account_name", "department", "title", "person_name"}
    known = known if known is not None else values.values_of([message], now, wanted)[message.pk]
    part = compiled if language == "ja" else compiled["en"]
    lines = salutation.lines(
        company=str(known.get("account_name", "")),
        department=str(known.get("department", "")),
        title=str(known.get("title", "")),
        name=str(known.get("person_name", "")),
        language=part["language"],
    )
    until = now + GOOD_FOR
    frame: dict[str, Any] = {
        "frame_salutation": list(lines),
        "frame_link_until": moment(until, now, person.zone, part["language"]),
    }
    for position in range(len(compiled["links"])):
        frame[f"frame_link_{position}"] = url_of("click", click_token(uid_of(message, position)))
    stop = None
    if message.category != TRANSACTIONAL:
        stop = url_of("stop", stop_token(message, person.uid))
        frame["frame_stop_url"] = stop
        frame["frame_preferences_url"] = url_of("preferences", preferences_token(person.uid))
    frozen = {
        "language": language,
        "values": {n: known[n] for n in compiled["variables"] if n in known},
        "frame": frame,
        "from": str(MailAddress(compiled["from"][0], addr_spec=compiled["from"][1])),
        "reply_to": compiled["reply_to"],
        "to": _address(message),
        "stop_url": stop,
        "message_id": f"<{message.uid}@{compiled['from'][1].rpartition('@')[2]}>",
        "date": format_datetime(now.astimezone(ZoneInfo(person.zone))),
        "boundary": f"=_junro_{message.uid.hex}",
        "until": until.isoformat(),
    }
    if message.persona:
        frozen["compiled"] = compiled  # no version keeps this one: every attempt makes these bytes
    fill(message, frozen)  # a missing value is found now, not when the letter leaves
    return frozen | ({"contact": str(contact.uid)} if contact else {})


class Filled:
    """A letter filled for its recipient."""

    def __init__(self, subject: str, html: str, text: str) -> None:
        self.subject, self.html, self.text = subject, html, text


def fill(message: Message, frozen: Mapping[str, Any]) -> Filled:
    """Subject, HTML and text of a frozen message; the same for the same input."""
    compiled = _compiled_of(message)
    part = compiled if frozen["language"] == "ja" else compiled["en"]
    known = {**frozen["values"], **frozen["frame"]}
    text = liquid.fill(part["text"], known, in_html=False)
    return Filled(
        subject=liquid.fill_line(part["subject"], known),
        html=liquid.fill(part["html"], known, in_html=True),
        text=content.fold(content.tidy(text), COLUMNS[part["language"]]),
    )


def _compiled_of(message: Message) -> Compiled:
    """The text a message says: its template version's, or a letter of our own it carries along."""
    own: Compiled | None = (message.frozen or {}).get("compiled")
    version = message.template_version
    if own is not None:
        return own
    if version is None:
        raise BadTemplate(_("the message has no text"))
    found: Compiled = version.compiled
    if not message.persona or message.persona == version.document.get("persona"):
        return found
    persona = Persona.objects.filter(key=message.persona).first()
    return _signed_by(version, persona, _words_of(persona)) if persona else found


def _words_of(persona: Persona | None) -> tuple[str, ...]:
    return tuple(str(value) for value in model_to_dict(persona).values()) if persona else ()


@lru_cache(maxsize=64)
def _signed_by(version: TemplateVersion, persona: Persona, _words: tuple[str, ...]) -> Compiled:
    """A text in the name of the persona its step names; compiled once for these words of theirs."""
    return compile_email(version.document, persona)


def _address(message: Message) -> str:
    """The one address a message goes to: checked, so that no header can be smuggled in with it."""
    value = message.to_address or (
        Address.objects.filter(person=message.person_id, channel="email", to_at=None)
        .order_by("from_at", "pk")
        .values_list("value", flat=True)
        .first()
        or ""
    )
    try:
        validate_email(value)
    except ValidationError as error:
        raise NoAddress(message.key) from error
    if len(value) > 254 or any(c in value for c in ',;<>"\r\n'):
        raise NoAddress(message.key)
    return value


def nudge_view(message: Message, now: datetime) -> dict[str, Any]:
    """What a nudge shows now: {"uid", "title", "body", "button", "style", "page"}, plain text.

    `button` is {"label", "to", "url"} or None. MissingValue when the text cannot be filled.
    """
    compiled = _compiled_of(message)
    known = values.values_of([message], now, compiled["variables"])[message.pk]
    button = compiled["button"]
    return {
        "uid": str(message.uid),
        "title": liquid.fill_line(compiled["title"], known),
        "body": liquid.fill(compiled["body"], known, in_html=False).strip(),
        "button": button and {
            "label": liquid.fill_line(button["label"], known),
            "to": button["to"],
            "url": targets.resolve(button["to"]),
        },
        "style": compiled["style"],
        "page": message.page or compiled["page"],
    }  # fmt: skip
