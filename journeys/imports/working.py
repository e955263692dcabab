"""A file that came by the admin: received, read again with other answers, confirmed, brought in.

All its state is in its row: bringing in goes on after any interruption, by whoever looks next.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from journeys.imports import bringing, columns, tables
from journeys.imports.problems import Problem, Refused
from journeys.models import Import, ImportMapping, User

log = logging.getLogger("junro.imports")
State = Import.State
MOST_PROBLEMS = 1000
#: What reading a file again may change.
READ_ANEW = ("columns", "encoding", "dates", "starts_journeys", "rows", "report")
MOST_TRIES = 3  # I18
#: Who has not said for so long that it is bringing a file in does so no more.
SILENT = timedelta(minutes=2)


class Enough(Exception):
    """The time of this pass is over; the next one goes on."""


def receive(
    content: bytes,
    *,
    name: str,
    kind: str,
    now: datetime,
    by: User | None = None,
    mapping: ImportMapping | None = None,
    encoding: str = "",
    dates: str = "",
) -> Import:
    """Keep a file and what reading it finds; nothing else changes. Refused: it cannot be read."""
    row = Import(
        kind=kind,
        file_name=name[:200],
        file_hash=hashlib.sha256(content).hexdigest(),
        content=content,
        encoding=encoding,
        columns=dict(mapping.columns) if mapping else {},
        dates=dates or (mapping.dates if mapping else ""),
        state=State.UPLOADED,
        by=by,
        uploaded_at=now,
    )
    read_again(row, now)
    return row


def read_again(row: Import, now: datetime) -> None:
    """Read a received file by its row's present answers, and save what it would do."""
    report: dict[str, Any] = {}
    try:
        table = tables.read(bytes(row.content or b""), encoding=row.encoding)
        row.encoding = table.encoding
        row.columns = columns.guessed(table.header, row.kind, row.columns)
        file = _file(row, now)
        report = asdict(bringing.rehearse(file, now, starts_journeys=row.starts_journeys))
        problems, row.rows = file.checked.problems, file.checked.rows
    except Refused as why:
        problems = why.problems
    row.report = report | _told(problems)
    if row._state.adding:
        Import.objects.bulk_create([row])
    else:
        # Whoever confirmed it meanwhile has confirmed what they saw.
        mine = Import.objects.filter(pk=row.pk, state=State.UPLOADED)
        mine.update(**{name: getattr(row, name) for name in READ_ANEW})


def _told(problems: list[Problem]) -> dict[str, Any]:
    named = [problem.as_json() for problem in problems[:MOST_PROBLEMS]]
    return {"problems": named, "wrong": len(problems)}


def _file(row: Import, now: datetime) -> bringing.File:
    return bringing.look_into(
        bytes(row.content or b""),
        row.kind,
        now,
        encoding=row.encoding,
        mapping=row.columns,
        dates=row.dates,
    )


def confirm(row: Import, now: datetime) -> bool:
    """Let it be brought in; False when it was confirmed or given up before, or has mistakes."""
    if row.report.get("wrong"):
        return False
    mine = Import.objects.filter(pk=row.pk, state=State.UPLOADED)
    return bool(mine.update(state=State.WAITING, confirmed_at=now))


def give_up(row: Import, now: datetime) -> bool:
    """Throw the file away; False when it is too late."""
    mine = Import.objects.filter(pk=row.pk, state=State.UPLOADED)
    return bool(mine.update(state=State.GIVEN_UP, finished_at=now, content=None))


# --- the work ---------------------------------------------------------------------------------------
def waiting(machine: datetime) -> QuerySet[Import]:
    """Files to bring in: confirmed ones, and those somebody left behind."""
    left = Q(state=State.RUNNING, alive_at__lt=machine - SILENT)
    return Import.objects.filter(Q(state=State.WAITING) | left).order_by("confirmed_at", "pk")


def work(now: datetime, machine: datetime, *, seconds: float = 20) -> int:
    """Bring confirmed files in for about so long; how many were finished.

    `machine` is the machine's clock: whose work was left behind goes by it. Safe to call anywhere,
    any number of times at once.
    """
    until, finished = time.monotonic() + seconds, 0
    for row in waiting(machine):
        mine = waiting(machine).filter(pk=row.pk)
        if time.monotonic() < until and mine.update(state=State.RUNNING, alive_at=machine):
            finished += _bring_in(row, now, until)
    return finished


def _bring_in(row: Import, now: datetime, until: float) -> bool:
    def progress(done: int) -> None:
        Import.objects.filter(pk=row.pk).update(rows_done=done)
        if time.monotonic() > until:
            raise Enough

    # Names and times count as when it was confirmed: a pass later they are no others.
    moment = row.confirmed_at or now
    mine = Import.objects.filter(pk=row.pk)
    try:
        file = _file(row, moment)
        if file.checked.problems:
            raise Refused(file.checked.problems)
        done = bringing.bring_in(
            file, moment, starts_journeys=row.starts_journeys, progress=progress
        )
    except Enough:
        mine.update(state=State.WAITING)
        return False
    except Refused as why:
        mine.update(state=State.FAILED, finished_at=now, report=row.report | _told(why.problems))
        return True
    except Exception:  # one file must not stop the others; it is tried again, and then parked
        log.exception("Import %s stumbled.", row.pk)
        tries = int(row.report.get("tries", 0)) + 1
        state = State.FAILED if tries >= MOST_TRIES else State.WAITING
        mine.update(state=state, report=row.report | {"tries": tries})
        return False
    report = row.report | {"messages": done.messages, "dry_run": False}
    mine.update(state=State.DONE, finished_at=now, rows_done=row.rows, report=report, content=None)
    return True
