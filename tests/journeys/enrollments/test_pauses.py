"""Pausing a journey, a customer, everything; and what becomes of what came due meanwhile (R33, R36)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from journeys import permission
from journeys.enrollments import resume
from journeys.models import Enrollment, Message, Pause
from tests import authoring
from tests.authoring import journey, run_of, tick, told
from tests.cast import at, customer, customers, happened, ledger_of

pytestmark = pytest.mark.django_db

Scope, Overdue = Pause.Scope, Pause.Overdue
SCOPES = [(Scope.JOURNEY, "j"), (Scope.ACCOUNT, "hana"), (Scope.INSTALLATION, "")]
THREE: list[dict[str, Any]] = [
    {"id": "w1", "wait": "1d"}, {"id": "m1", "email": "hello", "expires_after": "3d"},
    {"id": "w2", "wait": "1d"}, {"id": "m2", "email": "again", "expires_after": "3d"},
    {"id": "rest", "wait": "90d"},
]  # fmt: skip


@pytest.fixture(autouse=True)
def vendor() -> None:
    authoring.vendor()


def stop(scope: Pause.Scope, ref: str, moment: str = "2026-05-11T10:30") -> None:
    permission.pause(scope, ref, at(moment), by=None)


def go_on(
    scope: Pause.Scope, ref: str, overdue: Pause.Overdue, moment: str = "2026-05-25T09:00"
) -> None:
    assert resume(scope=scope, ref=ref, now=at(moment), overdue=overdue)


@pytest.mark.parametrize(("scope", "ref"), SCOPES)
def test_r36_while_paused_nobody_moves_and_nothing_leaves(scope: Pause.Scope, ref: str) -> None:
    journey(*THREE)
    hana = customer("hana")
    tick("2026-05-11T10:00")
    stop(scope, ref)
    for day in (12, 15, 20):
        tick(f"2026-05-{day}T10:00")

    assert (run_of(hana).step_id, ledger_of(hana)) == ("w1", [])


@pytest.mark.parametrize(("scope", "ref"), SCOPES)
def test_r33_one_by_one_what_came_due_is_said_within_the_limits_and_nothing_is_lost(
    scope: Pause.Scope, ref: str
) -> None:
    journey(*THREE)
    hana = customer("hana")
    tick("2026-05-11T10:00")
    stop(scope, ref)
    go_on(scope, ref, Overdue.ONE_BY_ONE)
    for day in (25, 26, 27, 28, 29):
        tick(f"2026-05-{day}T10:00")

    assert [row[:2] for row in ledger_of(hana)] == [("m1", "accepted"), ("m2", "accepted")]
    sent = [m.handed_at for m in Message.objects.order_by("pk")]
    assert sent == [at("2026-05-25T10:00"), at("2026-05-27T10:00")]  # the gap of two days holds


@pytest.mark.parametrize(("scope", "ref"), SCOPES)
def test_r33_skip_stale_drops_what_is_past_its_expires_after_and_says_so(
    scope: Pause.Scope, ref: str
) -> None:
    journey(*THREE)
    hana = customer("hana")
    tick("2026-05-11T10:00")
    stop(scope, ref)
    go_on(scope, ref, Overdue.SKIP_STALE)
    for day in (25, 26, 27):
        tick(f"2026-05-{day}T10:00")

    assert ("m1", "skipped", "expired") in told()
    assert [row[:2] for row in ledger_of(hana)] == [("m2", "accepted")]


@pytest.mark.parametrize(("scope", "ref"), SCOPES)
def test_r33_from_now_whoever_was_waiting_waits_for_what_was_left(
    scope: Pause.Scope, ref: str
) -> None:
    journey(*THREE)
    hana = customer("hana")
    tick("2026-05-11T10:00")
    stop(scope, ref, "2026-05-11T18:00")  # 16 of 24 hours were left
    go_on(scope, ref, Overdue.FROM_NOW)

    assert run_of(hana).due_at == at("2026-05-26T01:00")
    for day in (25, 26):
        tick(f"2026-05-{day}T10:00")
    assert [row[:2] for row in ledger_of(hana)] == [("m1", "accepted")]


@pytest.mark.parametrize(
    ("overdue", "outcome"),
    [
        (Overdue.ONE_BY_ONE, "accepted"),
        (Overdue.SKIP_STALE, "expired"),
        (Overdue.FROM_NOW, "accepted"),
    ],
)
def test_a_letter_that_was_planned_before_the_pause_keeps_its_time_or_expires(
    overdue: Pause.Overdue, outcome: str
) -> None:
    journey({"id": "m", "email": "hello", "expires_after": "2d"})
    hana = customer("hana")
    tick("2026-05-11T09:30")
    stop(Scope.INSTALLATION, "", "2026-05-11T09:40")
    tick("2026-05-18T10:00")
    assert [row[1:] for row in ledger_of(hana)] == [("held", "paused")]

    go_on(Scope.INSTALLATION, "", overdue)
    tick("2026-05-25T10:00")

    assert [row[1] for row in ledger_of(hana)] == [outcome]


@pytest.mark.parametrize(
    ("overdue", "comes_in"), [(Overdue.ONE_BY_ONE, True), (Overdue.FROM_NOW, False)]
)
@pytest.mark.parametrize(("scope", "ref"), [(Scope.JOURNEY, "j")])
def test_from_now_what_happened_meanwhile_begins_nothing(
    scope: Pause.Scope, ref: str, overdue: Pause.Overdue, comes_in: bool
) -> None:
    journey(*THREE, entry={"event": "app.used"})
    hana = customer("hana")
    tick("2026-05-11T10:00")
    stop(scope, ref)
    happened(hana, "app.used", at("2026-05-18T10:00"))
    tick("2026-05-18T10:01")
    go_on(scope, ref, overdue)
    tick("2026-05-25T10:00")

    assert Enrollment.objects.exists() is comes_in


def test_who_let_it_go_on_and_how_stays_in_the_pauses_row() -> None:
    stop(Scope.JOURNEY, "j")
    go_on(Scope.JOURNEY, "j", Overdue.SKIP_STALE)

    row = Pause.objects.get()
    assert (row.to_at, row.overdue) == (at("2026-05-25T09:00"), "skip_stale")
    assert not resume(
        scope=Scope.JOURNEY, ref="j", now=at("2026-05-25T09:01"), overdue=Overdue.SKIP_STALE
    )


@pytest.mark.parametrize("count", [1, 20])
def test_going_on_costs_the_same_however_many_were_waiting(count: int) -> None:
    journey(*THREE)
    customers(count)
    tick("2026-05-11T10:00")
    stop(Scope.JOURNEY, "j")
    with CaptureQueriesContext(connection) as seen:
        go_on(Scope.JOURNEY, "j", Overdue.FROM_NOW)

    assert len(seen) == 8
