"""Whatever is sent: no 500, every call accounted for (I3), every row readable and dated well (I5)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from journeys.models import Account, Contact, Event, Inbox, Membership, Subscription, TraitChange
from tests.doors import Door

TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        "u1",
        "acme",
        "a@x.example",
        "2026-05-11T10:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "\0",
        "admin",
    ]
)


def nested(leaves: st.SearchStrategy[Any], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )


VALUES = nested(st.none() | st.booleans() | st.integers() | st.floats() | TEXTS, TEXTS)
NONSENSE = VALUES | st.fixed_dictionaries(
    {"type": st.sampled_from(["identify", "group", "alias", "track", "page"]) | VALUES},
    optional=dict.fromkeys(
        [
            *("userId", "anonymousId", "previousId", "groupId", "messageId", "event"),
            *("timestamp", "sentAt", "properties", "traits", "context"),
        ],
        VALUES,
    ),
)

# Calls whose frame is right and whose contents may be anything JSON can hold.
CLEAN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
ANYTHING = nested(st.none() | st.booleans() | NUMBERS | CLEAN, CLEAN)
CONTRACT = st.fixed_dictionaries(
    {"product": st.sampled_from(["app", "pay"]) | ANYTHING},
    optional={
        "started_on": st.dates().map(str) | ANYTHING,
        "renewal_on": st.datetimes().map(str) | ANYTHING,
        "mrr": NUMBERS | ANYTHING,
        "seats": ANYTHING,
    },
)
NAMES = ["email", "name", "roles", "role", "timezone", "owner", "plan", "kana", "touch_mode"]
TRAITS = st.dictionaries(st.sampled_from(NAMES) | CLEAN, ANYTHING, max_size=5)
USERS = st.sampled_from(["u1", "u2", "u3", 7])
ACCOUNTS = st.sampled_from(["acme", "beta", 7])
DELIVERED = st.fixed_dictionaries({"deliverable": ANYTHING, "state": ANYTHING | CLEAN})
SOUND = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["identify", "group", "alias", "track", "page", "screen"]),
        "userId": USERS,
        "groupId": ACCOUNTS,
        "previousId": st.sampled_from(["u1", "u2", "c1"]),
        "event": st.sampled_from(["login", "deliverable.changed"]),
        "timestamp": st.datetimes().map(datetime.isoformat),
        "traits": TRAITS
        | st.lists(CONTRACT, max_size=3).map(lambda contracts: {"subscriptions": contracts}),
        "properties": st.dictionaries(CLEAN, ANYTHING, max_size=4) | DELIVERED,
        "context": st.fixed_dictionaries({}, optional={"groupId": ACCOUNTS, "product": ANYTHING}),
    },
    optional={"anonymousId": st.sampled_from(["c1", "c2"]), "sentAt": ANYTHING},
)
ROWS: tuple[type[models.Model], ...] = (
    Account, Contact, Event, Inbox, Membership, Subscription, TraitChange,
)  # fmt: skip


OFTEN = settings(
    max_examples=100, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)


class Fuzz(TestCase):
    @given(calls=st.lists(NONSENSE, max_size=6), sent_at=VALUES)
    @OFTEN
    def test_all_nonsense_is_accounted_for(self, calls: list[Any], sent_at: Any) -> None:
        answer = sent({"batch": calls, "sentAt": sent_at})
        assert answer["accepted"] + answer["duplicates"] + len(answer["rejected"]) == len(calls)
        assert_readable()

    @given(batches=st.lists(st.lists(SOUND, max_size=5), max_size=3), sent_at=ANYTHING)
    @OFTEN
    def test_whatever_a_sound_call_holds_it_is_taken(
        self, batches: list[list[Any]], sent_at: Any
    ) -> None:
        for calls in batches:
            answer = sent({"batch": calls, "sentAt": sent_at})
            assert (answer["accepted"], answer["rejected"]) == (len(calls), [])
        assert_readable()


def sent(body: Any) -> dict[str, Any]:
    response = Door().post("/v1/batch", json.dumps(body).encode())
    assert response.status_code == 200, response.content
    answer: dict[str, Any] = response.json()
    return answer


def assert_readable() -> None:
    latest = datetime.now(UTC) + timedelta(minutes=10)
    for model in ROWS:
        list(model._default_manager.all())
    for event in Event.objects.all():
        assert datetime(2000, 1, 1, tzinfo=UTC) <= event.occurred_at <= latest
        assert str(event.account_id and event.account) or event.account_id is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [b"\0", b"{", b'{"batch":[{}', b"\xf0\x28\x8c\x28", b"null", b"1e999"]
)
def test_bytes_that_are_no_body_are_400(body: bytes) -> None:
    assert Door().post("/v1/batch", body).status_code == 400
