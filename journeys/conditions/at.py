"""A raw value and where it stands: reading without trusting, refusing with the path."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from django.utils.translation import gettext as _

from journeys.conditions.errors import ConditionError

if TYPE_CHECKING:
    from journeys.conditions.tree import Node

LONGEST_TEXT = 1000
MOST = 1_000_000_000


@dataclass(frozen=True)
class At:
    """`raw` at `path`; `read_node` reads a condition that stands inside a leaf.

    `read_saved` reads one that was saved under a name, which has limits of its own; `trail` are the
    names on the way here.
    """

    raw: Any
    path: str
    read_node: Callable[[At], Node]
    read_saved: Callable[[At], Node]
    deep: int = 1
    trail: tuple[str, ...] = ()

    def refuse(self, code: str, message: str, allowed: Iterable[str] = ()) -> NoReturn:
        """Raise ConditionError about this place."""
        raise ConditionError(message, self.path, allowed, code)

    def below(self, raw: Any, key: str | int) -> At:
        """The value under a key or an index."""
        step = f"[{key}]" if isinstance(key, int) else (f".{key}" if self.path else key)
        return replace(self, raw=raw, path=f"{self.path}{step}")

    def deeper(self) -> At:
        """The same place, as a condition inside another one."""
        return replace(self, deep=self.deep + 1)

    def inside(self, name: str) -> At:
        """The same place, as a condition saved under a name."""
        return replace(self, deep=1, trail=(*self.trail, name))

    def mapping(self) -> dict[str, At]:
        """The value's fields, whatever they are called."""
        if not isinstance(self.raw, dict):
            self.refuse("wrong_type", _("A mapping is needed here."))
        found: dict[str, At] = {}
        for key, value in self.raw.items():
            here = self.below(value, str(key))
            name = here.clean(key)
            if name in found:
                here.refuse("duplicate_key", _("This key stands twice."))
            found[name] = here
        return found

    def fields(self, allowed: Iterable[str], required: Iterable[str] = ()) -> dict[str, At]:
        """The value's fields, which must be among `allowed` and hold `required`."""
        names = tuple(allowed)
        found = self.mapping()
        for name, value in found.items():
            if name not in names:
                value.refuse("unknown_field", _("“%s” is not known here.") % name, names)
        for name in required:
            if name not in found:
                self.refuse("missing_field", _("“%s” is missing.") % name, names)
        return found

    def items(self) -> list[At]:
        """The members of a list that is not empty."""
        if not isinstance(self.raw, list | tuple):
            self.refuse("wrong_type", _("A list is needed here."))
        if not self.raw:
            self.refuse("empty", _("An empty list says nothing about anybody."))
        return [self.below(value, index) for index, value in enumerate(self.raw)]

    def text(self) -> str:
        """A name: text that is not empty, in NFC."""
        if not isinstance(self.raw, str):
            self.refuse("wrong_type", _("Text is needed here."))
        text = self.clean(self.raw)
        if not text.strip():
            self.refuse("empty", _("The text is empty."))
        return text

    def choice(self, words: Iterable[str]) -> str:
        """One of `words`."""
        allowed = tuple(words)
        if not isinstance(self.raw, str) or self.raw not in allowed:
            self.refuse("unknown_word", _("“%s” is not known here.") % (self.raw,), allowed)
        return self.raw

    def whole(self, least: int = 0) -> int:
        """A whole number of at least `least`."""
        given = self.raw
        is_whole = isinstance(given, int) or (isinstance(given, float) and given.is_integer())
        if isinstance(given, bool) or not is_whole:
            self.refuse("wrong_type", _("A whole number is needed here."))
        number = int(given)
        if not least <= number <= MOST:
            self.refuse(
                "out_of_range",
                _("The number must lie between %(least)d and %(most)d.")
                % {"least": least, "most": MOST},
            )
        return number

    def number(self) -> float | int:
        """A finite number."""
        if isinstance(self.raw, bool) or not isinstance(self.raw, int | float):
            self.refuse("wrong_type", _("A number is needed here."))
        return self._number(self.raw)

    def yes(self) -> bool:
        """True or false."""
        if not isinstance(self.raw, bool):
            self.refuse("wrong_type", _("true or false is needed here."), ("true", "false"))
        return self.raw

    def scalar(self) -> str | float | int | bool:
        """Text (NFC), a finite number or true/false; whole floats become integers."""
        raw = self.raw
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, int | float):
            return self._number(raw)
        if not isinstance(raw, str):
            self.refuse("wrong_type", _("Text, a number, or true or false is needed here."))
        return self.clean(raw)

    def _number(self, raw: float) -> float | int:
        """Numbers are compared as double precision; what does not fit is refused."""
        try:
            double = float(raw)
        except OverflowError:
            double = math.inf
        if not math.isfinite(double):
            self.refuse("out_of_range", _("The number is too large."))
        return int(double) if double.is_integer() and abs(double) < 2**53 else double

    def clean(self, raw: object) -> str:
        """Text in NFC that every database can hold."""
        if not isinstance(raw, str):
            self.refuse("wrong_type", _("Text is needed here."))
        if len(raw) > LONGEST_TEXT:
            self.refuse("out_of_range", _("The text is longer than %d characters.") % LONGEST_TEXT)
        if "\0" in raw or any("\ud800" <= c <= "\udfff" for c in raw):
            self.refuse("wrong_type", _("The text holds characters that cannot be stored."))
        return unicodedata.normalize("NFC", raw)
