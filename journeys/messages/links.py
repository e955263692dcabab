"""Links in letters: signed, deterministic, and good for nothing but what their row says (R50).

A token holds ids and a signature, no address and no target. It is the same at every attempt of a
delivery, so it carries no time; when a link ends stands in its row.
"""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac

from journeys.messages.targets import register_target, resolve
from journeys.models import Link, Message

__all__ = [
    "GOOD_FOR",
    "Stop",
    "click_token",
    "open_visit",
    "preferences_token",
    "read_click",
    "read_preferences",
    "read_stop",
    "register_target",
    "resolve",
    "stop_token",
    "uid_of",
    "url_for",
    "url_of",
]

#: How long a link opens a visit after its letter left, and how long such a visit lasts.
GOOD_FOR = timedelta(hours=72)
PATHS = {"click": "c", "stop": "u", "preferences": "p"}


@dataclass(frozen=True)
class Stop:
    """What an unsubscribe link is about: this person, this topic ("" = everything)."""

    person: uuid.UUID
    message: uuid.UUID
    topic: str


def uid_of(message: Message, position: int) -> uuid.UUID:
    """A link's uid, the same however often it is made."""
    return uuid.uuid5(message.uid, f"link/{position}")


def click_token(link_uid: uuid.UUID) -> str:
    return _sign("click", link_uid.bytes)


def stop_token(message: Message, person_uid: uuid.UUID) -> str:
    return _sign("stop", person_uid.bytes + message.uid.bytes + message.topic.encode())


def preferences_token(person_uid: uuid.UUID) -> str:
    return _sign("preferences", person_uid.bytes)


def read_click(token: str) -> uuid.UUID | None:
    """The link's uid; None for a token that is cut, altered or foreign."""
    payload = _read("click", token)
    return uuid.UUID(bytes=payload) if payload and len(payload) == 16 else None


def read_stop(token: str) -> Stop | None:
    payload = _read("stop", token)
    if not payload or len(payload) < 32:
        return None
    person, message = uuid.UUID(bytes=payload[:16]), uuid.UUID(bytes=payload[16:32])
    return Stop(person, message, payload[32:].decode(errors="replace"))


def read_preferences(token: str) -> uuid.UUID | None:
    """The person's uid, or None."""
    payload = _read("preferences", token)
    return uuid.UUID(bytes=payload) if payload and len(payload) == 16 else None


def url_of(kind: str, token: str) -> str:
    """The absolute address behind a token of a kind: click, stop or preferences."""
    return f"{settings.BASE_URL}/m/{PATHS[kind]}/{token}"


def url_for(link: Link) -> str:
    """The address that stands in the letter for a link."""
    return url_of("click", click_token(link.uid))


def open_visit(request: HttpRequest, contact_id: uuid.UUID, until: datetime) -> None:
    """Let this browser in as a contact (by uid) until a moment: their own pages, nothing more."""
    # A new key, so that nobody who planted the old one comes along.
    request.session.cycle_key()
    request.session["visit"] = {
        "contact": str(contact_id),
        "until": until.isoformat(),
        "scope": "guest",
    }


def _seal(kind: str, text: str, key: str) -> str:
    """128 bits of HMAC-SHA-256: short enough for a letter, long enough not to be guessed."""
    digest = salted_hmac(f"junro.m.{kind}", text, secret=key, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def _sign(kind: str, payload: bytes) -> str:
    text = base64.urlsafe_b64encode(payload).decode().rstrip("=")
    return f"{text}.{_seal(kind, text, settings.SECRET_KEY)}"


def _read(kind: str, token: str) -> bytes | None:
    text, _dot, seal = token.partition(".")
    keys = [settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)]
    if not any(constant_time_compare(seal, _seal(kind, text, key)) for key in keys):
        return None
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
