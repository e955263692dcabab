"""Products that are everybody's, or whoever's a condition on the account says (contracts 2, 3)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from journeys import conditions, db
from journeys.calendars import days_at
from journeys.conditions import ACCOUNT, Ask
from journeys.models import Account, Product, Subscription
from journeys.people.subscriptions import EVERY_ACCOUNT


@transaction.atomic
def subscribe_everybody(product: Product, received_at: datetime) -> int:
    """Give every account without a live contract for `product` one; how many. Two statements.

    They start with the account's known_since (contracts 3).
    """
    live = Subscription.objects.filter(product=product, ended_at=None)
    return _begin(product, Account.objects.exclude(pk__in=live.values("account_id")))


def subscribe_matching(now: datetime) -> int:
    """Give accounts that meet a product's condition a contract; how many. Whoever has had one for
    this product keeps what became of it. One SELECT where no product has a condition, else two
    and a write for each that has.
    """
    begun = 0
    for product in Product.objects.exclude(subscribe__in=("none", "", EVERY_ACCOUNT)):
        had = Subscription.objects.filter(product=product).values("account_id")
        without = set(Account.objects.exclude(pk__in=had).values_list("pk", flat=True))
        tree = conditions.parse(product.subscribe, subject="account")
        ask = Ask(now=now, days=days_at(now))
        met = conditions.matching(tree, without, ask, ACCOUNT) if without else set()
        begun += _begin(product, Account.objects.filter(pk__in=met)) if met else 0
    return begun


def _begin(product: Product, accounts: QuerySet[Account]) -> int:
    rows = accounts.values_list("pk", "known_since")
    return db.insert(
        [
            Subscription(account_id=pk, product=product, started_at=since, known_since=since)
            for pk, since in rows
        ],
        ignore_conflicts=True,
    )
