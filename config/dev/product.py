"""A small sample of the product Junro speaks about: its buttons post real facts. DEBUG only."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from config.demo import world
from config.dev.pages import CUSTOMER, debug_only
from journeys import clock
from journeys.channels import nudge
from journeys.models import Contact

DELIVERABLES = (
    ("company_profile", _("Company profile")),
    ("departments", _("Departments and titles")),
    ("approval_route", _("Approval route table")),
    ("chart_of_accounts", _("Chart of accounts")),
    ("accounting_link", _("Link to the accounting software")),
    ("employee_roster", _("Employee roster")),
)
COLLEAGUES = (
    ("onishi", "大西 恵子", "オオニシ ケイコ", "onishi@minato.example", ["accounting"]),
    ("murai", "村井 拓", "ムライ タク", "murai@minato.example", ["promoter"]),
    ("hamada", "浜田 進", "ハマダ ススム", "hamada@minato.example", ["approver"]),
)


@debug_only
def product(request: HttpRequest, page: str = "") -> HttpResponse:
    """One page of the sample product, as the signed-in or the first customer sees it."""
    page = page.strip("/")
    contact = _who(request)
    shown = f"product:{page or 'home'}"
    context = {
        "contact": contact,
        "page": page or "home",
        "key": b64encode(f"{world.write_key()}:".encode()).decode(),
        "deliverables": _deliverables(contact, page),
        "colleagues": [
            {
                "userId": user_id,
                "traits": {"name": name, "kana": kana, "email": email, "roles": roles},
            }
            for user_id, name, kana, email, roles in COLLEAGUES
        ],
        "nudges": nudge.visible(contact, shown, clock.now()) if contact else [],
    }
    return render(request, "dev/product.html", context)


def _who(request: HttpRequest) -> Contact | None:
    visitor: Any = getattr(request, "visitor", None)
    found = Contact.objects.filter(is_current=True).select_related("account", "person")
    contact_id = getattr(visitor, "contact_id", None)
    return (
        found.filter(pk=contact_id).first()
        if contact_id
        else found.filter(user_id=CUSTOMER).first()
    )


def _deliverables(contact: Contact | None, page: str) -> list[dict[str, Any]]:
    states: dict[str, str] = {}
    if contact and contact.account_id:
        for sub in contact.account.subscriptions.filter(ended_at=None):  # type: ignore[union-attr]
            states |= dict(sub.deliverables.values_list("key", "state"))
    return [
        {
            "key": key,
            "name": name,
            "state": states.get(key, ""),
            "here": key == page.replace("-", "_"),
        }
        for key, name in DELIVERABLES
    ]
