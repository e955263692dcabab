"""Whether companies left a stage after somebody there looked at an item in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from learning.engagement.asking import Question
from learning.engagement.audience import stages_of
from learning.engagement.happened import Looks
from learning.engagement.items import Item
from learning.engagement.stays import Stay


@dataclass(frozen=True)
class Leaving:
    """Companies that looked at the item while in the stage; those of them that went on in time;
    and those that have not, whose twenty business days are not over."""

    looked: frozenset[int]
    left: frozenset[int]
    may_still: frozenset[int]


def leaving(
    item: Item,
    readers: Iterable[int],
    looks: Looks,
    stays: Mapping[int, Sequence[Stay]],
    accounts: Mapping[int, int],
    question: Question,
) -> Leaving:
    """The item's companies after their first view within a stay; `stays` are by account.

    Only stages the item helps in count (all, when it names none), and only live contracts.
    """
    moments = _moments(item.key, readers, looks, accounts)
    looked, left, may_still = set(), set(), set()
    stages = stages_of(item, question)
    for account, seen in moments.items():
        for stay in stays.get(account, ()):
            if stages and stay.stage not in stages:
                continue
            first = next((at for at in seen if stay.holds(at)), None)
            if first is None:
                continue
            looked.add(account)
            by = question.left_by(first)
            if stay.went_on and stay.to_at is not None and stay.to_at < by:
                left.add(account)
            elif stay.to_at is None and by > question.now:
                may_still.add(account)
    return Leaving(frozenset(looked), frozenset(left), frozenset(may_still - left))


def _moments(
    key: UUID, readers: Iterable[int], looks: Looks, accounts: Mapping[int, int]
) -> dict[int, list[datetime]]:
    """Per account, when its readers looked within the period, in order."""
    found: dict[int, list[datetime]] = defaultdict(list)
    for contact in readers:
        found[accounts[contact]] += [at for at in looks.at[key, contact] if at < looks.until]
    return {account: sorted(times) for account, times in found.items()}


def by_account(stays: Iterable[Stay]) -> dict[int, list[Stay]]:
    found: dict[int, list[Stay]] = defaultdict(list)
    for stay in stays:
        found[stay.account_id].append(stay)
    return found
