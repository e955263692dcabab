"""What an author writes: paragraphs, lists, **bold** and merge fields, as one model for both twins.

The HTML letter and its plain-text twin are made from the same blocks, so neither can say what the
other does not (R52). Merge fields stay Liquid text in both.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_LIQUID = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})", re.DOTALL)
_TAG = r"\{%.*?%\}"
_AROUND = re.compile(rf"^((?:{_TAG})*)(.*?)((?:{_TAG})*)$")
BULLET = "- "

Protect = Callable[[str], str]


@dataclass(frozen=True)
class Line:
    """One line: control tags before and after it (`{% for … %}`), and its text between."""

    before: str
    text: str
    after: str
    is_item: bool


@dataclass(frozen=True)
class Block:
    """A paragraph or a list: consecutive lines of one kind, a control tag alone on its line too."""

    lines: tuple[Line, ...]
    is_list: bool

    @property
    def is_control(self) -> bool:
        return not any(line.text for line in self.lines)


def blocks(text: str) -> list[Block]:
    """Read an author's text: blank lines part paragraphs, `- ` begins a list item."""
    found: list[Block] = []
    for chunk in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip()):
        found += _split([_line(raw.strip()) for raw in chunk.split("\n") if raw.strip()])
    return found


def _line(raw: str) -> Line:
    match = _AROUND.match(raw)
    before, text, after = match.groups() if match else ("", raw, "")
    is_item = text.startswith(BULLET)
    return Line(before, text.removeprefix(BULLET).strip() if is_item else text, after, is_item)


def _split(lines: list[Line]) -> list[Block]:
    """Part list items from the paragraph lines around them; bare control lines go with a list."""
    found: list[Block] = []
    run: list[Line] = []
    for line in lines:
        kind = _kind(run)
        if line.text and kind is not None and line.is_item != kind:
            found.append(Block(tuple(run), kind))
            run = []
        run.append(line)
    if run:
        found.append(Block(tuple(run), bool(_kind(run))))
    return found


def _kind(run: list[Line]) -> bool | None:
    """Whether a run of lines is a list; None while it holds control tags only."""
    return next((line.is_item for line in run if line.text), None)


# --- HTML -------------------------------------------------------------------------------------------
def as_html(content: list[Block], protect: Protect, *, paragraph: str, items: str) -> str:
    """The blocks as HTML; `protect` is given every Liquid tag and its answer stands in its place.

    `paragraph` and `items` are the inline styles of <p> and <ul>.
    """
    return "".join(_block_html(block, protect, paragraph, items) for block in content)


def _block_html(block: Block, protect: Protect, paragraph: str, items: str) -> str:
    if block.is_control:
        return "".join(
            inline(line.before + line.text + line.after, protect) for line in block.lines
        )
    if block.is_list:
        inner = "".join(_item_html(line, protect) for line in block.lines)
        return f'<ul style="{items}">{inner}</ul>'
    inner = "<br />".join(
        inline(line.before + line.text + line.after, protect) for line in block.lines
    )
    return f'<p style="{paragraph}">{inner}</p>'


def _item_html(line: Line, protect: Protect) -> str:
    before, after = inline(line.before, protect), inline(line.after, protect)
    return f"{before}<li>{inline(line.text, protect)}</li>{after}" if line.text else before + after


def inline(text: str, protect: Protect) -> str:
    """HTML of one line: escape an author's words, set **bold**, keep Liquid out of both."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(protect(match[0]))
        return f"\ue010{len(kept) - 1}\ue011"

    words = html.escape(_LIQUID.sub(keep, text), quote=False)
    words = _BOLD.sub(r"<b>\1</b>", words)
    return re.sub("\ue010(\\d+)\ue011", lambda m: kept[int(m[1])], words)


# --- text -------------------------------------------------------------------------------------------
def as_text(content: list[Block], bullet: str = "・") -> str:
    """The blocks as plain text: a blank line between them, bold marks left out."""
    parts: list[str] = []
    for block in content:
        lines = "".join(_line_text(line, bullet) for line in block.lines)
        # A control tag must not leave a blank paragraph behind when it says nothing.
        parts.append(lines if block.is_control else lines + "\n")
    return "".join(parts)


def _line_text(line: Line, bullet: str) -> str:
    if not line.text:
        return line.before + line.after
    text = _BOLD.sub(r"\1", line.text)
    return f"{line.before}{bullet if line.is_item else ''}{text}\n{line.after}"


# --- folding ----------------------------------------------------------------------------------------
_NOT_FIRST = frozenset(
    "、。，．・：；？！）」』】〉》〕］”’ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々%％"
)
_NOT_LAST = frozenset("（「『【〈《〔［“‘")
_WORD = re.compile(r"[!-~]+|\s|.")


def width(char: str) -> int:
    """Columns a character takes in a fixed-width window."""
    return 2 if unicodedata.east_asian_width(char) in "WFA" else 1


def fold(text: str, columns: int) -> str:
    """Fold long lines as Japanese mail does, keeping words, URLs and 禁則 whole."""
    return "\n".join(part for line in text.split("\n") for part in _fold(line, columns))


def _fold(line: str, columns: int) -> list[str]:
    if "://" in line or sum(map(width, line)) <= columns:
        return [line]
    hang = "　" if line.startswith("・") else ""
    rows, row, used = [], "", 0
    for word in _WORD.findall(line):
        size = sum(map(width, word))
        if row and used + size > columns and not (word[0] in _NOT_FIRST or word.isspace()):
            carry = ""
            while row and row[-1] in _NOT_LAST:
                row, carry = row[:-1], row[-1] + carry
            rows.append(row.rstrip())
            row = hang + carry
            used = sum(map(width, row))
        row, used = row + word, used + size
    return [*rows, row.rstrip()]


def tidy(text: str) -> str:
    """No trailing blanks, never more than one blank line: loops leave such traces."""
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"
