"""The route on one sheet, and asking for help (C1, R61)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from journeys import engine
from journeys.models import Event
from tests import cast
from tests.learning.world import NOW, doors_at, guest, signed_in

pytestmark = pytest.mark.django_db


def get(client: Client, path: str = "/roadmap/"):
    with doors_at():
        return client.get(path)


def test_the_route_shows_every_stage_with_its_steps_and_deadlines(anna):
    engine.tick(NOW)

    page = get(guest(anna))

    legs = page.context["legs"]
    assert [(leg.stage.name, leg.mark, len(leg.items)) for leg in legs] == [
        ("はじめ", "is-here", 1),
        ("定着", "", 1),
        ("完了", "", 0),
    ]
    words = page.content.decode()
    assert "5月18日（月）まで・あと5営業日" in words
    assert "6月8日（月）まで" in words


def test_a_stage_left_says_when(anna):
    engine.tick(NOW)
    cast.happened(anna, "goal.set", NOW)
    engine.tick(NOW)

    legs = get(guest(anna)).context["legs"]

    assert [(leg.mark, leg.left_at) for leg in legs] == [
        ("is-done", NOW),
        ("is-here", None),
        ("", None),
    ]


def test_colleagues_are_shown_to_who_signed_in_and_not_to_a_guest(anna, bert):
    """Contracts 4: the team asks for a code."""
    engine.tick(NOW)

    full, visiting = get(signed_in(anna)), get(guest(anna))

    assert [(one.contact, one.roles, one.is_me) for one in full.context["companions"]] == [
        (anna, "管理者", True)
    ]
    assert visiting.context["companions"] == []
    assert "bert" not in full.content.decode()


def test_before_the_contract_begins_there_is_a_sentence_not_an_error(anna):
    assert "ご契約の開始日から始まります" in get(guest(anna)).content.decode()


@pytest.mark.parametrize("stages", [3, 12])
def test_the_sheet_costs_the_same_however_many_stages_it_has(anna, tmp_path, stages):
    small = (cast.DATA / "small.yaml").read_text()
    more = "".join(
        f"  - {{key: more{n}, name: さらに{n}, goal: g, definition: d, customer_does: c, limit: 30bd,"
        f" exit: {{criteria: [{{key: k{n}, label: l, when: {{event: {{name: goal.set}}}}}}]}}}}\n"
        for n in range(stages - 3)
    )
    file = tmp_path / "vendor.yaml"
    file.write_text(
        small.replace("  - {key: done, name: 完了}\n", more + "  - {key: done, name: 完了}\n")
    )
    cast.open_vendor(file=str(file))
    clara = cast.customer("clara")
    engine.tick(NOW)
    browser = guest(clara)
    get(browser)

    with CaptureQueriesContext(connection) as queries:
        assert len(get(browser).context["legs"]) == stages

    assert len(queries) == 22


def test_asking_for_help_is_a_fact_with_the_words_and_the_page(anna):
    browser = guest(anna)
    with doors_at():
        answer: Any = browser.post("/ask/", {"text": "承認ルートで止まりました", "about": "/goal/"})

    fact = Event.objects.get(name="help.requested")
    assert (answer.status_code, answer.url) == (302, "/ask/?sent")
    assert (fact.contact, fact.account, fact.occurred_at) == (anna, anna.account, NOW)
    assert fact.properties == {"text": "承認ルートで止まりました", "about": "/goal/"}
    assert "ご相談を受け取りました" in get(browser, "/ask/?sent").content.decode()


@pytest.mark.parametrize("text", ["", "  ", "長" * 1001])
def test_a_question_without_words_or_without_end_is_not_sent(anna, text):
    with doors_at():
        answer = guest(anna).post("/ask/", {"text": text})

    assert answer.status_code == 422
    assert Event.objects.filter(name="help.requested").count() == 0
