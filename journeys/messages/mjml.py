"""MJML to HTML, once at publishing: measured first, compiled in a child process, checked after.

Numbers 59–67 of the bad-input catalogue.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

from django.utils.translation import gettext as _

from journeys.messages.liquid import BadTemplate

DEEPEST = 50
LONGEST = 200_000
PATIENCE_SECONDS = 20  # of the wall clock; the child's own limit is 2 s of CPU
CLIPPED_AT = 102_000  # where Gmail cuts a letter off

_CHILD = Path(__file__).with_name("mjml_child.py")
_TAG = re.compile(r"<(/?)([A-Za-z][\w:-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*?)(/?)>")
_VOID = frozenset({"br", "hr", "img", "meta", "link", "input", "col"})
_REFUSED = ("mj-include", "script", "iframe", "form", "object", "embed", "svg")

TAGS = frozenset(
    {"html", "head", "body", "title", "meta", "style", "div", "table", "tbody", "tr", "td", "p",
     "a", "b", "br", "ul", "li", "span", "img", "hr"}
)  # fmt: skip
ATTRIBUTES = frozenset(
    {"lang", "dir", "xmlns", "xmlns:v", "xmlns:o", "http-equiv", "content", "name", "charset",
     "type", "media", "style", "class", "role", "aria-label", "aria-roledescription", "align",
     "valign", "vertical-align", "bgcolor", "border", "cellpadding", "cellspacing", "width",
     "height", "href", "target", "rel", "src", "alt", "title"}
)  # fmt: skip
_STYLE_REFUSED = re.compile(r"url\s*\(|@import|expression\s*\(|javascript:", re.IGNORECASE)
_URL = re.compile(r"^(https://|mailto:|merge[0-9a-f]{24}x\d+x$)")  # or a merge field's mark


def compile_all(sources: Sequence[str]) -> list[str]:
    """The HTML of each MJML source. BadTemplate says what is wrong with one."""
    for source in sources:
        _measure(source)
    compiled = list(_compiled(tuple(sources)))
    for html in compiled:
        check_html(html)
    return compiled


def _measure(source: str) -> None:
    """Before the compiler sees it: 2,000 nested tags would kill its process."""
    if len(source.encode()) > LONGEST:
        raise BadTemplate(_("the letter is too long: at most %d kB") % (LONGEST // 1000))
    depth = 0
    for match in _TAG.finditer(source):
        closing, name, _attributes, empty = match.groups()
        if name.lower() in _REFUSED:
            raise BadTemplate(
                _("%(where)s: <%(tag)s> is not allowed in a letter")
                % {"where": position(source, match.start()), "tag": name}
            )
        if closing:
            depth -= 1
        elif not empty and name.lower() not in _VOID:
            depth += 1
        if depth > DEEPEST:
            raise BadTemplate(
                _("%(where)s: tags are nested more than %(most)d deep")
                % {"where": position(source, match.start()), "most": DEEPEST}
            )


def position(source: str, offset: int) -> str:
    """`line:column`, both from 1."""
    line = source.count("\n", 0, offset) + 1
    column = offset - (source.rfind("\n", 0, offset) + 1) + 1
    return f"{line}:{column}"


@lru_cache(maxsize=64)
def _compiled(sources: tuple[str, ...]) -> tuple[str, ...]:
    command = [sys.executable, "-I", str(_CHILD)]
    try:
        done = subprocess.run(  # noqa: S603 -- our own interpreter and our own file
            command,
            input=json.dumps(sources),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BadTemplate(_("the letter takes too long to compile")) from error
    if done.returncode != 0:
        raise BadTemplate(
            _("the letter cannot be compiled: %s") % (done.stderr.strip() or done.returncode)
        )
    return tuple(json.loads(done.stdout))


def check_html(html: str) -> None:
    """BadTemplate for any tag, attribute, address or style outside the allow-list."""
    _Checker().feed(html)


class _Checker(HTMLParser):
    """Reads what was compiled; Outlook's conditional comments are comments and stay."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_style = tag == "style"
        if tag not in TAGS:
            raise BadTemplate(_("<%s> is not allowed in a letter") % tag)
        for name, value in attrs:
            self._attribute(tag, name, value or "")

    def _attribute(self, tag: str, name: str, value: str) -> None:
        if name not in ATTRIBUTES:
            raise BadTemplate(
                _("the attribute %(name)s of <%(tag)s> is not allowed in a letter")
                % {"name": name, "tag": tag}
            )
        if name in ("href", "src") and not _URL.match(value):
            raise BadTemplate(_("links in a letter are https addresses, not “%s”") % value[:80])
        if name == "style" and _STYLE_REFUSED.search(value):
            raise BadTemplate(_("the style “%s” is not allowed in a letter") % value[:80])

    def handle_endtag(self, tag: str) -> None:
        self.in_style = False

    def handle_data(self, data: str) -> None:
        if self.in_style and _STYLE_REFUSED.search(data):
            raise BadTemplate(_("the style “%s” is not allowed in a letter") % data.strip()[:80])
