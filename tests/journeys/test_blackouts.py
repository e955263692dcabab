"""R31: accounting is left alone while the books are closed; what may not wait still comes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from journeys import bundle, engine
from journeys.calendars import hours_at
from journeys.messages import delivery
from journeys.models import Message
from tests import cast
from tests.cast import at

DAYS = {"2026-06-29": None, "2026-06-30": "07-07", "2026-07-01": "07-07", "2026-07-07": "07-07",
        "2026-07-08": None, "2026-12-28": "01-08", "2027-01-08": "01-08"}  # fmt: skip
WINDOW = """
version: 1
calendars:
- key: default
  country: JP
  slots: ["10:00", "15:00"]
  closures: [{from: "2026-12-29", to: "2027-01-03", name: 年末年始}]
  blackouts:
  - {name: 締め, roles: [accounting], categories: [CATEGORY], from: {day: -1}, to: {day: 5, of: next}EXCEPT}
"""


def close_the_books(tmp_path: Any, category: str = "guidance", more: str = "") -> None:
    cast.open_vendor()
    file = tmp_path / "calendar.yaml"
    file.write_text(WINDOW.replace("CATEGORY", category).replace("EXCEPT", more))
    bundle.apply(bundle.read_files([file]), cast.CONTRACT_DAY)


@pytest.mark.django_db
@pytest.mark.parametrize(("day", "last"), DAYS.items())
def test_the_window_runs_from_the_last_business_day_to_the_fifth_of_the_next_month(
    day: str, last: str | None, tmp_path: Any
) -> None:
    close_the_books(tmp_path)
    hours = hours_at(at("2026-06-01T09:00"))

    ends = hours.blackouts[0].ends(date.fromisoformat(day), hours.days)

    assert (f"{ends:%m-%d}" if ends else None) == last


def letter(role: str, day: str = "2026-06-30") -> tuple[str, str, str]:
    """State, reason and due local moment of the first letter to somebody new."""
    cast.customer("kei", at(f"{day}T09:00"), roles=("admin", role))
    engine.tick(at(f"{day}T10:00"))
    delivery.send_due(at(f"{day}T10:00"))
    found = Message.objects.get(step_id="hello")
    return found.state, found.reason, f"{found.due_at.astimezone(cast.TOKYO):%m-%d %H:%M}"


@pytest.mark.django_db
def test_guidance_to_accounting_waits_for_the_first_slot_after_the_window(tmp_path: Any) -> None:
    close_the_books(tmp_path)

    assert letter("accounting") == ("held", "blackout", "07-08 10:00")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "category", "more"),
    [
        ("promoter", "guidance", ""),
        ("accounting", "promotional", ""),
        ("accounting", "guidance", ", except_topics: [start]"),
    ],
    ids=["another role", "another category", "an exempt topic"],
)
def test_whom_the_window_does_not_speak_of_is_written_to(
    role: str, category: str, more: str, tmp_path: Any
) -> None:
    close_the_books(tmp_path, category, more)

    assert letter(role)[:2] == ("accepted", "accepted")


@pytest.mark.django_db
def test_an_urgent_letter_passes_the_window(tmp_path: Any) -> None:
    close_the_books(tmp_path)
    cast.customer("kei", at("2026-06-30T09:00"), roles=("admin", "accounting"))
    engine.tick(at("2026-06-30T09:30"))
    Message.objects.filter(step_id="hello").update(critical=True)

    engine.tick(at("2026-06-30T10:00"))
    delivery.send_due(at("2026-06-30T10:00"))

    assert Message.objects.get(step_id="hello").state == "accepted"
