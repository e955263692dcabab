"""Rows of facts: what happened to whom, when (contracts 3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from journeys.imports import values
from journeys.imports.columns import Row
from journeys.imports.entries import (
    NOBODY,
    Cells,
    Checked,
    Entry,
    check_calls,
    refuse_impossible,
)
from journeys.imports.problems import Problem
from journeys.models import Account, Contact

PROPERTY = "properties."
_COLUMNS = {"bad_event": "name", "bad_identity": "account_id", "bad_product": "product"}


def check(rows: Sequence[Row], *, dates: str, now: datetime) -> Checked:
    """Read and check every row; two SELECTs. Two rows that say the same are two facts."""
    checked = Checked(rows=len(rows))
    for row in rows:
        entry = _entry(Cells(row, checked.problems), dates, now)
        if entry is not None:
            checked.entries.append(entry)
            check_calls(entry, lambda _call, code: _COLUMNS.get(code, code), checked.problems, now)
    checked.problems += _elsewhere(checked.entries)
    checked.warnings += _unknown_accounts(checked.entries)
    return checked


def _entry(cells: Cells, dates: str, now: datetime) -> Entry | None:
    account = cells.need("account_id", values.text)
    name = cells.need("name", values.text)
    moment = cells.need("occurred_at", lambda cell: values.moment(cell, dates))
    refuse_impossible(moment, now, "occurred_at", cells)
    contact = cells.get("contact_id", values.text) or ""
    product = cells.get("product", values.text)
    properties = {
        column.removeprefix(PROPERTY): value
        for column in cells.row.cells
        if column.startswith(PROPERTY) and (value := cells.get(column, values.typed)) is not None
    }
    if None in (account, name, moment):
        return None
    context: dict[str, Any] = {"groupId": account} | ({"product": product} if product else {})
    call = {
        "type": "track",
        "event": name,
        "timestamp": moment.isoformat(),
        "context": context,
        "properties": properties,
        **({"userId": contact} if contact else {"anonymousId": NOBODY}),
    }
    return Entry(cells.row.number, account, (call,), contact)


def _elsewhere(entries: Sequence[Entry]) -> list[Problem]:
    """Facts of somebody who was never in the account the row names (4.2.38); one SELECT."""
    wanted = {entry.contact for entry in entries if entry.contact}
    homes: dict[str, set[str]] = {}
    rows = Contact.objects.filter(user_id__in=wanted).exclude(account=None)
    for user, account in rows.values_list("user_id", "account__external_id"):
        homes.setdefault(user, set()).add(account)
    message = _("“%(who)s” does not belong to the customer this row names.")
    return [
        Problem("other_account", message % {"who": entry.contact}, entry.row, "contact_id")
        for entry in entries
        if entry.contact in homes and entry.account not in homes[entry.contact]
    ]


def _unknown_accounts(entries: Sequence[Entry]) -> list[Problem]:
    """Accounts that begin with this file, each once: likely a mistake in writing."""
    named: dict[str, int] = {}
    for entry in entries:
        named.setdefault(entry.account, entry.row)
    rows = Account.objects.filter(external_id__in=named)
    known = set(rows.values_list("external_id", flat=True))
    message = _("The customer “%s” is not known yet; it begins with this file.")
    return [
        Problem("unknown_account", message % account, row, "account_id")
        for account, row in named.items()
        if account not in known
    ]
