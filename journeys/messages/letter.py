"""The shape of a letter: one 600-pixel column, salutation to footer, and its plain-text twin (R52).

Colours are the design tokens' resolved values: mail programs know no CSS variables.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from journeys.messages import content, footer, salutation
from journeys.messages.content import Block
from journeys.messages.liquid import BadTemplate
from journeys.messages.phrases import PHRASES
from journeys.models import Persona

#: token: (light, dark), as in the design tokens
COLOURS = {
    "bg": ("#f3f6f5", "#0d1311"),
    "surface": ("#ffffff", "#151d1a"),
    "line": ("#d6dedb", "#2b3733"),
    "text": ("#14201c", "#e8efec"),
    "text-2": ("#495852", "#adbbb5"),
    "link": ("#0a4fa6", "#8dbbff"),
    "brand": ("#00664f", "#4ccaa7"),
    "on-brand": ("#ffffff", "#03221a"),
}
LIGHT = {name: light for name, (light, _dark) in COLOURS.items()}
DARK = {name: dark for name, (_light, dark) in COLOURS.items()}
FONTS = {
    "ja": "'Hiragino Sans','Hiragino Kaku Gothic ProN','Noto Sans JP','Noto Sans CJK JP',"
    "'BIZ UDPGothic','Yu Gothic UI',Meiryo,sans-serif",
    "en": "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Noto Sans','Noto Sans CJK JP',sans-serif",
}
PARAGRAPH = "margin:0 0 16px;"
ITEMS = "margin:0 0 16px;padding-left:1.4em;"
SMALL = f"margin:0 0 10px;font-size:14px;line-height:1.7;color:{LIGHT['text-2']};"
_PRIVATE = range(0xE000, 0xF900)


@dataclass
class Letter:
    """One language's letter while it is being built; `kept` are the Liquid tags taken out of it."""

    document: Mapping[str, Any]
    persona: Persona
    topic: str
    can_stop: bool
    letter_language: str
    footer_language: str
    kept: list[str] = field(default_factory=list)

    @cached_property
    def _mark(self) -> str:
        """ASCII, because the compiler spells other characters out in attributes; no author can
        write it, because it is made of the hash of what they wrote."""
        text = json.dumps(dict(self.document), ensure_ascii=False, sort_keys=True, default=str)
        return f"merge{hashlib.sha256(text.encode()).hexdigest()[:24]}x"

    def protect(self, tag: str) -> str:
        """A mark that stands for a Liquid tag while MJML is compiled."""
        self.kept.append(tag)
        return f"{self._mark}{len(self.kept) - 1}x"

    def restore(self, compiled: str) -> str:
        """Compiled HTML with the Liquid tags back in their places."""
        return re.sub(f"{self._mark}(\\d+)x", lambda m: self.kept[int(m[1])], compiled)

    @property
    def button(self) -> Mapping[str, str] | None:
        return self.document.get("button")

    def blocks(self, part: str) -> list[Block]:
        return content.blocks(self.document.get(part) or "")

    @property
    def greeting(self) -> str:
        return PHRASES[self.letter_language]["greeting"].format(
            organisation=self.persona.organisation, sender=salutation.family_name(self.persona.name)
            if self.letter_language == "ja" else self.persona.name,
        )  # fmt: skip


def refuse_unreadable(text: str) -> None:
    """Private characters mark places while a text is read, and control characters end a letter;
    nobody can see either in a mail anyway."""
    if any(ord(c) in _PRIVATE or (ord(c) < 32 and c not in "\n\r\t") for c in text):
        raise BadTemplate(_("the text holds characters that no mail program can show"))


# --- MJML -------------------------------------------------------------------------------------------
def mjml(letter: Letter) -> str:
    """The letter's MJML, every Liquid tag in it replaced by a mark."""
    protect = letter.protect
    # Whole behind a mark: the compiler repeats it in an attribute, where quotes would end it.
    title = protect(html.escape(letter.document["subject"]))
    preview = content.inline(letter.document.get("preview") or "", protect)
    return (
        f'<mjml lang="{letter.letter_language}"><mj-head><mj-title>{title}</mj-title>'
        f"<mj-preview>{preview}</mj-preview>{_attributes(letter)}{_dark_mode()}</mj-head>"
        f'<mj-body width="600px" background-color="{LIGHT["bg"]}" css-class="ground">'
        f'<mj-section background-color="{LIGHT["surface"]}" css-class="sheet" padding="24px 0 8px">'
        f"<mj-column>{_opening(letter)}{_button(letter)}{_closing(letter)}</mj-column></mj-section>"
        f'<mj-section background-color="{LIGHT["surface"]}" css-class="sheet" padding="0 0 20px">'
        f"<mj-column>{_footer(letter)}</mj-column></mj-section></mj-body></mjml>"
    )


