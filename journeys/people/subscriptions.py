"""Contracts: which account has which product, since when (contracts 3 and 4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from journeys import db
from journeys.models import Account, Product, Subscription
from journeys.people.changes import Changes
from journeys.people.columns import earliest, given_start
from journeys.people.traits import Traits

EVERY_ACCOUNT = "every_account"
HANDED_ON = ("touch_mode", "on_path")  # said of an account, they hold for the contracts named along


class Contracts:
    """The live contracts of the accounts a batch has news about."""

    def __init__(self, changes: Changes, traits: Traits) -> None:
        self.changes = changes
        self.traits = traits
        self.of: defaultdict[UUID, dict[str, Subscription]] = defaultdict(dict)
        self.accounts: dict[UUID, Account] = {}
        self.products: dict[str, Product] = {}
        self.begun: list[Subscription] = []
        self.locked = False

    def open(self, accounts: Iterable[Account]) -> None:
        """Read the live contracts of these accounts, and give everybody what everybody gets."""
        self.accounts.update((account.uid, account) for account in accounts)
        if not self.accounts:
            return
        self.products = {product.key: product for product in Product.objects.order_by("pk")}
        by_key = {account.pk: account for account in self.accounts.values() if account.pk}
        if by_key:
            found = Subscription.objects.filter(account_id__in=by_key, ended_at=None)
            live = found.select_related("product").order_by("pk")
            for contract in db.hold(live) if self.locked else live:
                contract.account = by_key[contract.account_id]
                self.of[contract.account.uid][contract.product.key] = contract
        for account in self.accounts.values():
            for product in self.products.values():
                if product.subscribe == EVERY_ACCOUNT:
                    self.have(account, product.key)

    def have(self, account: Account, key: str) -> Subscription:
        """The account's live contract for this product; begun if there is none."""
        if (contract := self.of[account.uid].get(key)) is None:
            product = self.products.get(key)
            if product is None:
                product = self.changes.add(Product(key=key, name=key, subscribe="none"))
                self.products[key] = product
            contract = self.changes.add(Subscription(account=account, product=product))
            self.of[account.uid][key] = contract
            self.begun.append(contract)
        return contract

    def name(self, account: Account, traits: Mapping[str, Any], moment: datetime) -> None:
        """A group call names contracts of its account, with their traits."""
        handed_on = {name: traits[name] for name in HANDED_ON if name in traits}
        for entry in traits.get("subscriptions") or ():
            contract = self.have(account, entry["product"])
            own = {name: value for name, value in entry.items() if name != "product"}
            self.traits.say(contract, handed_on | own, moment)
            if not _by_rule(contract.product):
                self.changes.set(contract, started_at=earliest(contract.started_at, moment))

    def live(self, account: Account, product: str) -> list[Subscription]:
        """The contracts a fact is about: of its product, or all when it names none."""
        contracts = self.of[account.uid]
        return [c for key, c in contracts.items() if product in ("", key)]

    def date(self) -> None:
        """When contracts began and since when they are known. After the traits are settled.

        A given start wins; what a rule subscribed starts with the account's first news, which
        may move back when earlier news arrives late.
        """
        for uid, account in self.accounts.items():
            contracts = self.of[uid].values()
            for contract in contracts:
                if (start := given_start(contract)) is not None:
                    self.changes.set(contract, started_at=start)
                    self.changes.set(account, known_since=earliest(account.known_since, start))
            for contract in contracts:
                if given_start(contract) is None and _by_rule(contract.product):
                    self.changes.set(contract, started_at=account.known_since)
                since = earliest(account.known_since, contract.started_at)
                self.changes.set(contract, known_since=since)


def _by_rule(product: Product) -> bool:
    return product.subscribe not in ("", "none", None)
