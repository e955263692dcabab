"""POST /v1/progress: the contract's shapes, whatever comes (contracts 4)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

from learning import progress
from learning.models import Progress, ViewSession
from tests.learning.world import NOW, blocks_of, course, doors_at, guest, lesson

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


def issued(page, contact) -> str:
    return progress.issue(
        kind="lesson", page_id=page.pk, contact_id=contact.pk, is_staff=False, now=NOW
    )


def send(body, **headers):
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    with doors_at(LATER):
        return Client(headers=headers).post("/v1/progress", data, content_type="text/plain")


def test_a_beacon_of_plain_text_without_a_cookie_is_taken(anna):
    course()
    page = lesson("basics-1")
    body = {
        "ticket": issued(page, anna),
        "active_ms": 4000,
        "open_ms": 9000,
        "blocks": blocks_of(page)[:1],
    }

    answer = send(body)

    assert (answer.status_code, answer.json()["state"]) == (200, "started")
    assert answer.json()["blocks_left"] == 2
    assert (Progress.objects.get().active_ms, ViewSession.objects.get().open_ms) == (4000, 9000)


def test_a_lesson_read_through_says_so_in_the_readers_language(anna):
    course()
    page = lesson("basics-1")
    body = {
        "ticket": issued(page, anna),
        "active_ms": 60000,
        "open_ms": 60000,
        "blocks": blocks_of(page),
    }

    english = send(body, accept_language="en").json()
    again = send(body, accept_language="ja").json()

    assert (english["state"], english["percent"]) == ("completed", 100)
    assert english["completed"] == "Completed on 11 May at 10:05"
    assert again["completed"] == "5月11日 10:05 に修了しました"


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ("{", 400, "bad_json", None),
        (b"\xff\xfe", 400, "bad_json", None),
        ('{"ticket": "x", "active_ms": NaN}', 400, "bad_json", None),
        ("[" * 10000, 400, "bad_json", None),
        ("[]", 400, "bad_json", None),
        ({}, 400, "bad_value", "ticket"),
        ({"ticket": 5}, 400, "bad_value", "ticket"),
        ({"ticket": "forged"}, 403, "bad_ticket", "ticket"),
        ("x" * 70_000, 413, "too_large", None),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_contracts_shape(db, body, status, code, field):
    answer = send(body, accept_language="ja")

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error.get("field")) == (status, code, field)
    assert error["message"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("active_ms", -1), ("active_ms", 1.5), ("active_ms", True), ("active_ms", "9"),
        ("active_ms", 10**18), ("open_ms", None), ("blocks", "all"), ("blocks", ["x"] * 501),
    ],
)  # fmt: skip
def test_a_number_that_is_none_is_refused_with_its_name(anna, field, value):
    course()
    body = {"ticket": issued(lesson("basics-1"), anna), "active_ms": 1, "open_ms": 1, "blocks": []}

    error = send(body | {field: value}).json()["error"]

    assert (error["code"], error["field"]) == ("bad_value", field)
    assert ViewSession.objects.count() == 0


def test_looking_at_the_door_changes_nothing(db):
    assert Client().get("/v1/progress").status_code == 405


def test_a_ticket_writes_for_its_own_reader_whoever_sends_it(anna, bert):
    """Another customer's browser with Anna's ticket cannot write into its own progress."""
    course()
    body = {
        "ticket": issued(lesson("basics-1"), anna),
        "active_ms": 6000,
        "open_ms": 6000,
        "blocks": [],
    }
    with doors_at(LATER):
        guest(bert).post("/v1/progress", json.dumps(body), content_type="text/plain")

    assert list(Progress.objects.values_list("contact", flat=True)) == [anna.pk]
