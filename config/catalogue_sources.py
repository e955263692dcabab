"""Which texts the code and the templates use: gettext's extraction, in Python."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.utils.translation.template import templatize

ROOMS = ("config", "content", "journeys", "learning")
TEMPLATES = ("*.html", "*.txt", "*.mjml", "*.xml")


class Key(NamedTuple):
    """What gettext looks a text up by."""

    msgid: str
    context: str | None = None
    plural: str | None = None


# function -> what its leading arguments are
SHAPES = {
    "gettext": ("msgid",),
    "ngettext": ("msgid", "plural"),
    "pgettext": ("context", "msgid"),
    "npgettext": ("context", "msgid", "plural"),
}
ALIASES = {
    "_": "gettext",
    **{f"{name}_lazy": name for name in SHAPES},
    **{name: name for name in SHAPES},
    "gettext_noop": "gettext",
}

_STRING = r"""u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALL = re.compile(
    rf"\b({'|'.join(ALIASES)})\(\s*{_STRING}(?:\s*,\s*{_STRING})?(?:\s*,\s*{_STRING})?"
)


class NotExtractable(ValueError):
    """A text that is put together before it is looked up can never be found in a catalogue."""


def used(root: Path) -> dict[Key, set[str]]:
    """Every text under the rooms of `root`, with the files (relative) that use it."""
    found: dict[Key, set[str]] = {}
    for path in _files(root):
        name = path.relative_to(root).as_posix()
        texts = in_python if path.suffix == ".py" else in_template
        for key in texts(path.read_text(encoding="utf-8"), name):
            found.setdefault(key, set()).add(name)
    return found


def in_python(source: str, name: str) -> Iterator[Key]:
    """The texts of a module; raises NotExtractable for an f-string inside a call."""
    for node in ast.walk(ast.parse(source, name)):
        if not isinstance(node, ast.Call) or (function := _function(node)) is None:
            continue
        arguments = node.args[: len(SHAPES[function])]
        if any(isinstance(argument, ast.JoinedStr) for argument in arguments):
            raise NotExtractable(f"{name}:{node.lineno}: an f-string cannot be translated")
        values = [a.value for a in arguments if isinstance(a, ast.Constant)]
        texts = [value for value in values if isinstance(value, str)]
        if len(texts) == len(SHAPES[function]):
            yield _key(function, texts)


def in_template(source: str, name: str) -> Iterator[Key]:
    """The texts of a Django template: {% translate %}, {% blocktranslate %}, {{ _("…") }}."""
    for match in _CALL.finditer(templatize(source, origin=name)):
        function = ALIASES[match.group(1)]
        texts = [ast.literal_eval(text) for text in match.groups()[1:] if text]
        yield _key(function, texts[: len(SHAPES[function])])


def _files(root: Path) -> Iterator[Path]:
    for room in ROOMS:
        for pattern in ("*.py", *TEMPLATES):
            for path in sorted((root / room).rglob(pattern)):
                if "migrations" in path.parts or (path.suffix != ".py" and not _is_template(path)):
                    continue
                yield path


def _is_template(path: Path) -> bool:
    return "templates" in path.parts


def _function(node: ast.Call) -> str | None:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return ALIASES.get(name)
    return None


def _key(function: str, texts: list[str]) -> Key:
    return Key(**dict(zip(SHAPES[function], texts, strict=True)))
