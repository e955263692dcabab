"""The secret shared with a receiver: shown once, kept encrypted, opened to sign."""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import datetime

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from standardwebhooks import Webhook

PREFIX = "whsec_"
BYTES = 32


def new() -> str:
    """A secret as Standard Webhooks writes it."""
    return PREFIX + base64.b64encode(os.urandom(BYTES)).decode()


def seal(secret: str) -> str:
    """What is stored: readable only with SECRET_KEY (or one of its fallbacks)."""
    return _vault().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """The secret again; cryptography.fernet.InvalidToken under another SECRET_KEY."""
    return _vault().decrypt(sealed.encode()).decode()


def headers(sealed: str, message_id: str, body: str, at: datetime) -> dict[str, str]:
    """The signature over `id.timestamp.body`: the id stays, the time (aware, UTC) is the attempt's.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(unseal(sealed)).sign(message_id, at, body),
    }


def _vault() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(str(key))) for key in keys])


def _key(secret_key: str) -> bytes:
    digest = hashlib.sha256(f"junro.webhooks:{secret_key}".encode()).digest()
    return base64.urlsafe_b64encode(digest)
