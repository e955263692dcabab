"""Captured mail: what the embedded installation shows instead of sending."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import send_mail
from django.test import Client

from journeys.channels import captured
from journeys.messages import delivery
from tests.journeys.messages import world
from tests.journeys.messages.world import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def here(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "journeys.channels.captured.CapturedMail"
    settings.MAIL_DIR = tmp_path / "mail"
    settings.DEBUG = True


def test_a_letter_is_kept_whole_and_dated_in_its_own_time() -> None:
    message = world.message()

    assert delivery.send_due(NOW).accepted == 1

    (entry,) = captured.inbox()
    assert (entry.subject, entry.to) == (
        "成功指標を登録する（期限 5月18日（月））",
        message.to_address,
    )
    assert entry.date == datetime(2026, 5, 11, 1, 0, tzinfo=UTC)
    letter = captured.letter(entry.name)
    assert letter is not None
    assert "岡野 里美 様" in letter.text
    assert "岡野 里美 様" in letter.html
    assert dict(letter.headers)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_newest_comes_first_and_sign_in_codes_too() -> None:
    for n in range(3):
        send_mail(f"code {n}", "ABCD-EFGH", "a@x.example", ["b@x.example"])

    assert [entry.subject for entry in captured.inbox()] == ["code 2", "code 1", "code 0"]
    assert all(entry.date for entry in captured.inbox())


def test_the_page_shows_both_twins_and_runs_nothing(client: Client) -> None:
    world.message(world.customer("<script>alert(1)</script>"))
    delivery.send_due(NOW)
    name = captured.inbox()[0].name

    listed = client.get("/dev/mail/")
    shown = client.get(f"/dev/mail/{name}/").content.decode()
    alone = client.get(f"/dev/mail/{name}/html/")

    assert "成功指標を登録する" in listed.content.decode()
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown
    assert "<script>alert" not in shown
    assert "<script>alert" not in alone.content.decode()
    assert "default-src 'none'" in alone["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/dev/mail/", "/dev/mail/000001/", "/dev/mail/000001/html/"])
def test_outside_debug_there_is_no_such_page(path: str, client: Client, settings: Any) -> None:
    delivery.send_due(NOW + timedelta(days=1))
    settings.DEBUG = False

    assert client.get(path).status_code == 404


@pytest.mark.parametrize("name", ["000009", "..", "etc-passwd"])
def test_a_name_is_a_number_of_a_letter(name: str) -> None:
    assert captured.letter(name) is None
