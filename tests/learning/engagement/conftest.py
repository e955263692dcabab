"""A small hub with one product, for tests about one thing at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest

from journeys.models import Account, Contact, Product
from journeys.timing import Days
from learning.engagement.asking import Question
from learning.engagement.figures import Line, Report, report
from tests.learning.engagement import build

NOW = datetime(2026, 6, 20, 3, tzinfo=UTC)
QUESTION = Question(date(2026, 5, 22), date(2026, 6, 20), NOW, Days())


@dataclass
class Hub:
    """A lesson for administrators in the set-up stage, an article for everybody."""

    courses: Any
    articles: Any
    course: Any
    lesson: Any
    article: Any
    product: Product

    def company(self, name: str = "みなと製菓", stage: str = "setup", **fields: Any) -> Account:
        found = build.account(name, **fields)
        build.subscription(found, self.product, (stage, datetime(2026, 6, 1, tzinfo=UTC)))
        return found

    def admin(self, of: Account | None = None, name: str = "岡野", **fields: Any) -> Contact:
        return build.contact(of or self.company(), name, "admin", **fields)

    def report(self, question: Question = QUESTION) -> Report:
        return report(question)

    def line(self, question: Question = QUESTION) -> Line:
        return next(line for line in report(question).lines if line.item.slugs == {"route"})


@pytest.fixture
def hub(db) -> Hub:
    courses, articles = build.site()
    course = build.course(courses, "setup-course", roles=["admin"], stages=["setup"])
    done = {"event": "deliverable.changed", "where": {"deliverable": "route"}}
    lesson = build.lesson(course, "route", done_by=done, next_action_label="ルートを確定する")
    article = build.article(articles, "error", audience="public")
    return Hub(courses, articles, course, lesson, article, build.vendor()["app"])
