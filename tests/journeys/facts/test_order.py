"""I4: what is true in the end depends on what was said, not on the order it came in."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from journeys import facts
from journeys.models import Contact, Deliverable, Event, Membership, Product, Subscription

NOW = datetime(2026, 5, 11, 1, tzinfo=UTC)
USERS = ("u1", "u2")


class Undone(Exception):
    """Takes a story back, so that the next order begins in the same place."""


def story(chance: random.Random) -> list[dict[str, Any]]:
    """Calls about two users and two accounts, all at moments of their own."""
    calls = []
    for number in range(40):
        user = chance.choice(USERS)
        kind = chance.choice(("identify", "identify", "track", "deliver", "group"))
        calls.append(
            CALLS[kind](chance, user)
            | {
                "messageId": f"m{number}",
                "userId": user,
                "timestamp": (NOW - timedelta(hours=41 - number)).isoformat(),
            }
        )
    return calls


def identify(chance: random.Random, user: str) -> dict[str, Any]:
    traits = {
        "plan": chance.choice(["free", "pro", None]),
        "roles": chance.choice([["admin"], ["admin", "approver"], []]),
        "name": chance.choice(["岡野", "岡野 里美"]),
    }
    return {"type": "identify", "traits": traits, "context": {"groupId": home(user)}}


def group(chance: random.Random, user: str) -> dict[str, Any]:
    contract = {"product": "app", "seats": chance.randint(1, 3)}
    traits = {"name": chance.choice(["A", "B"]), "subscriptions": [contract]}
    return {"type": "group", "groupId": home(user), "traits": traits}


def track(chance: random.Random, user: str) -> dict[str, Any]:
    context = chance.choice([{}, {"groupId": home(user)}])
    return {"type": "track", "event": chance.choice(["login", "export"]), "context": context}


def deliver(chance: random.Random, user: str) -> dict[str, Any]:
    said = {"deliverable": "plan", "state": chance.choice(["draft", "done"])}
    context = {"groupId": home(user), "product": chance.choice(["app", "aaa"])}
    return {"type": "track", "event": "deliverable.changed", "properties": said, "context": context}


CALLS = {"identify": identify, "group": group, "track": track, "deliver": deliver}


def home(user: str) -> str:
    return {"u1": "acme", "u2": "beta"}[user]


def truth() -> dict[str, list[Any]]:
    """Everything that was concluded, without keys and without when it was received."""
    contacts = Contact.objects.order_by("user_id", "account__external_id")
    stays = Membership.objects.exclude(from_at__gte=NOW).order_by(
        "contact__user_id", "role", "from_at"
    )
    open_or_real = [r for r in stays.select_related("contact", "account") if r.to_at != r.from_at]
    contracts = Subscription.objects.order_by("account__external_id", "product__key")
    return {
        "contacts": list(
            contacts.values_list(
                "user_id", "account__external_id", "is_current", "name", "traits", "known_since"
            )
        ),
        "accounts": sorted(
            contacts.values_list("account__external_id", "account__name", "account__known_since"),
            key=str,
        ),
        "stays": [
            (r.contact.user_id, r.account.external_id, r.role, r.from_at, r.to_at)
            for r in open_or_real
        ],
        "contracts": list(
            contracts.values_list(
                "account__external_id", "product__key", "traits", "started_at", "known_since"
            )
        ),
        "deliverables": sorted(
            Deliverable.objects.values_list(
                "subscription__account__external_id", "key", "state", "changed_at"
            )
        ),
        "events": sorted(
            Event.objects.values_list(
                "name", "occurred_at", "account__external_id", "contact__user_id"
            ),
            key=str,
        ),
    }


def concluded(calls: list[dict[str, Any]], chance: random.Random | None = None) -> dict[str, Any]:
    """What is true after these calls, in one batch or in random ones."""
    found: dict[str, Any] = {}
    try:
        with transaction.atomic():
            left = list(calls)
            while left:
                size = chance.randint(1, 12) if chance else len(left)
                facts.take(left[:size], source="s", received_at=NOW)
                left = left[size:]
            found = truth()
            raise Undone
    except Undone:
        return found


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(12))
def test_shuffled_and_doubled_calls_end_in_the_same_truth(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- a seed, not a secret
    Product.objects.create(key="aaa", name="AAA", subscribe="every_account")
    calls = story(chance)
    expected = concluded(calls)
    assert len(expected["events"]) > 5
    for _ in range(5):
        shuffled = calls + chance.sample(calls, 10)
        chance.shuffle(shuffled)
        assert concluded(shuffled, chance) == expected


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_who_moves_between_accounts_is_where_they_were_last_said_to_be(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- a seed, not a secret
    moves = [
        {
            "type": "group",
            "groupId": chance.choice(["acme", "beta", "gamma"]),
            "userId": "u1",
            "messageId": f"g{n}",
            "timestamp": (NOW - timedelta(hours=20 - n)).isoformat(),
        }
        for n in range(8)
    ]
    expected = concluded(moves)["stays"]
    merged = [(account, start, end) for _u, account, _r, start, end in expected]
    for _ in range(5):
        chance.shuffle(moves)
        stays = concluded(moves, chance)["stays"]
        assert seamless((account, start, end) for _u, account, _r, start, end in stays) == seamless(
            merged
        )


def seamless(stays: Any) -> list[list[Any]]:
    """Two rows that follow each other in one account are one stay."""
    found: list[list[Any]] = []
    for account, start, end in sorted(stays, key=lambda stay: stay[1]):
        if found and found[-1][0] == account and found[-1][2] == start:
            found[-1][2] = end
        else:
            found.append([account, start, end])
    return found


@pytest.mark.django_db
def test_an_alias_may_come_before_the_user_it_speaks_of() -> None:
    """I4: in either order they are one human."""
    alias = {"type": "alias", "userId": "new", "previousId": "old", "messageId": "a"}
    login = {"type": "track", "userId": "old", "event": "login", "messageId": "t"}
    for source, order in (("one", (alias, login)), ("other", (login, alias))):
        for call in order:
            told = {**call, "userId": f"{source}-{call['userId']}"}
            if "previousId" in call:
                told["previousId"] = f"{source}-old"
            facts.take([told], source=source, received_at=NOW)
        found = Contact.objects.filter(user_id__startswith=source).order_by("user_id")
        assert [contact.user_id for contact in found] == [f"{source}-new", f"{source}-old"]
        assert len({contact.person_id for contact in found}) == 1
