"""What keeps a text from being published, field by field, in sentences for its author."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from journeys.messages import footer, liquid, targets, values
from journeys.messages.letter import refuse_unreadable
from journeys.messages.liquid import BadTemplate
from journeys.models import Message, Persona, Topic

Problem = tuple[str, str]  # field, sentence
TEXTS = {
    "email": ("subject", "preview", "body", "closing"),
    "nudge": ("title", "body"),
    "line": ("body",),
    "chat": ("body",),
}
LONGEST_TEXT = 50_000  # bytes a field, so that the whole letter stays below the compiler's limit
LINES = ("subject", "preview", "title")
PERSONA_TEXTS = (
    "name", "title", "organisation", "legal_name", "postal_address", "complaints_to",
)  # fmt: skip


def problems_of(document: Mapping[str, Any]) -> list[Problem]:
    """(field, sentence) of each mistake in a template document; empty when it can be published."""
    found = list(_texts(document, document["channel"], ""))
    if english := document.get("en"):
        found += _texts(english, document["channel"], "en.")
    if document["channel"] == "email":
        found += _sender(document)
    return found


def used_fields(document: Mapping[str, Any]) -> list[str]:
    """The merge fields of a document that has no problems."""
    names: set[str] = set()
    for part in (document, document.get("en") or {}):
        for text in _written(part, document["channel"]).values():
            names |= liquid.check(text, values.declared())
    return sorted(names)


def _written(part: Mapping[str, Any], channel: str) -> dict[str, str]:
    """Field → text of everything an author wrote."""
    texts = {name: str(part.get(name) or "") for name in TEXTS[channel]}
    if button := part.get("button"):
        texts["button.label"] = str(button["label"])
    return texts


def _texts(part: Mapping[str, Any], channel: str, prefix: str) -> Iterator[Problem]:
    for field, text in _written(part, channel).items():
        yield from _problem(prefix + field, lambda text=text: _check_text(text))  # type: ignore[misc]
        if field in LINES and "\n" in text.strip():
            yield prefix + field, _("must be one line")
    button = part.get("button") or {}
    if to := button.get("to"):
        yield from _problem(f"{prefix}button.to", lambda: targets.check(to))


def _check_text(text: str) -> None:
    if len(text.encode()) > LONGEST_TEXT:
        raise BadTemplate(_("the letter is too long: at most %d kB") % (LONGEST_TEXT // 1000))
    refuse_unreadable(text)
    liquid.check(text, values.declared())


def _problem(field: str, check: Callable[[], object]) -> Iterator[Problem]:
    try:
        check()
    except BadTemplate as error:
        yield field, str(error)


def _sender(document: Mapping[str, Any]) -> Iterator[Problem]:
    """I24: the persona behind a letter is complete, and holds no merge fields."""
    persona = Persona.objects.filter(key=document.get("persona") or "").first()
    if persona is None:
        return  # that it is missing is said by who knows the personas of the bundle
    topic = Topic.objects.filter(key=document.get("topic") or "").first()
    yield from _problem("persona", lambda: check_sender(persona, topic))


def check_sender(persona: Persona, topic: Topic | None) -> None:
    """BadTemplate when this persona may not sign a letter of this topic."""
    footer.require_lawful(persona, can_stop=can_stop(topic))
    for name in PERSONA_TEXTS:
        text = getattr(persona, name)
        refuse_unreadable(text)
        if "{{" in text or "{%" in text:
            raise BadTemplate(_("the persona's “%s” must hold no merge field") % name)


def can_stop(topic: Topic | None) -> bool:
    """Whether letters of a topic carry a stop link: all but contract notices."""
    return topic is None or topic.category != Message.Category.TRANSACTIONAL
