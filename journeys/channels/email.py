"""E-mail through Django's backends: SMTP, or a provider's API by Anymail.

One recipient a message. Headers as RFC 8058 (one-click unsubscribe), RFC 2369 (List-*) and
RFC 3834 (Auto-Submitted) want them.
"""

from __future__ import annotations

import logging
import re
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import MIMEPart
from typing import Any

from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives, get_connection
from django.core.mail.backends import smtp
from django.core.mail.backends.base import BaseEmailBackend

from journeys.messages.outcomes import Answer, ChannelDown, Outcome

logger = logging.getLogger("junro")
DJANGO_SMTP = "django.core.mail.backends.smtp.EmailBackend"
#: Said at MAIL FROM or at the greeting, these are about us, not about the recipient.
ABOUT_US = frozenset({421, 454, 530, 534, 535, 538})
TOO_BIG = FULL_MAILBOX = 552
_STATUS = re.compile(r"^(\d\.\d{1,3}\.\d{1,3})\b")
_UNKNOWN_MAILBOX = ("5.1.", "5.2.1")


@dataclass(frozen=True)
class Letter:
    """Everything one mail is made of; the same letter makes the same bytes."""

    uid: str
    sender: str
    to: str
    reply_to: str
    subject: str
    text: str
    html: str
    message_id: str
    date: str
    boundary: str
    topic: str
    journey: str
    category: str
    stop_url: str | None


class Unlawful(ValueError):
    """Guidance or promotion without a stop link would break the law; it is not sent (I24)."""


class Mail(EmailMultiAlternatives):
    """Django's mail with a boundary of its own, so that each attempt is byte-identical (I22)."""

    boundary: str = ""
    #: Anymail hands these to the provider; the key keeps a repeated call from sending twice.
    metadata: dict[str, str]
    idempotency_key: str = ""

    def message(self, **kwargs: Any) -> Any:
        made: MIMEPart = super().message(**kwargs)
        if made.is_multipart():
            made.set_boundary(self.boundary)
        return made


def compose(letter: Letter) -> Mail:
    """The mail of a letter. Unlawful when a stop is missing where the law wants one."""
    mail = Mail(
        subject=letter.subject,
        body=letter.text,
        from_email=letter.sender,
        to=[letter.to],
        reply_to=[letter.reply_to] if letter.reply_to else None,
        headers=_headers(letter),
    )
    mail.attach_alternative(letter.html, "text/html")
    mail.boundary = letter.boundary
    mail.metadata = {"message": letter.uid}
    mail.idempotency_key = letter.uid
    return mail


def _headers(letter: Letter) -> dict[str, str]:
    domain = letter.message_id.rpartition("@")[2].rstrip(">")
    headers = {
        "Message-ID": letter.message_id,
        "Date": letter.date,
        "Auto-Submitted": "auto-generated",
        "Feedback-ID": f"{letter.journey or 'manual'}:{letter.topic or 'none'}:{letter.category}:junro",
        "X-Junro-Message": letter.uid,
    }
    if letter.category == "transactional":
        return headers
    if (
        not letter.stop_url
        or letter.stop_url not in letter.text
        or letter.stop_url not in letter.html
    ):
        raise Unlawful("no stop link in the letter")
    return headers | {
        "List-Id": f"<{letter.topic or 'letters'}.{domain}>",
        "List-Unsubscribe": f"<{letter.stop_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


# --- handing over -----------------------------------------------------------------------------------
class _Noting:
    """Notes when a mail's body is about to go: what fails before that was certainly not accepted."""

    in_data = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.in_data = True
        try:
            answer: tuple[int, bytes] = super().data(msg)  # type: ignore[misc]
        except smtplib.SMTPDataError:
            self.in_data = False  # a clear no, before the body
            raise
        self.in_data = False
        return answer


class _Smtp(_Noting, smtplib.SMTP):
    pass


class _SmtpSsl(_Noting, smtplib.SMTP_SSL):
    pass


class Relay(smtp.EmailBackend):
    """Django's SMTP backend over a connection that notes how far a mail came."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _SmtpSsl if self.use_ssl else _Smtp


def connect() -> BaseEmailBackend:
    """An open connection. ChannelDown when the provider refuses us as a whole or cannot be reached."""
    if settings.EMAIL_BACKEND == DJANGO_SMTP:
        connection: BaseEmailBackend = Relay(fail_silently=False)
    else:
        connection = get_connection(fail_silently=False)
    try:
        connection.open()
        session = getattr(connection, "connection", None)
        if isinstance(session, smtplib.SMTP):
            session.ehlo_or_helo_if_needed()  # a refusal here concerns no message yet
    except (OSError, smtplib.SMTPException) as error:
        close(connection)
        raise ChannelDown(str(error)) from error
    return connection


def hand_over(connection: BaseEmailBackend, mail: Mail) -> Outcome:
    """Give one mail to the provider and read its answer. Never raises for a provider's answer."""
    try:
        sent = connection.send_messages([mail])
    except smtplib.SMTPRecipientsRefused as error:
        code, reply = next(iter(error.recipients.values()))
        return _about_recipient(code, _words(reply))
    except smtplib.SMTPResponseException as error:
        at_mail = isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPHeloError)
        return _about_code(error.smtp_code, _words(error.smtp_error), at_mail=at_mail)
    except (UnicodeError, smtplib.SMTPNotSupportedError) as error:
        # An address this provider has no letters for. The session stands in the middle of a mail.
        return Outcome(Answer.REFUSED, str(error), broken=True)
    except (OSError, smtplib.SMTPException) as error:
        return _cut_off(connection, error)
    except BadHeaderError as error:
        return Outcome(Answer.REFUSED, str(error))
    except Exception as error:
        logger.exception("mail %s: the provider's backend stumbled", mail.idempotency_key)
        return _by_api(error)
    return Outcome(Answer.ACCEPTED, _reply_of(mail)) if sent else Outcome(Answer.NONE, "no answer")


