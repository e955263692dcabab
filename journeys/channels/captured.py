"""Mail that stays here: a backend that writes letters to MAIL_DIR, and their reader.

For development and the demo. Each letter is an .eml file beside a .json with what a list needs;
names count up, so that the newest is found without opening any.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as StdMessage
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from journeys import clock

NAME = re.compile(r"^\d{6}$")


class CapturedMail(BaseEmailBackend):
    """EMAIL_BACKEND of the embedded installation: nothing leaves the machine."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for mail in email_messages:
            # Also letters without a date of their own (sign-in codes) live in the demo's time.
            now = clock.now()  # noqa: TID251 -- a door: here mail leaves the house
            mail.extra_headers.setdefault("Date", format_datetime(now))
            _write(mail.message().as_bytes(linesep="\r\n"), mail)
        return len(email_messages)


def folder() -> Path:
    return Path(settings.MAIL_DIR)


def _write(raw: bytes, mail: EmailMessage) -> None:
    about = {
        "subject": " ".join(str(mail.subject).split()),
        "from": mail.from_email,
        "to": mail.recipients(),
        "date": mail.extra_headers["Date"],
        "message_id": mail.extra_headers.get("Message-ID", ""),
    }
    folder().mkdir(parents=True, exist_ok=True)
    path = _next_name(raw)
    path.with_suffix(".json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")


def _next_name(raw: bytes) -> Path:
    """Write the letter under the first free number; two processes never take the same."""
    number = max((int(p.stem) for p in folder().glob("*.eml") if NAME.match(p.stem)), default=0)
    while True:
        number += 1
        path = folder() / f"{number:06d}.eml"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
        return path


# --- reading ----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Entry:
    """One line of the inbox."""

    name: str
    subject: str
    sender: str
    to: str
    date: datetime | None


@dataclass(frozen=True)
class Captured:
    """A captured letter, taken apart."""

    entry: Entry
    html: str
    text: str
    headers: list[tuple[str, str]] = field(default_factory=list)


def inbox(most: int = 200) -> list[Entry]:
    """The newest letters first."""
    names = sorted((p.stem for p in folder().glob("*.eml") if NAME.match(p.stem)), reverse=True)
    return [entry for name in names[:most] if (entry := _entry(name))]


def letter(name: str) -> Captured | None:
    """A captured letter by its name; None when there is none."""
    entry = _entry(name) if NAME.match(name) else None
    if entry is None:
        return None
    parsed = message_from_bytes((folder() / f"{name}.eml").read_bytes(), policy=policy.default)
    assert isinstance(parsed, StdMessage)  # noqa: S101 -- what policy.default makes
    return Captured(
        entry=entry,
        html=_part(parsed, "html"),
        text=_part(parsed, "plain"),
        headers=list(_headers(parsed)),
    )


def _entry(name: str) -> Entry | None:
    path = folder() / f"{name}.json"
    if not path.exists():
        return None
    about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Entry(
        name=name,
        subject=about["subject"],
        sender=about["from"],
        to=", ".join(about["to"]),
        date=_date(about["date"]),
    )


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None


def _part(parsed: StdMessage, kind: str) -> str:
    body = parsed.get_body(preferencelist=(kind,))
    return str(body.get_content()) if body is not None else ""


def _headers(parsed: StdMessage) -> Iterator[tuple[str, str]]:
    for name, value in parsed.items():
        if name.lower() not in ("content-type", "content-transfer-encoding", "mime-version"):
            yield name, " ".join(str(value).split())
