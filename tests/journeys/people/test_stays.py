from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

from journeys.models import Account, Contact
from journeys.people.stays import Stays, role_spans

FIRST = datetime(2026, 5, 1, tzinfo=UTC)
ACCOUNTS = {key: Account(pk=n, external_id=key) for n, key in enumerate("AB", 1)}
CONTACTS = {key: Contact(pk=a.pk, account=a) for key, a in ACCOUNTS.items()}


def day(number: int) -> datetime:
    return FIRST + number * timedelta(days=1)


def note(row: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def entered(*entries: tuple[int, str]) -> list[tuple[str, datetime, datetime | None]]:
    stays = Stays([], note, FIRST)
    for number, key in entries:
        stays.enter(CONTACTS[key], ACCOUNTS[key], FIRST + number * timedelta(days=1))
    return [(row.account.external_id, row.from_at, row.to_at) for row in stays.rows]


def test_who_enters_another_account_leaves_the_first_from_that_moment() -> None:
    assert entered((1, "A"), (3, "B")) == [("A", day(1), day(3)), ("B", day(3), None)]


def test_saying_the_same_account_again_begins_nothing() -> None:
    assert entered((1, "A"), (3, "A")) == [("A", day(1), None)]


def test_one_can_come_back() -> None:
    assert entered((1, "A"), (2, "B"), (3, "A")) == [
        ("A", day(1), day(2)),
        ("B", day(2), day(3)),
        ("A", day(3), None),
    ]


def test_an_earlier_call_that_comes_late_takes_its_place() -> None:
    assert entered((3, "B"), (1, "A")) == entered((1, "A"), (3, "B"))


def test_stays_do_not_depend_on_the_order_calls_came_in() -> None:
    """I4."""
    entries = [(1, "A"), (2, "B"), (4, "A")]
    for order in permutations(entries):
        assert entered(*order) == entered(*entries), order


def test_roles_are_cut_to_the_stay_and_held_from_list_to_list() -> None:
    said = [(day(0), ["admin"]), (day(2), ["admin", "approver"]), (day(4), ["approver"])]
    assert role_spans(said, [(day(1), day(6))]) == {
        "admin": [(day(1), day(4))],
        "approver": [(day(2), day(6))],
    }


def test_who_never_had_a_role_has_none() -> None:
    assert role_spans([], [(day(1), None)]) == {}
