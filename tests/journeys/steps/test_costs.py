"""A batch costs the same number of statements, however many customers it moves."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journeys import enrollments, lifecycle, steps
from journeys.models import (
    Message,
)
from tests import authoring
from tests.authoring import journey
from tests.cast import CONTRACT_DAY, customers

pytestmark = pytest.mark.django_db

USED = {"event": {"name": "app.used"}}
REST: dict[str, Any] = {"id": "rest", "wait": "90d"}


@pytest.fixture(autouse=True)
def vendor() -> None:
    authoring.vendor()


# --- costs ------------------------------------------------------------------------------------------
EVERYTHING: list[dict[str, Any]] = [
    {"id": "lot", "split": [{"weight": 50, "steps": [{"id": "s1", "set": {"a": 1}}]},
                            {"weight": 50, "steps": [{"id": "s2", "set": {"a": 2}}]}]},
    {"id": "c", "assign": "kiso", "due": "3bd"},
    {"id": "n", "nudge": "hint"},
    {"id": "f", "if": USED, "then": [{"id": "x", "leave": "used"}]},
    {"id": "m", "email": "hello", "at_once": True, "wait_for": "nothing"},
    {"id": "w", "wait": "1d", "send_window": True},
]  # fmt: skip


def statements(count: int) -> int:
    journey(*EVERYTHING)
    customers(count)
    lifecycle.advance(CONTRACT_DAY)
    enrollments.enter(CONTRACT_DAY)
    with CaptureQueriesContext(connection) as seen:
        moved = steps.run_due(CONTRACT_DAY)
    assert moved == count
    assert Message.objects.count() == 2 * count
    return len(seen)


@pytest.mark.parametrize("count", [1, 3, 300])
def test_statements_of_a_batch_with_every_kind_do_not_grow_with_the_customers(count: int) -> None:
    assert statements(count) == 36
