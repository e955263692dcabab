"""The report as a sheet that opens in Japanese Excel: BOM, CRLF, no cell that is a formula (K5)."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Sequence

from defusedcsv import csv
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from learning.engagement.figures import Line, Report, Share
from learning.engagement.wording import NOT_KNOWN, definitions, percent

BOM = "\ufeff"
FORMULA = frozenset("=+-@|%")

Cell = str | int


def text(rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as CSV: UTF-8 with BOM (Excel takes it for CP932 otherwise), CRLF, cells made safe."""
    out = io.StringIO()
    out.write(BOM)
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def harmless(cell: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula.

    defusedcsv sees to the ASCII signs at the very start. Full-width ones, and signs behind blanks
    or control characters, are formulas to some spreadsheets too.
    """
    if not isinstance(cell, str):
        return cell
    begins = unicodedata.normalize("NFKC", cell).lstrip(_BLANK)[:1]
    is_hidden = bool(begins) and begins in FORMULA and cell[0] not in FORMULA
    return f"'{cell}" if is_hidden or cell[:1] in ("\t", "\r", "\n") else cell


_BLANK = "".join(chr(code) for code in range(0x21)) + "\x7f\xa0\u200b\u200c\u200d\u2060\ufeff\u3000"


def rows(report: Report, stage: str, role: str) -> list[list[Cell]]:
    """Header, what each column counts, then a row for each item. No personal data.

    `stage` and `role` are the names of what was asked for ("" = every one).
    """
    columns = _columns()
    asked: list[Cell] = [
        report.question.first.isoformat(), report.question.last.isoformat(), stage, role,
    ]  # fmt: skip
    return [
        [name for name, _definition in columns],
        [definition for _name, definition in columns],
        *([*asked, *_cells(line, report)] for line in report.lines),
    ]


def _columns() -> list[tuple[str, str]]:
    means = definitions()
    few = means["shares"]
    return [
        (pgettext("period", "From"), _("First day of the period, included.")),
        (pgettext("period", "To"), _("Last day of the period, included.")),
        (_("Stage asked for"), _("Empty: every stage.")),
        (_("Role asked for"), _("Empty: every role.")),
        (_("Kind"), ""),
        (pgettext("page", "Title"), ""),
        (_("Address"), _("The last part of the page's address.")),
        (_("Meant for"), means["targeted"]),
        (pgettext("engagement", "Reached"), means["reached"]),
        (pgettext("engagement", "Viewed"), means["viewed"]),
        (_("Viewed, share"), _("Viewed ÷ meant for.") + few),
        (_("To the end"), means["completed"]),
        (_("To the end, share"), _("To the end ÷ viewed.") + few),
        (_("Next action"), means["acted"]),
        (_("Next action, share"), _("Next action ÷ reached.") + few),
        (_("Next action, in words"), _("What the page asks for.")),
        (_("Still within 7 days"), _("Readers who may still go on to the next action.")),
        (_("Companies that viewed"), _("In a stage the page helps in.")),
        (pgettext("engagement", "Left the stage"), means["left"]),
        (_("Left the stage, share"), _("Left the stage ÷ companies that viewed.") + few),
        (
            _("Still within 20 business days"),
            _("Companies that may still leave the stage in time."),
        ),
    ]


def _cells(line: Line, report: Report) -> list[Cell]:
    acting = line.acting
    return [
        _("lesson") if line.item.kind == "lesson" else _("article"),
        line.item.title,
        min(line.item.slugs),
        line.targeted,
        len(line.reached),
        line.viewed.part,
        percent(line.viewed),
        _part(line.done),
        percent(line.done),
        _part(line.acted),
        percent(line.acted),
        line.item.next_label,
        len(acting.may_still) if acting else NOT_KNOWN,
        line.left.whole,
        line.left.part,
        percent(line.left),
        len(line.leaving.may_still),
    ]


def _part(share: Share | None) -> Cell:
    return NOT_KNOWN if share is None else share.part
