"""Many writers at once (PostgreSQL): one row, one effect, nobody lost."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from journeys import facts
from journeys.models import Account, Contact, Event, Membership, Person, Product, Subscription

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
NOW = datetime(2026, 5, 11, 1, tzinfo=UTC)
THREADS = 20


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """What `work(n)` gives in each of twenty threads that start together."""
    barrier = Barrier(THREADS)

    def run(number: int) -> Any:
        try:
            barrier.wait()
            return work(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def take(*calls: dict[str, Any]) -> facts.Verdicts:
    return facts.take(calls, source="s", received_at=NOW)


def whole(user: str = "u1", account: str = "acme", message: str = "m") -> list[dict[str, Any]]:
    who = {"userId": user, "context": {"groupId": account}}
    delivered = {"deliverable": "plan", "state": "done"}
    return [
        {**who, "type": "group", "groupId": account, "messageId": f"{message}g"},
        {
            **who,
            "type": "identify",
            "traits": {"email": f"{user}@x.example", "roles": ["admin"]},
            "messageId": f"{message}i",
        },
        {
            **who,
            "type": "track",
            "event": "deliverable.changed",
            "properties": delivered,
            "messageId": f"{message}t",
        },
    ]


def test_twenty_threads_with_one_message_id_leave_one_row_and_one_effect() -> None:
    """I2."""
    Product.objects.create(key="aaa", name="AAA", subscribe="every_account")
    for round_ in range(5):
        user, account = f"u{round_}", f"a{round_}"
        verdicts = at_once(lambda _n: take(*whole(user, account, account)))  # noqa: B023
        assert sum(v.accepted for v in verdicts) == 3
        assert sum(v.duplicates for v in verdicts) == 3 * (THREADS - 1)
    assert Counter(Event.objects.values_list("account", flat=True)).most_common(1)[0][1] == 1
    counts = [m.objects.count() for m in (Account, Contact, Person, Subscription, Membership)]
    assert counts == [5, 5, 5, 5, 10]


def test_twenty_threads_that_begin_the_same_people_begin_them_once() -> None:
    at_once(lambda n: take(*whole(message=f"m{n}")))
    assert [m.objects.count() for m in (Account, Contact, Person)] == [1, 1, 1]
    assert Event.objects.count() == THREADS


def test_the_same_mailbox_said_in_twenty_accounts_at_once_is_one_person() -> None:
    def work(number: int) -> facts.Verdicts:
        calls = whole(f"u{number}", f"a{number}", f"m{number}")
        calls[1]["traits"] = {"email": "info@x.example"}
        return take(*calls)

    at_once(work)
    assert (Contact.objects.count(), Person.objects.count()) == (THREADS, 1)


def test_traits_said_from_twenty_threads_end_as_the_last_one_said() -> None:
    """I4: in whatever order they come through, the latest moment stands."""

    def work(number: int) -> facts.Verdicts:
        chance = random.Random(number)  # noqa: S311 -- a seed, not a secret
        minutes = chance.sample(range(60), 10)
        return take(
            *(
                {
                    "type": "identify",
                    "userId": "u1",
                    "messageId": f"{number}-{minute}",
                    "timestamp": f"2026-05-01T{number:02}:{minute:02}:00Z",
                    "traits": {"plan": chance.choice(["a", "b"]), "last": number * 60 + minute},
                }
                for minute in minutes
            )
        )

    at_once(work)
    minutes = random.Random(THREADS - 1).sample(range(60), 10)  # noqa: S311
    assert Contact.objects.get().traits["last"] == (THREADS - 1) * 60 + max(minutes)


def test_a_fact_on_its_way_does_not_miss_the_account_its_contact_is_getting() -> None:
    take({"type": "identify", "userId": "u1", "messageId": "i"})

    def work(number: int) -> facts.Verdicts:
        if number == THREADS // 2:
            return take({"type": "group", "groupId": "acme", "userId": "u1", "messageId": "g"})
        return take({"type": "track", "event": "x", "userId": "u1", "messageId": str(number)})

    at_once(work)
    assert Event.objects.filter(account__external_id="acme").count() == THREADS - 1


def test_an_anonymous_fact_on_its_way_does_not_miss_whose_it_is() -> None:
    def work(number: int) -> facts.Verdicts:
        call = {"anonymousId": "c", "messageId": str(number)}
        if number == THREADS // 2:
            return take({"type": "identify", "userId": "u1", **call})
        return take({"type": "track", "event": "x", **call})

    at_once(work)
    assert Event.objects.filter(contact__user_id="u1").count() == THREADS - 1
