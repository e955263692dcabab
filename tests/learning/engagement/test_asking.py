"""What the page's parameters mean (K1: filters by stage, role, kind and days)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from journeys.timing import Days
from learning.engagement import asking

NOW = datetime(2026, 7, 7, 15, 30, tzinfo=UTC)  # 0:30 of the 8th in Tokyo


def test_thirty_local_days_to_today_are_the_default():
    question, problem = asking.read({}, NOW, Days())
    assert (question.first, question.last, problem) == (date(2026, 6, 9), date(2026, 7, 8), "")


def test_the_period_is_of_whole_local_days():
    question, _problem = asking.read({"from": "2026-06-01", "to": "2026-06-30"}, NOW, Days())
    assert question.since == datetime(2026, 5, 31, 15, tzinfo=UTC)
    assert question.until == datetime(2026, 6, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "params",
    [
        {"from": "yesterday"},
        {"to": "2026-02-30"},
        {"from": "0001-01-01"},
        {"to": "9999-12-31"},
        {"from": "2026-07-02", "to": "2026-07-01"},
    ],
)
def test_days_that_make_no_period_are_said_and_replaced(params):
    question, problem = asking.read(params, NOW, Days())
    assert (question, problem != "") == (asking.default(NOW, Days()), True)


def test_an_unknown_kind_is_every_kind():
    assert asking.read({"kind": "poem"}, NOW, Days())[0].kind == ""


def test_a_question_travels_as_a_query_string():
    params = {"from": "2026-06-01", "to": "2026-06-30", "stage": "設定", "kind": "lesson"}
    question, _problem = asking.read(params, NOW, Days())
    assert question.query(kind="") == "from=2026-06-01&to=2026-06-30&stage=%E8%A8%AD%E5%AE%9A"
