"""`manage.py evaluate FILE|-`: who meets a condition, as of any moment (contracts 3). Reads only."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction
from django.utils.translation import gettext as _

from journeys import clock, conditions, db
from journeys.calendars import days_at
from journeys.conditions import Ask, ConditionError, Node
from journeys.conditions.words import moment_in_words

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
MISTAKE, UNKNOWN_KEY = 2, 3
EARLIEST, LATEST = 1900, 2200
FORMATS = ("text", "json")


class Command(BaseCommand):
    help = "List who meets a condition (YAML or JSON in FILE, or - for stdin)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        kinds = "|".join(conditions.ASKED)
        parser.add_argument(
            "file", metavar="FILE", help="the condition, or - to read it from stdin"
        )
        parser.add_argument("--as-of", metavar="T", help="asked of this moment (RFC 3339, offset)")
        parser.add_argument("--as-known", metavar="T", help="with what had been received by then")
        parser.add_argument("--subject", default="account", metavar=kinds)
        parser.add_argument("--format", default="text", metavar="|".join(FORMATS))
        parser.add_argument("--explain", metavar="KEY", help="why, for one of them")

    def handle(self, *args: Any, **options: Any) -> None:
        form = options["format"]
        try:
            _choice(form, FORMATS, "format")
            kind = _choice(options["subject"], conditions.ASKED, "subject")
            node = conditions.parse_yaml(_text(options["file"]), subject=kind)
            ask = _ask(options["as_of"], options["as_known"])
        except ConditionError as mistake:
            self._refuse(mistake, form, MISTAKE)
        with read_only():
            self._answer(node, ask, kind, form, options["explain"])

    def _answer(self, node: Node, ask: Ask, kind: str, form: str, key: str | None) -> None:
        explained = None
        if key is not None:
            found = conditions.by_key(key, kind, ask)
            if found is None:
                message = _("Nobody is asked under the key “%s”.") % key
                self._refuse(
                    ConditionError(message, "explain", code="unknown_key"), form, UNKNOWN_KEY
                )
            subject = conditions.subject_of(kind)
            explained = conditions.explain(node, [found], ask, subject)[found]
        if form == "text" and explained:
            self._lines(explained.lines())
            return
        asked = conditions.evaluate(node, ask, kind)
        if form == "text":
            self._lines(asked.matches)
            return
        answer = {
            "as_of": moment_in_words(ask.now),
            "subject": kind,
            "matches": asked.matches,
            "count": len(asked.matches),
            "unknown": asked.unknown,
            "of": asked.of,
            "warnings": conditions.unseen(node),
        }
        if explained:
            answer |= {"key": key, "explain": explained.as_json()}
        self.stdout.write(json.dumps(answer, ensure_ascii=False))

    def _lines(self, lines: list[str]) -> None:
        for line in lines:
            self.stdout.write(line)

    def _refuse(self, mistake: ConditionError, form: str, code: int) -> NoReturn:
        error = {"code": mistake.code, "message": mistake.message, "field": mistake.field}
        as_json = json.dumps({"error": error}, ensure_ascii=False)
        self.stderr.write(as_json if form == "json" else str(mistake), self.style.NOTICE)
        sys.exit(code)


def _choice(given: str, words: tuple[str, ...], option: str) -> str:
    if given not in words:
        raise ConditionError(_("“%s” is not known here.") % given, option, words, "unknown_word")
    return given


def _text(path: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        message = _("“%(file)s” cannot be read: %(why)s.") % {"file": path, "why": error.strerror}
        raise ConditionError(message, "file", code="no_file") from None
    except UnicodeDecodeError:
        raise ConditionError(_("The condition is not UTF-8."), "file", code="bad_text") from None


def _ask(as_of: str | None, as_known: str | None) -> Ask:
    now = _moment(as_of, "as_of") if as_of is not None else clock.now()
    known = _moment(as_known, "as_known") if as_known is not None else None
    return Ask(now=now, days=days_at(now), known_at=known)


def _moment(text: str, option: str) -> datetime:
    """An RFC 3339 moment; one without an offset could mean any of 38 hours."""
    try:
        if not RFC_3339.fullmatch(text):
            raise ValueError(text)
        moment = datetime.fromisoformat(text.upper().replace(" ", "T")).astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or not EARLIEST <= moment.year <= LATEST:
        example = "2026-05-11T10:00:00+09:00"
        message = _("“%(text)s” is not a moment with an offset: write for example %(example)s.")
        raise ConditionError(message % {"text": text, "example": example}, option, code="bad_time")
    return moment


@contextmanager
def read_only() -> Iterator[None]:
    """The database itself refuses whatever would write."""
    if not db.is_postgres():
        # No transaction: on SQLite one would take the writer's lock. Past Django's cursor, so that
        # it is lifted again also where a transaction was broken meanwhile.
        connection.ensure_connection()
        connection.connection.execute("PRAGMA query_only = ON")
        try:
            yield
        finally:
            connection.connection.execute("PRAGMA query_only = OFF")
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        yield
        transaction.set_rollback(True)
