"""The foot of every letter: why you get it, how to stop it, and who is behind it (R47, R48).

特定電子メール法 art. 4 and its ordinance art. 9: name of the sender, that one may stop, where, the
postal address, and where complaints go.
"""

from __future__ import annotations

import html
from collections.abc import Callable

from django.utils.translation import gettext as _

from journeys.messages.liquid import BadTemplate
from journeys.messages.phrases import PHRASES
from journeys.models import Persona

STOP_URL = "{{ frame_stop_url }}"
PREFERENCES_URL = "{{ frame_preferences_url }}"
NEEDED = ("legal_name", "postal_address", "complaints_to")


def require_lawful(persona: Persona, *, can_stop: bool) -> None:
    """I24: guidance and promotion without a full sender cannot be published."""
    missing = [name for name in NEEDED if not getattr(persona, name).strip()]
    if missing and can_stop:
        raise BadTemplate(
            _(
                "the persona “%(persona)s” lacks %(fields)s, which the law wants in every such letter"
            )
            % {"persona": persona.key, "fields": ", ".join(missing)}
        )


def as_html(
    persona: Persona,
    topic: str,
    language: str,
    *,
    can_stop: bool,
    protect: Callable[[str], str],
    style: str,
) -> str:
    """The footer's paragraphs; the stop link stands beside the words that promise it."""
    words = PHRASES[language]

    def row(text: str) -> str:
        return f'<p class="quiet" style="{style}">{text}</p>'

    def link(url: str, label: str) -> str:
        return f'<a href="{protect(url)}" target="_blank" style="color:inherit;">{label}</a>'

    rows = [row(_safe(_why(persona, topic, language)))]
    if can_stop:
        stop = f"<b>{link(STOP_URL, words['stop'])}</b>{words['stop_note']}"
        rows.append(row(f"{stop}<br />{link(PREFERENCES_URL, words['preferences'])}"))
    legal = [words["sender"] + persona.legal_name, persona.postal_address]
    legal.append(words["complaints"] + persona.complaints_to)
    return "".join([*rows, row("<br />".join(map(_safe, legal)))])


def as_text(persona: Persona, topic: str, language: str, *, can_stop: bool) -> str:
    """The same footer as plain text."""
    words = PHRASES[language]
    rows = [_why(persona, topic, language), ""]
    if can_stop:
        rows += [words["stop"] + words["stop_note"], STOP_URL]
        rows += [words["preferences"], PREFERENCES_URL, ""]
    rows += [words["sender"] + persona.legal_name, persona.postal_address]
    rows.append(words["complaints"] + persona.complaints_to)
    return "\n".join(rows) + "\n"


def _why(persona: Persona, topic: str, language: str) -> str:
    return PHRASES[language]["why"].format(organisation=persona.organisation, topic=topic)


def _safe(text: str) -> str:
    return html.escape(text, quote=False)
