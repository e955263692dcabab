from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from journeys.people.timeline import Timeline, same

DAY = timedelta(days=1)
FIRST = datetime(2026, 5, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return FIRST + number * DAY


def told(*said: tuple[int, Any]) -> Timeline:
    timeline = Timeline()
    for number, value in said:
        timeline.say(day(number), value)
    return timeline


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1, True),
        (1, 1.0, False),
        (1, True, False),
        ("1", 1, False),
        (None, "", False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], [2, 1], False),
        ({"a": [1e300]}, {"a": [10**300]}, True),
    ],
)
def test_values_are_the_same_as_json(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal


def test_saying_it_again_is_no_change() -> None:
    timeline = told((1, "a"), (2, "a"))
    assert timeline.changes == [(day(1), "a")]
    assert timeline.repeats == [day(2)]


def test_a_late_value_does_not_undo_what_was_confirmed_after_it() -> None:
    timeline = told((1, "a"), (4, "a"))
    assert timeline.say(day(2), "b") == [(day(2), "b"), (day(4), "a")]
    assert (timeline.last, timeline.at(day(3)), timeline.at(day(5))) == ("a", "b", "a")


def test_removing_is_a_value() -> None:
    timeline = told((1, "a"), (2, None))
    assert (timeline.at(day(1)), timeline.last, timeline.at(day(0))) == ("a", None, None)


@pytest.mark.parametrize(
    "said",
    [
        [(1, "a"), (2, "b"), (3, "a"), (4, "a")],
        [(1, "a"), (2, "a"), (3, "b"), (4, "a"), (5, "a")],
        [(1, "a"), (2, None), (3, "a"), (4, "b")],
    ],
)
def test_the_values_at_every_moment_do_not_depend_on_the_order_they_came_in(
    said: list[tuple[int, Any]],
) -> None:
    """I4."""
    moments = range(7)
    expected = [told(*said).at(day(n)) for n in moments]
    for order in permutations(said):
        assert [told(*order).at(day(n)) for n in moments] == expected, order
