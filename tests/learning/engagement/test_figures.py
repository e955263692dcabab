"""R73, R79: the report's figures, against plain loops that share no code with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from journeys.timing import Days
from learning.engagement.asking import Question
from learning.engagement.figures import Line, report
from tests.learning.engagement import worlds
from tests.naive import engagement as naive
from tests.naive import engagement_world

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 20, 3, tzinfo=UTC)
JUNE = Question(date(2026, 5, 25), date(2026, 6, 18), NOW, Days())
ASKED: list[dict[str, str]] = [
    {},
    {"stage": "setup"},
    {"stage": "adopt", "kind": "lesson"},
    {"role": "admin"},
    {"role": "approver", "stage": "trial"},
    {"kind": "article"},
    {"stage": "nowhere"},
]


def ours(line: Line) -> dict[str, Any]:
    return {
        "targeted": line.targeted,
        "reached": len(line.reached),
        "viewed": line.viewed.part,
        "completed": line.done.part if line.done else None,
        "acted": line.acted.part if line.acted else None,
        "may_act": len(line.acting.may_still) if line.acting else None,
        "looked": line.left.whole,
        "left": line.left.part,
        "may_leave": len(line.leaving.may_still),
    }


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """One world for the whole file: writing it takes longer than asking about it."""
    from django.db import transaction  # noqa: PLC0415

    made = engagement_world.world(seed=20260611, accounts=70)
    with django_db_blocker.unblock(), transaction.atomic():
        worlds.write(made)
        yield made
        transaction.set_rollback(True)


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: "-".join(asked.values()) or "everybody")
def test_every_figure_equals_the_plain_count(world, asked):
    question = replace(JUNE, **asked)
    expected = naive.figures(
        world,
        {"stage": "", "role": "", "kind": "", **asked}
        | {"since": question.since, "until": question.until, "now": NOW},
    )

    assert {min(line.item.slugs): ours(line) for line in report(question).lines} == expected


def test_the_world_holds_something_of_everything(world):
    found = report(JUNE)
    assert {line.item.kind for line in found.lines} == {"lesson", "article"}
    assert sum(line.left.part for line in found.lines) > 5
    assert sum(len(line.leaving.may_still) for line in found.lines) > 5
    assert sum(len(line.acting.may_still) for line in found.lines if line.acting) > 5
    assert [line for line in found.lines if line.acting is None] != []


def test_together_everybody_counts_once(world):
    found = report(JUNE)
    readers = {contact for line in found.lines for contact in line.readers}
    assert found.whole.viewed.part == len(readers)
    assert found.whole.viewed.part < sum(line.viewed.part for line in found.lines)
