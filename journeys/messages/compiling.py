"""Publishing a text: document and persona become HTML, text and links, merge fields kept.

A document may hold `en: {subject, preview, body, button: {label}, closing}` for English readers;
without it they get the Japanese letter with an English footer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeys.messages import checking, content, letter, mjml
from journeys.messages.letter import Letter
from journeys.messages.liquid import BadTemplate
from journeys.messages.phrases import LANGUAGES
from journeys.models import Message, Persona, Topic

Compiled = dict[str, Any]
LONGEST_SUBJECT = 70  # columns: 35 full-width characters (R52)


def compile_email(
    document: Mapping[str, Any], persona: Persona, *, topic: Topic | None = None
) -> Compiled:
    """The compiled form of an e-mail document, merge fields kept as Liquid.

    {"subject", "preview", "html", "text", "language", "links": [{"target", "label"}], "variables",
    "category", "from": [name, address], "reply_to", "warnings": codes, "en": {"subject", "preview",
    "html", "text", "language"}}. BadTemplate says what is wrong, in a sentence for the author. The
    topic is read from its row unless given.
    """
    document = {"channel": "email", **document}
    refuse(document)
    topic = topic or Topic.objects.filter(key=document.get("topic") or "").first()
    checking.check_sender(persona, topic)
    letters = [_letter(document, persona, topic, language) for language in LANGUAGES]
    pages = mjml.compile_all([letter.mjml(one) for one in letters])
    ja, en = (_part(one, page) for one, page in zip(letters, pages, strict=True))
    button = document.get("button")
    return {
        **ja,
        "en": en,
        "links": [{"target": button["to"], "label": button["label"]}] if button else [],
        "variables": checking.used_fields(document),
        "category": topic.category if topic else Message.Category.GUIDANCE.value,
        "from": [f"{persona.organisation} {persona.name}".strip(), persona.from_email],
        "reply_to": persona.reply_to,
        "warnings": _warnings(ja),
    }


def refuse(document: Mapping[str, Any]) -> None:
    """BadTemplate with the first thing that is wrong."""
    for field, message in checking.problems_of(document):
        raise BadTemplate(f"{field}: {message}")


def _letter(
    document: Mapping[str, Any], persona: Persona, topic: Topic | None, language: str
) -> Letter:
    """The letter for readers of a language: in it where it was written, its footer always."""
    translated = document.get(language) if language != "ja" else None
    if translated and "button" in translated and document.get("button"):
        translated = {**translated, "button": {**document["button"], **translated["button"]}}
    return Letter(
        document={**document, **translated} if translated else document,
        persona=persona,
        topic=topic.name if topic else str(document.get("topic", "")),
        can_stop=checking.can_stop(topic),
        letter_language=language if translated else "ja",
        footer_language=language,
    )


def _part(one: Letter, page: str) -> dict[str, str]:
    return {
        "subject": one.document["subject"],
        "preview": one.document.get("preview") or "",
        "html": one.restore(page),
        "text": letter.text(one),
        "language": one.letter_language,
    }


def _warnings(compiled: Mapping[str, str]) -> list[str]:
    """Codes, not sentences: a version's hash must not depend on the publisher's language."""
    found = []
    if len(compiled["html"].encode()) > mjml.CLIPPED_AT:
        found.append("gmail_clips")
    if sum(map(content.width, compiled["subject"])) > LONGEST_SUBJECT:
        found.append("long_subject")
    return found


def compile_nudge(document: Mapping[str, Any]) -> Compiled:
    """The compiled form of a nudge: {"title", "body", "button", "style", "page", "variables"}."""
    document = {"channel": "nudge", **document}
    refuse(document)
    button = document.get("button")
    return {
        "title": document["title"],
        "body": document.get("body") or "",
        "button": dict(button) if button else None,
        "style": document.get("style") or "banner",
        "page": document.get("page") or "",
        "variables": checking.used_fields(document),
    }


def compile_short(document: Mapping[str, Any]) -> Compiled:
    """The compiled form of a LINE or chat message: {"body", "button", "variables"}."""
    refuse(document)
    button = document.get("button")
    return {
        "body": document["body"],
        "button": dict(button) if button else None,
        "links": [{"target": button["to"], "label": button["label"]}] if button else [],
        "variables": checking.used_fields(document),
    }
