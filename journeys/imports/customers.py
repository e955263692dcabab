"""Rows of customers: one contact × product each (contracts 3)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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
    Place,
    check_calls,
    conflicts,
    refuse_impossible,
    repeated,
)
from journeys.imports.problems import Problem
from journeys.models import Contact, LifecycleVersion, Product, VersionStatus
from journeys.people import reserved

ACCOUNT, CONTACT, CONTRACT = "account_", "contact_", "subscription_"
OF_CONTACT = ("email", "role")
OF_CONTRACT = ("started_on", "renewal_on", "mrr")
PLACED = ("stage", "stage_entered_on")
_ROLES = re.compile(r"[;、,|/\n]")
Routes = Mapping[str, Mapping[str, str]]  # product → what a stage is called → its key


def check(rows: Sequence[Row], *, dates: str, now: datetime) -> Checked:
    """Read and check every row; at most four SELECTs."""
    kept, warnings = repeated(rows)
    checked = Checked(warnings=warnings, rows=len(rows))
    routes, products = _routes(), set(Product.objects.values_list("key", flat=True))
    for row in kept:
        entry = _entry(Cells(row, checked.problems), dates, now, routes)
        if entry is None:
            continue
        checked.entries.append(entry)
        check_calls(entry, _column_of, checked.problems, now)
        product = values.text(row["product"])
        if product and product not in products:
            message = _("The product “%s” is not known yet; it begins with this file.") % product
            checked.warnings.append(Problem("unknown_product", message, row.number, "product"))
    checked.problems += _contradictions(kept)
    checked.problems += _elsewhere(checked.entries)
    return checked


def _routes() -> Routes:
    """The stages of each product's published route, by key and by name."""
    published = LifecycleVersion.objects.filter(status=VersionStatus.PUBLISHED)
    found: dict[str, dict[str, str]] = {}
    for product, key, name in published.order_by("pk", "stages__position").values_list(
        "lifecycle__product__key", "stages__key", "stages__name"
    ):
        found.setdefault(product, {})[name] = key
        found[product][key] = key
    return found


def _entry(cells: Cells, dates: str, now: datetime, routes: Routes) -> Entry | None:
    account = cells.need("account_id", values.text)
    contact = cells.get("contact_id", values.text) or ""
    product = cells.get("product", values.text) or ""
    contract = _contract(cells, product, dates)
    place = _place(cells, product, dates, routes, now)
    about_contact = _traits(cells, CONTACT, ("contact_id",), reserved.OF_CONTACT)
    about_contact |= _of_contact(cells)
    if about_contact and not contact:
        cells.note("missing_value", _("A person needs a contact_id."), "contact_id")
    if account is None:
        return None
    traits = _traits(cells, ACCOUNT, ("account_id",), reserved.OF_ACCOUNT)
    if contract:
        traits["subscriptions"] = [contract]
    who: dict[str, Any] = {"userId": contact} if contact else {"anonymousId": NOBODY}
    calls = [{"type": "group", "groupId": account, "traits": traits, **who}]
    if contact:
        context = {"groupId": account}
        calls.append({"type": "identify", "context": context, "traits": about_contact, **who})
    email = str(about_contact.get("email") or "")
    return Entry(cells.row.number, account, tuple(calls), contact, email, place)


def _traits(
    cells: Cells, begin: str, without: Sequence[str], texts: Mapping[str, Any]
) -> dict[str, Any]:
    """The columns that begin so, as traits; those with a meaning are texts, others what they say."""
    found: dict[str, Any] = {}
    for column in cells.row.cells:
        name = column.removeprefix(begin)
        if column.startswith(begin) and column not in without and name:
            value = cells.get(column, values.text if name in texts else values.typed)
            if value is not None:
                found[name] = value
    return found


