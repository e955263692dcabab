"""From the bytes of a body to calls: sizes, encodings and everything JSON can hide (4.1).

The whole body is refused only when it cannot be read at all; what is wrong inside one call costs
that call alone.
"""

from __future__ import annotations

import json
import unicodedata
import zlib
from collections.abc import Mapping
from typing import Any, Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from journeys.api.errors import ApiError
from journeys.facts import Refused

DEEPEST = 20
MOST_KEYS = 255
# A double holds every whole number up to here; longer ones are kept as texts.
EXACT = 2**53
MOST_DIGITS = 309


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def unpacked(stream: Readable, length: str | None, encoding: str | None) -> bytes:
    """The body's bytes, gunzipped; 413 above INGEST_MAX_BYTES, packed or unpacked."""
    most: int = settings.INGEST_MAX_BYTES
    if length and length.isdigit() and int(length) > most:
        raise too_large(most)
    body = stream.read(most + 1)
    if len(body) > most:
        raise too_large(most)
    if (encoding or "").strip().lower() not in {"gzip", "x-gzip"}:
        return body
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        body = unpacker.decompress(body, most + 1)
    except zlib.error:
        raise ApiError(400, "bad_gzip", _("The body is not gzip.")) from None
    if len(body) > most or unpacker.unconsumed_tail:
        raise too_large(most)
    if not unpacker.eof:
        raise ApiError(400, "bad_gzip", _("The gzip body ends too early."))
    return body


def too_large(most: int) -> ApiError:
    return ApiError(413, "too_large", _("A body may have at most %(n)d bytes.") % {"n": most})


def document(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; flaws inside it stay, marked, for `calls` to find."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ApiError(400, "not_utf8", _("The body is not UTF-8.")) from None
    try:
        found = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        message = _("The body is not JSON (line %(line)d, column %(column)d).") % place
        raise ApiError(400, "bad_json", message) from None
    except RecursionError:
        message = _("The body is nested deeper than %(n)d levels.") % {"n": DEEPEST}
        raise ApiError(400, "too_deep", message) from None
    if isinstance(found, Flawed):
        raise ApiError(400, found.code, _("The body names a key twice."))
    if not isinstance(found, dict):
        raise ApiError(400, "bad_json", _("The body must be a JSON object."))
    return found


def calls(raw: list[Any]) -> tuple[list[Any], dict[int, Refused]]:
    """The calls with tidy texts, and which of them are refused for what they hold."""
    tidied: list[Any] = []
    refused: dict[int, Refused] = {}
    for index, call in enumerate(raw):
        try:
            tidied.append(_sized(tidy(call)))
        except Refused as why:
            refused[index] = why
            tidied.append(_known_by(call))
    return tidied, refused


def _sized(call: Any) -> Any:
    most: int = settings.INGEST_MAX_ITEM_BYTES
    if len(json.dumps(call, ensure_ascii=False, separators=(",", ":")).encode()) > most:
        raise Refused("too_large", _("A call may have at most %(n)d bytes.") % {"n": most})
    return call


def _known_by(call: Any) -> dict[str, Any]:
    """What is said of a refused call: its id."""
    given = call.get("messageId") if isinstance(call, dict) else None
    try:
        return {"messageId": tidy(given)}
    except Refused:
        return {}


# --- JSON as it really comes ----------------------------------------------------------------------
class Flawed(dict[str, Any]):
    """An object that names a key twice."""

    code = "duplicate_key"


class NoNumber:
    """NaN, an infinity, or more digits than anybody means."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Flawed(found)


def _whole(digits: str) -> int | str | NoNumber:
    if len(digits) > MOST_DIGITS:
        return NoNumber()
    number = int(digits)
    return number if abs(number) <= EXACT else digits


def _fraction(digits: str) -> float | NoNumber:
    number = float(digits)
    return NoNumber() if number in (float("inf"), float("-inf")) else number


def _constant(_name: str) -> NoNumber:
    return NoNumber()


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_whole,
    parse_float=_fraction,
    parse_constant=_constant,
)


def tidy(value: Any, depth: int = 0) -> Any:
    """A value with its texts in NFC; Refused when it holds what cannot be kept."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() and "\0" not in value else _text(value)
    if kind is dict or kind is list:
        if depth >= DEEPEST:
            message = _("A call may be nested at most %(n)d levels deep.") % {"n": DEEPEST}
            raise Refused("too_deep", message)
        if kind is list:
            return [tidy(one, depth + 1) for one in value]
        return _tidy_object(value, depth)
    if kind is Flawed:
        raise Refused(Flawed.code, _("A key is named twice in one object."))
    if kind is NoNumber:
        raise Refused("bad_number", _("A number is not finite or far too long."))
    return value


def _tidy_object(value: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if len(value) > MOST_KEYS:
        message = _("An object may have at most %(n)d properties.") % {"n": MOST_KEYS}
        raise Refused("too_many_properties", message)
    return {tidy(name): tidy(one, depth + 1) for name, one in value.items()}


def _text(value: str) -> str:
    if "\0" in value:
        raise Refused("nul_char", _("A text contains the character U+0000."))
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refused(
            "bad_text", _("A text contains half a character (a lone surrogate).")
        ) from None
    return unicodedata.normalize("NFC", value)
