"""Hints on the learning site: one at a time, answered by POST, one's own only (I29)."""

from __future__ import annotations

import pytest

from journeys.models import Contact, Message, TemplateVersion
from tests import cast
from tests.learning.world import NOW, doors_at, guest

pytestmark = pytest.mark.django_db


def hint(contact: Contact, key: str = "k", **more: object) -> Message:
    values = {
        "key": key, "channel": "nudge", "contact": contact, "person": contact.person,
        "account_id": contact.account_id, "category": "guidance", "state": "planned", "page": "home",
        "template_version": TemplateVersion.objects.filter(template__key="hint").latest("number"),
        "planned_at": NOW, "due_at": NOW,
    }  # fmt: skip
    return Message.objects.create(**values | more)


def answer(contact: Contact, message: Message, what: str, method: str = "post"):
    with doors_at():
        return getattr(guest(contact), method)(f"/notes/{message.uid}/{what}/")


def state_of(message: Message) -> str:
    return Message.objects.get(pk=message.pk).state


def test_of_two_hints_the_more_important_one_is_there(anna):
    hint(anna, "low", priority=10)
    high = hint(anna, "high", priority=90)

    with doors_at():
        page = guest(anna).get("/")

    assert page.context["nudge"]["uid"] == str(high.uid)
    assert page.content.decode().count("data-nudge=") == 1
    assert "目標がまだです" in page.content.decode()


def test_looking_at_a_hint_changes_nothing(anna):
    message = hint(anna)
    with doors_at():
        guest(anna).get("/")

    assert state_of(message) == "planned"


@pytest.mark.parametrize(
    ("what", "status", "state"),
    [("shown", 204, "shown"), ("dismissed", 302, "dismissed"), ("eaten", 404, "planned")],
)
def test_a_hint_is_answered_by_its_reader(anna, what, status, state):
    message = hint(anna)

    assert answer(anna, message, what).status_code == status
    assert state_of(message) == state


@pytest.mark.parametrize("what", ["shown", "clicked", "dismissed"])
def test_somebody_elses_hint_is_out_of_reach(anna, bert, what):
    message = hint(anna)

    answer(bert, message, what)

    assert state_of(message) == "planned"


@pytest.mark.parametrize("what", ["shown", "clicked", "dismissed"])
def test_a_get_answers_nothing(anna, what):
    message = hint(anna)

    assert answer(anna, message, what, "get").status_code == 405
    assert state_of(message) == "planned"


def test_a_hint_that_was_closed_is_gone(anna):
    message = hint(anna)
    answer(anna, message, "dismissed")

    with doors_at():
        assert guest(anna).get("/").context["nudge"] is None


def test_a_hints_button_leads_to_its_target(anna, tmp_path):
    small = (cast.DATA / "small.yaml").read_text()
    file = tmp_path / "vendor.yaml"
    file.write_text(small.replace("page: home}", "page: home, button: {label: 決める, to: goal}}"))
    cast.open_vendor(file=str(file))
    message = hint(anna)

    assert answer(anna, message, "clicked").url == "/goal/"
    assert state_of(message) == "clicked"