def _attributes(letter: Letter) -> str:
    font = FONTS[letter.letter_language]
    return (
        "<mj-attributes>"
        f'<mj-all font-family="{font}" />'
        f'<mj-text font-size="16px" line-height="1.8" color="{LIGHT["text"]}" padding="0 24px" />'
        f'<mj-button width="100%" font-size="16px" font-weight="700" inner-padding="13px 16px" '
        f'padding="4px 24px 12px" border-radius="8px" background-color="{LIGHT["brand"]}" '
        f'color="{LIGHT["on-brand"]}" />'
        "</mj-attributes>"
    )


def _dark_mode() -> str:
    dark = DARK
    rules = (
        f"body,.ground{{background-color:{dark['bg']} !important}}",
        f".sheet,.sheet table{{background-color:{dark['surface']} !important;background:{dark['surface']} !important}}",
        f".sheet div,.sheet p,.sheet li{{color:{dark['text']} !important}}",
        f".sheet .quiet{{color:{dark['text-2']} !important}}",
        f".sheet a{{color:{dark['link']} !important}}",
        f".sheet .go td,.sheet .go a{{background:{dark['brand']} !important;color:{dark['on-brand']} !important}}",
        f".sheet .rule p{{border-top-color:{dark['line']} !important}}",
    )
    return (
        '<mj-raw><meta name="color-scheme" content="light dark" />'
        '<meta name="supported-color-schemes" content="light dark" /></mj-raw>'
        f"<mj-style>@media (prefers-color-scheme:dark){{{''.join(rules)}}}</mj-style>"
    )


def _opening(letter: Letter) -> str:
    loop = letter.protect("{% for line in frame_salutation %}")
    line = letter.protect("{{ line }}")
    more = (
        letter.protect("{% unless forloop.last %}") + "<br />" + letter.protect("{% endunless %}")
    )
    end = letter.protect("{% endfor %}")
    body = content.as_html(letter.blocks("body"), letter.protect, paragraph=PARAGRAPH, items=ITEMS)
    return (
        f'<mj-text><p style="{PARAGRAPH}">{loop}{line}{more}{end}</p>'
        f'<p style="{PARAGRAPH}">{html.escape(letter.greeting, quote=False)}</p>{body}</mj-text>'
    )


def _button(letter: Letter) -> str:
    if letter.button is None:
        return ""
    words = PHRASES[letter.letter_language]
    url = letter.protect("{{ frame_link_0 }}")
    label = content.inline(letter.button["label"], letter.protect)
    until = content.inline(
        words["link_until"].format(until="{{ frame_link_until }}"), letter.protect
    )
    return (
        f'<mj-button href="{url}" css-class="go">{label}</mj-button>'
        f'<mj-text><p class="quiet" style="{SMALL}overflow-wrap:anywhere;">'
        f"{words['button_fallback']}<br />{url}<br />{until}</p></mj-text>"
    )


def _closing(letter: Letter) -> str:
    if not letter.document.get("closing"):
        return ""
    blocks = letter.blocks("closing")
    return f"<mj-text>{content.as_html(blocks, letter.protect, paragraph=PARAGRAPH, items=ITEMS)}</mj-text>"


def _footer(letter: Letter) -> str:
    rule = (
        f'<mj-divider css-class="rule" border-width="1px" border-color="{LIGHT["line"]}" '
        'padding="8px 24px 16px" />'
    )
    rows = footer.as_html(
        letter.persona, letter.topic, letter.footer_language, can_stop=letter.can_stop,
        protect=letter.protect, style=SMALL,
    )  # fmt: skip
    return f'{rule}<mj-text><div lang="{letter.footer_language}">{rows}</div></mj-text>'


# --- text -------------------------------------------------------------------------------------------
def text(letter: Letter) -> str:
    """The plain-text twin, as Liquid; folded once it is filled."""
    parts = [
        "{% for line in frame_salutation %}{{ line }}\n{% endfor %}",
        _sentences(letter.greeting, letter.letter_language),
        content.as_text(letter.blocks("body")),
        _button_text(letter),
        content.as_text(letter.blocks("closing")),
        "--\n"
        + footer.as_text(
            letter.persona, letter.topic, letter.footer_language, can_stop=letter.can_stop
        ),
    ]
    return "\n".join(part for part in parts if part.strip())


def _sentences(line: str, language: str) -> str:
    return line.replace("。", "。\n") if language == "ja" else f"{line}\n"


def _button_text(letter: Letter) -> str:
    if letter.button is None:
        return ""
    words = PHRASES[letter.letter_language]
    until = words["link_until"].format(until="{{ frame_link_until }}")
    return f"▼{letter.button['label']}\n{{{{ frame_link_0 }}}}\n{until}\n"
