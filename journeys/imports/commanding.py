"""What both import commands share: options, the file, exit 2 with every mistake named by its row."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import CommandParser, OutputWrapper
from django.utils.translation import gettext as _

from journeys import imports
from journeys.imports import tables, telling, values
from journeys.models import ImportMapping

MOST_NAMED = 200


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV or xlsx")
    parser.add_argument("--dry-run", action="store_true", help="say what it would do")
    parser.add_argument("--mapping", metavar="NAME", default="", help="a saved column mapping")
    parser.add_argument("--encoding", choices=tables.ENCODINGS, default="", help="else detected")
    parser.add_argument("--dates", choices=values.ORDERS, default="", help="how 03/04/05 is read")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(
    kind: str, options: dict[str, Any], now: datetime, out: OutputWrapper, err: OutputWrapper
) -> None:
    """Bring the file in, or refuse it whole."""
    form = options["format"]
    try:
        file = _opened(kind, options, now)
        act = imports.rehearse if options["dry_run"] else imports.bring_in
        report = act(file, now, starts_journeys=options.get("start_journeys", False))
    except imports.Refused as why:
        _refuse(why, form, err)
    for warning in file.checked.warnings[:MOST_NAMED]:
        err.write(_("Note: %s") % warning)
    if form == "json":
        out.write(json.dumps(asdict(report), ensure_ascii=False))
    else:
        out.write("\n".join(telling.lines(report)))


def _opened(kind: str, options: dict[str, Any], now: datetime) -> imports.File:
    content = _content(options["file"])
    columns: dict[str, str] = {}
    dates = options["dates"]
    if name := options["mapping"]:
        mapping = ImportMapping.objects.filter(name=name, kind=kind).first()
        if mapping is None:
            message = _("There is no saved mapping “%s” for such files.") % name
            raise imports.Refused([imports.Problem("unknown_mapping", message)])
        columns, dates = mapping.columns, dates or mapping.dates
    return imports.open_file(
        content, kind, now, encoding=options["encoding"], mapping=columns, dates=dates
    )


def _content(path: Path) -> bytes:
    try:
        tables.refuse_too_large(path.stat().st_size)
        with path.open("rb") as file:
            return file.read(settings.IMPORT_MAX_BYTES + 1)
    except OSError as error:
        message = _("“%(file)s” cannot be read: %(why)s.") % {"file": path, "why": error.strerror}
        raise imports.Refused([imports.Problem("no_file", message)]) from None


def _refuse(why: imports.Refused, form: str, err: OutputWrapper) -> NoReturn:
    if form == "json":
        problems = [problem.as_json() for problem in why.problems]
        err.write(json.dumps({"problems": problems}, ensure_ascii=False))
        sys.exit(2)
    for problem in why.problems[:MOST_NAMED]:
        err.write(str(problem))
    if (more := len(why.problems) - MOST_NAMED) > 0:
        err.write(_("… and %(n)d more mistakes") % {"n": more})
    err.write(_("Nothing was changed."))
    sys.exit(2)
