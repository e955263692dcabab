"""What a file did, or would do, in lines for a person."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from journeys.imports.bringing import Report


def lines(report: Report) -> Iterator[str]:
    """The report, a sentence a line; the messages it sends last."""
    if report.dry_run:
        yield _("Dry run: nothing was changed.")
    yield _("%(rows)d rows, %(fresh)d of them new, %(again)d brought in before") % {
        "rows": report.rows, "fresh": report.fresh, "again": report.again,
    }  # fmt: skip
    yield _("Customers: %(all)d (%(new)d new)") % {
        "all": report.accounts, "new": report.new_accounts,
    }  # fmt: skip
    yield _("People: %(all)d (%(new)d new)") % {
        "all": report.contacts, "new": report.new_contacts,
    }  # fmt: skip
    if report.facts:
        yield _("Facts: %(n)d") % {"n": report.facts}
    for stage, count in report.stages.items():
        yield _("Stage “%(stage)s”: %(n)d") % {"stage": stage, "n": count}
    if report.suppressed:
        yield _("Addresses that stay stopped: %(n)d") % {"n": report.suppressed}
    yield _("Messages this sends: %(n)d") % {"n": report.messages}
