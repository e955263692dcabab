"""A kept statement answers as the plain way does, at every moment; or it is not kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from journeys import conditions, engine
from journeys.conditions import ENROLLMENT, SUBSCRIPTION, Ask, prepared
from journeys.models import Enrollment, Subscription
from journeys.timing import Days
from tests import cast
from tests.cast import CONTRACT_DAY, at, happened

pytestmark = pytest.mark.django_db
QUESTIONS: list[Any] = [
    {"event": {"name": "app.used"}},
    {"event": {"name": "app.used", "count": {"gte": 2}, "within": "3d"}},
    {"event": {"name": "app.used", "count": {"gte": 2}, "within": "3bd"}},
    {"event": {"name": "app.used", "count": {"eq": 0}, "within": "2bd"}},
    {"event": {"name": "app.used", "distinct": "day", "count": {"gte": 2}}},
    {"event": {"name": "app.used", "within": "stage"}},
    {"event": {"name": "app.used", "by": {"role": "admin", "share": 0.5}, "within": "5d"}},
    {"stage": {"is": "begin", "for_at_least": "2bd"}},
    {"not": {"stage": {"was": "settle"}}},
    {"trait": {"of": "account", "name": "seats", "gte": 3}},
    {"any": [{"trait": {"of": "account", "name": "seats", "is_set": True}}, {"stage": {"is": "done"}}]},
    {"people": {"role": "admin", "at_least": 1}},
]  # fmt: skip


@pytest.fixture
def week() -> list[datetime]:
    cast.open_vendor()
    for n in range(4):
        hana = cast.customer(f"c{n}", seats=n)
        for day in range(11, 11 + n):
            happened(hana, "app.used", at(f"2026-05-{day}T11:0{n}"))
    engine.tick(CONTRACT_DAY)
    return [CONTRACT_DAY + timedelta(hours=7 * n) for n in range(24)]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
@pytest.mark.parametrize("want", [True, False])
def test_a_kept_statement_answers_as_the_plain_way(
    week: list[datetime], question: Any, want: bool
) -> None:
    for subject, model in ((SUBSCRIPTION, Subscription), (ENROLLMENT, Enrollment)):
        tree = conditions.parse(question, subject=subject.kind)
        ids = list(model.objects.values_list("pk", flat=True))
        for now in week:
            ask = Ask(now=now, days=Days())
            plain = model.objects.filter(conditions.compile(tree, want, ask, subject))
            kept = conditions.matching(tree, ids, ask, subject, want=want)
            assert kept == set(plain.values_list("pk", flat=True))


def test_it_is_one_statement_and_only_about_the_ids_it_is_asked_for(week: list[datetime]) -> None:
    tree = conditions.parse({"stage": {"is": "begin"}}, subject="subscription")
    ids = list(Subscription.objects.values_list("pk", flat=True))[:2]

    with CaptureQueriesContext(connection) as seen:
        found = conditions.matching(tree, ids, Ask(week[0], Days()), SUBSCRIPTION)

    assert (found, len(seen)) == (set(ids), 1)


def test_what_cannot_be_explained_by_the_moment_is_not_kept() -> None:
    def build(ask: Ask, _ids: Sequence[int]) -> QuerySet[Any, Any]:
        return Subscription.objects.filter(mrr__gt=ask.now.year).values_list("pk")

    prepared.asked(("odd",), build, Ask(CONTRACT_DAY, Days()))

    key = prepared._Key((connection.vendor, "Asia/Tokyo", ("odd",)), build, Days())
    assert prepared._kept(key) is None
