"""Staff by role, a small vendor's texts, and a hand that fills in forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from journeys import clock, people
from journeys.models import Journey, User
from tests import cast


@pytest.fixture(autouse=True)
def _moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doors' clock stands at a working morning, and speaks English."""
    monkeypatch.setattr(clock, "now", lambda: cast.SLOT)


Hand = Callable[..., Any]


def staff(role: str, email: str = "") -> User:
    """A member of staff with one role."""
    return people.invite_staff(
        email=email or f"{role}@vendor.example", last_name=role, role=role, now=cast.CONTRACT_DAY
    )


def as_(role: str, email: str = "") -> Client:
    """A browser signed in as a member of staff, reading English."""
    client = Client(headers={"accept-language": "en"})
    client.cookies["django_language"] = "en"
    client.force_login(staff(role, email), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def vendor(db: None) -> None:
    """The small vendor's texts are published."""
    cast.open_vendor()


@pytest.fixture
def ops(vendor: None) -> Client:
    return as_("cs_ops")


@pytest.fixture
def journey(vendor: None) -> Journey:
    """A published journey."""
    return Journey.objects.order_by("pk")[0]


def url(name: str, noun: Any, *args: str) -> str:
    meta = noun._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}", args=[noun.pk, *args])


def seen(client: Client, noun: Any) -> str:
    """The token of the draft as the editor's page shows it now."""
    return str(client.get(url("change", noun)).context["desk"].draft.token)


def post(client: Client, noun: Any, name: str, *args: str, **data: Any) -> Any:
    """Post one of the editor's forms, as one that has just read the page."""
    data.setdefault("seen", seen(client, noun))
    said = {key.replace("__", "."): value for key, value in data.items()}
    return client.post(url(name, noun, *args), said)


def form(client: Client, noun: Any, query: str = "", **changes: Any) -> dict[str, Any]:
    """What the page's form would send: every field as it stands, with what is typed over it."""
    page = client.get(url("change", noun) + query)
    inspector = page.context.get("inspector") or {"rows": page.context["rows"]}
    sections = inspector.get("sections")
    rows = [row for _, rows in sections for row in rows] if sections else inspector["rows"]
    said = {"seen": page.context["desk"].draft.token}
    for row in rows:
        if row.field.widget != "check":
            said[row.field.name] = row.value
        elif row.value:
            said[row.field.name] = "on"
    return said | {key.replace("__", "."): value for key, value in changes.items()}