def close(connection: BaseEmailBackend) -> None:
    """Say goodbye; what goes wrong now concerns no message."""
    try:
        connection.close()
    except (OSError, smtplib.SMTPException):
        return


def _about_recipient(code: int, reply: str) -> Outcome:
    """RCPT TO was refused. 552 means a full mailbox there (RFC 5321 4.5.3.1.10): not for ever."""
    if 400 <= code < 500 or code == FULL_MAILBOX:
        return Outcome(Answer.LATER, f"{code} {reply}", broken=code == 421)
    found = _STATUS.match(reply)
    gone = found[1].startswith(_UNKNOWN_MAILBOX) if found else code in (550, 551, 553)
    return Outcome(Answer.REFUSED, f"{code} {reply}", bounced=gone)


def _about_code(code: int, reply: str, *, at_mail: bool) -> Outcome:
    """A verb was answered with a no: at MAIL it is about us or our sender, at DATA about this mail."""
    words = f"{code} {reply}"
    if at_mail and code in ABOUT_US:
        return Outcome(Answer.UNTRIED, words, broken=True)
    if 500 <= code < 600:
        # The recipient is not at fault when our sender is refused: that is for us to mend in time.
        lasting = not at_mail or code == TOO_BIG
        return Outcome(Answer.REFUSED if lasting else Answer.LATER, words)
    if 400 <= code < 500:
        return Outcome(Answer.LATER, words, broken=code == 421)
    # Neither yes nor no: after the body it may have been taken.
    return Outcome(Answer.NONE, words, broken=True)


def _cut_off(connection: BaseEmailBackend, error: Exception) -> Outcome:
    """The connection broke. Before the body was on its way, nothing can have been accepted."""
    session = getattr(connection, "connection", None)
    if isinstance(session, _Noting) and not session.in_data:
        return Outcome(Answer.UNTRIED, str(error), broken=True)
    return Outcome(Answer.NONE, str(error), broken=True)


def _by_api(error: Exception) -> Outcome:
    """An API's refusal, where the backend tells its status (Anymail); else nobody knows."""
    status = getattr(error, "status_code", None)
    words = f"{status or ''} {error}".strip()[:500]
    if status in (401, 403):
        return Outcome(Answer.UNTRIED, words, broken=True)
    if status == 429:
        return Outcome(Answer.LATER, words, broken=True)
    if status is not None and 400 <= status < 500 and status not in (408, 409):
        return Outcome(Answer.REFUSED, words)
    # 5xx, a time-out, a surprise: it may have been taken before that.
    return Outcome(Answer.NONE, words, broken=True)


def _words(reply: Any) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    return " ".join(text.split())[:500]


def _reply_of(mail: Mail) -> str:
    """What an API said, where the backend tells (Anymail)."""
    status: Mapping[str, Any] | Any = getattr(mail, "anymail_status", None)
    found = getattr(status, "message_id", None)
    return str(found)[:500] if found else "250"
