"""Many rows by one statement, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journeys import db
from journeys.models import Account, Decision, TraitChange

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 11, 1, 0, 0, 123456, tzinfo=UTC)


def changes(count: int) -> list[TraitChange]:
    return [
        TraitChange(
            of="account", subject_id=n, name="plan", value={"n": n, "名": "髙"}, occurred_at=NOW,
            received_at=NOW,
        )
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 3, 300, 3000])
def test_insert_is_one_statement_whatever_the_number_of_rows(count: int) -> None:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        written = db.insert(changes(count))

    assert (written, len(seen)) == (count, 1)


@pytest.mark.parametrize(
    "value", [None, True, 0, 1.5, "", "文字 'quoted' \"double\"", [1, "a", None], {"a": {"b": []}}]
)
def test_a_value_comes_back_as_it_went_in(value: Any) -> None:
    db.insert(
        [
            TraitChange(
                of="account", subject_id=1, name="x", value=value, occurred_at=NOW, received_at=NOW
            )
        ]
    )

    row = TraitChange.objects.get()
    assert (row.value, row.occurred_at) == (value, NOW)


def test_a_conflict_is_passed_over_when_asked() -> None:
    Account.objects.create(external_id="a1")

    written = db.insert(
        [Account(external_id="a1"), Account(external_id="a2")], ignore_conflicts=True
    )

    assert written == 1
    assert list(Account.objects.order_by("external_id").values_list("external_id", flat=True)) == [
        "a1",
        "a2",
    ]


def test_update_changes_exactly_the_named_columns_by_one_statement() -> None:
    db.insert(changes(300))
    ids = list(TraitChange.objects.order_by("pk").values_list("pk", flat=True))

    with CaptureQueriesContext(connection) as seen:
        changed = db.update(TraitChange, [{"id": pk, "name": f"n{pk}"} for pk in ids[:200]])

    assert (changed, len(seen)) == (200, 1)
    assert TraitChange.objects.filter(name="plan").count() == 100
    assert TraitChange.objects.get(pk=ids[0]).name == f"n{ids[0]}"


def test_update_leaves_alone_what_no_longer_fits() -> None:
    Account.objects.create(external_id="a1", name="old")
    pk = Account.objects.get().pk

    assert db.update(Account, [{"id": pk, "name": "new"}], only_where="t.name = 'other'") == 0
    assert Account.objects.get().name == "old"


def test_an_empty_list_asks_nothing() -> None:
    with CaptureQueriesContext(connection) as seen:
        assert (db.insert([]), db.update(Decision, [])) == (0, 0)

    assert len(seen) == 0
