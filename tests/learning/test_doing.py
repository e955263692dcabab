"""Doing beats watching (R64): a product fact completes the lesson that teaches it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journeys import engine
from journeys.models import Event
from learning.models import Completion, Progress
from learning.progress import settle_by_product_facts
from tests import cast
from tests.learning.world import NOW, course, lesson, lesson_document

pytestmark = pytest.mark.django_db

CONFIRMED = {
    "event": "deliverable.changed",
    "where": {"deliverable": "approval_route", "state": "confirmed"},
}
DONE_AT = NOW - timedelta(minutes=20)


def by_doing(*facts):
    course(
        lessons=[lesson_document(f"basics-{n}", done_by=fact) for n, fact in enumerate(facts, 1)]
    )


def confirm(contact, at=DONE_AT, state="confirmed"):
    cast.happened(contact, "deliverable.changed", at, deliverable="approval_route", state=state)


def test_what_was_done_in_the_product_is_completed_as_of_when_it_was_done(anna):
    by_doing(CONFIRMED, None)
    confirm(anna)

    assert settle_by_product_facts(NOW) == 1

    row = Completion.objects.get()
    assert (row.contact, row.source, row.completed_at, row.evidence) == (
        anna, "product", DONE_AT, {"fact": CONFIRMED},
    )  # fmt: skip
    assert Event.objects.get(name="lesson.completed").occurred_at == DONE_AT


def test_it_is_settled_once(anna):
    by_doing(CONFIRMED)
    confirm(anna)

    assert [settle_by_product_facts(NOW) for _ in range(3)] == [1, 0, 0]


@pytest.mark.parametrize("state", ["draft", "Confirmed"])
def test_another_state_of_the_same_thing_is_not_it(anna, state):
    by_doing(CONFIRMED)
    confirm(anna, state=state)

    assert settle_by_product_facts(NOW) == 0


def test_a_fact_of_tomorrow_is_not_known_today(anna):
    by_doing(CONFIRMED)
    confirm(anna, at=NOW + timedelta(seconds=30))

    assert settle_by_product_facts(NOW) == 0
    assert settle_by_product_facts(NOW + timedelta(minutes=1)) == 1


def test_it_completes_the_lesson_of_who_did_it_and_of_nobody_else(anna, bert):
    by_doing(CONFIRMED)
    confirm(bert)

    settle_by_product_facts(NOW)

    assert list(Progress.objects.values_list("contact", "state")) == [(bert.pk, "completed")]


def test_what_was_begun_by_reading_is_finished_by_doing(anna):
    by_doing(CONFIRMED)
    Progress.objects.create(
        contact=anna, lesson_key=lesson("basics-1").translation_key, account_id=anna.account_id,
        course_key=lesson("basics-1").course.translation_key, state="started", percent=40,
        started_at=NOW, last_seen_at=NOW,
    )  # fmt: skip
    confirm(anna)

    settle_by_product_facts(NOW)

    row = Progress.objects.get()
    assert (row.state, row.percent, row.source) == ("completed", 100, "product")


def test_the_engine_looks_at_product_facts_before_its_beats(anna):
    """R65: the completion is there for the stage's criteria in the same tick."""
    by_doing(CONFIRMED)
    confirm(anna)

    engine.tick(NOW)

    assert Completion.objects.filter(kind="course").count() == 1


def test_an_ended_contract_completes_nothing(anna):
    by_doing(CONFIRMED)
    confirm(anna)
    anna.account.subscriptions.update(ended_at=NOW)

    assert settle_by_product_facts(NOW) == 0


@pytest.mark.parametrize("people", [1, 3])
def test_looking_costs_one_question_a_distinct_fact_however_many_people(anna, people):
    by_doing(CONFIRMED, {"event": "goal.set"})
    for number in range(people):
        cast.customer(f"c{number}")

    with CaptureQueriesContext(connection) as queries:
        assert settle_by_product_facts(NOW) == 0

    assert len(queries) == 5  # the calendar, lessons, courses, and two facts
