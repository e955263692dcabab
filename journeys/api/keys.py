"""Write keys: who may send facts. Only the key's hash is kept."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import datetime

from django.utils.translation import gettext as _

from journeys.api.errors import ApiError
from journeys.models import Source

BASIC = {"WWW-Authenticate": 'Basic realm="write key", charset="UTF-8"'}


def make_key(name: str, now: datetime) -> str:
    """Make the source `name`, or give it another key; the key, which is nowhere else."""
    key = f"wk_{secrets.token_urlsafe(24)}"
    Source.objects.update_or_create(
        name=name,
        defaults={"key_hash": hashed(key), "key_hint": key[-4:], "revoked_at": None},
        create_defaults={"key_hash": hashed(key), "key_hint": key[-4:], "created_at": now},
    )
    return key


def hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def source_of(key: str) -> Source | None:
    return Source.objects.filter(key_hash=hashed(key), revoked_at=None).first() if key else None


def authorized(header: str | None) -> tuple[str, Source]:
    """The key of a Basic header (its user name) and its source; 401 when there is none."""
    key = _user_name(header or "")
    source = source_of(key)
    if source is None:
        message = _("The write key is missing, unknown or revoked.")
        raise ApiError(401, "invalid_key", message, headers=BASIC)
    return key, source


def refuse_other(key: str, named: object) -> None:
    """403 when the body names another key than the one that opened the door."""
    if named is not None and not (isinstance(named, str) and _equal(named, key)):
        message = _("The body names another write key than the Authorization header.")
        raise ApiError(403, "other_key", message, field="writeKey")


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode())


def _user_name(header: str) -> str:
    scheme, _space, token = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(token.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