def _of_contact(cells: Cells) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if email := cells.get("email", values.text):
        found["email"] = email
    if role := cells.get("role", values.text):
        roles = [one.strip() for one in _ROLES.split(role) if one.strip()]
        found |= {"roles": roles} if len(roles) > 1 else {"role": role}
    return found


def _contract(cells: Cells, product: str, dates: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("started_on", "renewal_on"):
        if day := cells.get(name, lambda cell: values.day(cell, dates)):
            found[name] = day.isoformat()
    if (mrr := cells.get("mrr", values.money)) is not None:
        found["mrr"] = mrr
    found = _traits(cells, CONTRACT, (), {}) | found
    if found and not product:
        cells.note("missing_value", _("A contract needs its product."), "product")
    return {"product": product, **found} if product else {}


def _place(cells: Cells, product: str, dates: str, routes: Routes, now: datetime) -> Place | None:
    stage = cells.get("stage", values.text)
    entered_on = cells.get("stage_entered_on", lambda cell: values.day(cell, dates))
    if entered_on is not None:
        refuse_impossible(values.begins(entered_on), now, "stage_entered_on", cells)
    if not stage:
        if entered_on is not None:
            cells.note("missing_value", _("Name the stage entered on that day."), "stage")
        return None
    if not product:
        cells.note("missing_value", _("A stage needs its product."), "product")
        return None
    stages = routes.get(product, {})
    if stage not in stages:
        message = _("“%(stage)s” is not a stage of %(product)s. Its stages are: %(stages)s.") % {
            "stage": stage, "product": product,
            "stages": ", ".join(dict.fromkeys(stages.values())) or "—",
        }  # fmt: skip
        cells.note("unknown_stage", message, "stage")
        return None
    return Place(product, stages[stage], entered_on)


def _column_of(call: Mapping[str, Any], field: str) -> str:
    """The column that a trait's path (or a refusal's code) in one of our calls is about."""
    if field.startswith("bad_"):
        return "account_id" if call["type"] == "group" else "contact_id"
    name = field.rpartition(".")[2]
    if call["type"] == "group":
        return name if "subscriptions" in field else f"{ACCOUNT}{name}"
    return name if name in OF_CONTACT else f"{CONTACT}{name}"


# --- rows against each other, and against what is known --------------------------------------------
def _contradictions(rows: Sequence[Row]) -> list[Problem]:
    """Two rows that say different things of one account, person or contract (4.2.34)."""

    def account(row: Row) -> tuple[Any, ...] | None:
        return ("account", _said(row, "account_id")) if _said(row, "account_id") else None

    def contact(row: Row) -> tuple[Any, ...] | None:
        return ("contact", _said(row, "contact_id")) if _said(row, "contact_id") else None

    def contract(row: Row) -> tuple[Any, ...] | None:
        product = _said(row, "product")
        return ("contract", _said(row, "account_id"), product) if product else None

    return [
        *conflicts(rows, account, lambda n: n.startswith(ACCOUNT) and n != "account_id"),
        *conflicts(
            rows,
            contact,
            lambda n: n in (*OF_CONTACT, "account_id") or n.startswith(CONTACT),
        ),
        *conflicts(
            rows, contract, lambda n: n in (*OF_CONTRACT, *PLACED) or n.startswith(CONTRACT)
        ),
    ]


def _said(row: Row, name: str) -> str:
    return values.text(row[name]).strip()


def _elsewhere(entries: Sequence[Entry]) -> list[Problem]:
    """People who are known in another customer: a file moves nobody (4.2.38); one SELECT."""
    wanted = {entry.contact for entry in entries if entry.contact}
    rows = Contact.objects.filter(user_id__in=wanted, is_current=True).exclude(account=None)
    homes = dict(rows.values_list("user_id", "account__external_id"))
    return [
        Problem("other_account", message % {"who": entry.contact}, entry.row, "contact_id")
        for entry in entries
        if homes.get(entry.contact, entry.account) != entry.account
        for message in (_("“%(who)s” belongs to another customer. Move the person first."),)
    ]
