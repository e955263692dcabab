"""Files as people send them, and the commands that take them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management import call_command
from openpyxl import Workbook

NAMES = "account_id,account_name,contact_id,email,role,product,started_on,stage,stage_entered_on"
MINATO = "ac1,株式会社みなと製菓①,okano,okano@minato.example,admin,app,2026-04-01,,"


def sheet(*rows: str, header: str = NAMES) -> str:
    return "\n".join([header, *rows]) + "\n"


def workbook(rows: Sequence[Sequence[Any]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


class Said:
    """What a command answered."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err


def run(tmp_path: Path, kind: str, content: str | bytes, *options: str, name: str = "file") -> Said:
    """`manage.py import_KIND` on a file with this content."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(f"import_{kind}", str(path), *options, stdout=out, stderr=err)
    except SystemExit as end:
        return Said(int(end.code or 0), out.getvalue(), err.getvalue())
    return Said(0, out.getvalue(), err.getvalue())
