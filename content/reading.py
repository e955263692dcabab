"""What there is to read in a body: its blocks, its words, and the time they take."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

_TAG = re.compile(r"<[^>]+>")
_KANJI_AND_KANA = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uff66-\uff9f]")
_WORD = re.compile(r"[A-Za-z0-9]+")

# Silent reading of Japanese runs at 500-600 characters a minute, of English at about 240 words.
CHARACTERS_A_SECOND = 9.0
WORDS_A_SECOND = 4.0


def block_ids(body: Any) -> list[str]:
    """Ids of a body's blocks, in reading order."""
    return [str(block.id) for block in body]


def words_of(body: Any) -> str:
    """A body's plain words, one block a line."""
    return "\n".join(" ".join(_texts(block.block.get_prep_value(block.value))) for block in body)


def seconds_to_read(body: Any) -> float:
    """How long an unhurried reader takes for a body, in seconds."""
    text = words_of(body)
    characters = len(_KANJI_AND_KANA.findall(text))
    return characters / CHARACTERS_A_SECOND + len(_WORD.findall(text)) / WORDS_A_SECOND


def headings(body: Any) -> list[tuple[str, str]]:
    """(block id, words) of the headings: a page's table of contents."""
    return [(str(block.id), str(block.value)) for block in body if block.block_type == "heading"]


def _texts(value: Any) -> Iterator[str]:
    """Plain texts inside a block's stored value; keys such as ids and tones say nothing."""
    if isinstance(value, str):
        yield html.unescape(_TAG.sub(" ", value)).strip()
    elif isinstance(value, list):
        for item in value:
            yield from _texts(
                item["value"] if isinstance(item, Mapping) and "value" in item else item
            )
    elif isinstance(value, Mapping):
        for name in ("title", "text", "alt", "caption"):
            yield from _texts(value.get(name) or "")
