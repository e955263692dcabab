"""A checked file is brought in, a chunk a transaction; told again, a row changes nothing (4.2.36)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from journeys import db, facts, lifecycle, permission
from journeys.imports import columns, customers, happenings, quiet, tables
from journeys.imports.entries import Checked, Entry
from journeys.imports.placing import place
from journeys.imports.problems import Problem, Refused
from journeys.models import (
    Account,
    Contact,
    ImportKind,
    Receipt,
    Stage,
    StageTransition,
    Subscription,
    VersionStatus,
)

CHUNK = 200
CHECKS: Mapping[str, Callable[..., Checked]] = {
    ImportKind.CUSTOMERS: customers.check,
    ImportKind.FACTS: happenings.check,
}


@dataclass
class Report:
    """What a file does, or did."""

    rows: int = 0
    fresh: int = 0
    again: int = 0  # rows of this very file that were brought in before
    accounts: int = 0
    new_accounts: int = 0
    contacts: int = 0
    new_contacts: int = 0
    facts: int = 0
    stages: dict[str, int] = field(default_factory=dict)
    suppressed: int = 0
    messages: int = 0  # who begins a journey at the next tick, each with a first message
    warnings: list[dict[str, Any]] = field(default_factory=list)
    dry_run: bool = False


@dataclass
class File:
    """A file that was read and checked whole."""

    kind: str
    hash: str
    checked: Checked
    encoding: str
    columns: Mapping[str, str]

    @property
    def source(self) -> str:
        """Under which name its rows are signed for: the same bytes are the same file."""
        return f"import:{self.kind}:{self.hash[:32]}"


def open_file(
    content: bytes,
    kind: str,
    now: datetime,
    *,
    encoding: str = "",
    mapping: Mapping[str, str] | None = None,
    dates: str = "",
) -> File:
    """Read and check a whole file; Refused, with every mistake named by its row, when it has any."""
    file = look_into(content, kind, now, encoding=encoding, mapping=mapping, dates=dates)
    if file.checked.problems:
        raise Refused(file.checked.problems)
    return file


def look_into(
    content: bytes,
    kind: str,
    now: datetime,
    *,
    encoding: str = "",
    mapping: Mapping[str, str] | None = None,
    dates: str = "",
) -> File:
    """As open_file, but mistakes in rows stay in `checked`, for a page that shows them."""
    table = tables.read(content, encoding=encoding)
    if not table.rows and not table.problems:
        table.problems.append(Problem("empty", tables.no_rows()))
    rows, warnings, used = columns.rows(table, kind, mapping or {})
    checked = CHECKS[kind](rows, dates=dates, now=now)
    checked.problems += table.problems
    checked.warnings += warnings
    checked.sort()
    return File(kind, hashlib.sha256(content).hexdigest(), checked, table.encoding, used)


# --- before -----------------------------------------------------------------------------------------
def preview(file: File) -> Report:
    """What bringing it in would do. Reads only."""
    entries = file.checked.entries
    signed = set(Receipt.objects.filter(source=file.source).values_list("message_id", flat=True))
    fresh = [entry for entry in entries if _receipt_id(entry) not in signed]
    report = _counted(file, fresh)
    report.dry_run = True
    return report


def _counted(file: File, fresh: Sequence[Entry]) -> Report:
    names = {stage.key: stage.name for stage in Stage.objects.filter(
        version__status=VersionStatus.PUBLISHED)}  # fmt: skip
    stages = Counter(names[entry.place.stage] for entry in fresh if entry.place)
    accounts = {entry.account for entry in fresh}
    contacts = {entry.contact for entry in fresh if entry.contact}
    known = Account.objects.filter(external_id__in=accounts).count()
    users = Contact.objects.filter(user_id__in=contacts, is_current=True).count()
    blocked = permission.suppressed({entry.email for entry in fresh if entry.email})
    return Report(
        rows=file.checked.rows,
        fresh=len(fresh),
        again=len(file.checked.entries) - len(fresh),
        accounts=len(accounts),
        new_accounts=len(accounts) - known,
        contacts=len(contacts),
        new_contacts=len(contacts) - users,
        facts=sum(len(entry.calls) for entry in fresh) if file.kind == ImportKind.FACTS else 0,
        stages=dict(stages),
        suppressed=len(blocked),
        warnings=[warning.as_json() for warning in file.checked.warnings],
    )


# --- bringing in --------------------------------------------------------------------------------------
def bring_in(
    file: File,
    now: datetime,
    *,
    starts_journeys: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Report:
    """Bring a checked file in; `progress` hears after each chunk how many rows are done.

    Nobody it places in a stage begins a journey there, unless `starts_journeys`. Safe to repeat,
    also after it was interrupted.
    """
    report = preview(file)
    report.dry_run = False
    done = 0
    for chunk in _chunks(file.checked.entries):
        facts.until_written(partial(_write, file, chunk, now, starts_journeys))
        done += len(chunk)
        if progress is not None:
            progress(done)
    report.messages = quiet.coming_at_once(_named(file), now)
    return report


def _named(file: File) -> list[int]:
    """The accounts a file is about."""
    names = {entry.account for entry in file.checked.entries}
    return list(Account.objects.filter(external_id__in=names).values_list("pk", flat=True))


def _chunks(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), CHUNK):
        yield entries[start : start + CHUNK]


def _receipt_id(entry: Entry) -> str:
    return f"row-{entry.row}"


def _write(file: File, chunk: Sequence[Entry], now: datetime, starts_journeys: bool) -> None:
    """One chunk whole or not at all: told, placed, and kept out of the journeys it would begin."""
    ours = db.insert_new(
        [
            Receipt(
                source=file.source, message_id=_receipt_id(entry), body_hash="", received_at=now
            )
            for entry in chunk
        ],
        "message_id",
    )
    fresh = [entry for entry in chunk if _receipt_id(entry) in ours]
    calls = [
        {"timestamp": now.isoformat(), **call, "messageId": f"{_receipt_id(entry)}/{number}"}
        for entry in fresh
        for number, call in enumerate(entry.calls)
    ]
    if not calls:
        return
    verdicts = facts.take(calls, source=file.source, received_at=now)
    if verdicts.rejected:  # checked before: only a bug or another rule since then gets here
        raise Refused(
            [Problem(one.code, one.message, _row(calls, one.index)) for one in verdicts.rejected]
        )
    placed, moves = place(fresh, now)
    begun = _begun(fresh, now)
    if not starts_journeys:
        quiet.keep_out({*placed, *begun}, now)
        quiet.say_nothing_of_the_past(moves, now)


def _begun(fresh: Sequence[Entry], now: datetime) -> list[int]:
    """Contracts without a stage enter their route now, as the next tick would have it.

    Whose route this file has begun so far: a later chunk may name more people of an account.
    """
    names = {entry.account for entry in fresh}
    ours = Subscription.objects.filter(account__external_id__in=names, ended_at=None)
    if ours.filter(stage=None, started_at__lte=now).exists():
        lifecycle.start_subscriptions(now)
    begun = StageTransition.objects.filter(subscription__in=ours, seq=1, decided_at=now)
    return list(begun.values_list("account_id", flat=True))


def _row(calls: Sequence[Mapping[str, Any]], index: int) -> int:
    return int(str(calls[index]["messageId"]).partition("/")[0].removeprefix("row-"))


def rehearse(file: File, now: datetime, *, starts_journeys: bool = False) -> Report:
    """A dry run: customers are brought in and taken back, so that what is counted is what goes."""
    if file.kind != ImportKind.CUSTOMERS:
        return preview(file)
    with transaction.atomic():
        report = bring_in(file, now, starts_journeys=starts_journeys)
        transaction.set_rollback(True)
    report.dry_run = True
    return report
