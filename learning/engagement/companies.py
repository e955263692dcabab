"""Which companies have looked at one item, and which have not: a list to act upon (K1)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.core.paginator import Page, Paginator

from journeys.models import Account, Contact
from learning.engagement import happened
from learning.engagement.audience import stages_of
from learning.engagement.figures import Line, Report
from learning.engagement.stays import Contract

A_PAGE = 50


@dataclass(frozen=True)
class Company:
    """One company an item is meant for. `people` are names, only for who may read them."""

    account_id: int
    contract: Contract | None
    targeted: int
    reached: int
    viewed: int
    messages: int
    clicks: int
    name: str = ""
    owner: str = ""
    people: tuple[str, ...] = ()

    @property
    def due_on(self) -> date | None:
        return self.contract.due_on if self.contract else None


@dataclass(frozen=True)
class Companies:
    """A page of companies that have viewed the item (`seen`), or of those that have not."""

    line: Line
    seen: bool
    page: Page[Company]
    count: int
    of: int


def companies(
    report: Report, line: Line, *, seen: bool, number: str | int = 1, with_names: bool = False
) -> Companies:
    """The companies of one line, the nearest deadline first; at most 4 queries."""
    everybody = _all(report, line)
    wanted = [company for company in everybody if bool(company.viewed) == seen]
    wanted.sort(key=lambda company: (company.due_on or date.max, company.account_id))
    page = Paginator(wanted, A_PAGE).get_page(number)
    page.object_list = _named(list(page), line, report, with_names)
    return Companies(line, seen, page, len(wanted), len(everybody))


def _all(report: Report, line: Line) -> list[Company]:
    account_of = report.people.account_of
    targeted = Counter(account_of[contact] for contact in report.people.targeted(line.item))
    reached = Counter(account_of[contact] for contact in line.reached)
    viewed = Counter(account_of[contact] for contact in line.readers)
    messages: Counter[int] = Counter()
    for (key, contact), count in report.brought.items():
        if key == line.item.key and report.people.is_meant(line.item, contact):
            messages[account_of[contact]] += count
    clicks: Counter[int] = Counter()
    for contact, count in happened.clicks(line.item, report.question).items():
        if report.people.is_meant(line.item, contact):
            clicks[account_of[contact]] += count
    contracts = _contracts(report, line)
    return [
        Company(
            account_id=account,
            contract=contracts.get(account),
            targeted=count,
            reached=reached[account],
            viewed=viewed[account],
            messages=messages[account],
            clicks=clicks[account],
        )
        for account, count in targeted.items()
    ]


def _contracts(report: Report, line: Line) -> dict[int, Contract]:
    """Per account the contract that brings the item to it: in one of its stages before another."""
    stages = stages_of(line.item, report.question)
    products = [door.products for door in line.item.doors if door.products]
    found: dict[int, Contract] = {}
    for contract in report.route.contracts:
        if all(contract.product in allowed for allowed in products):
            known = found.get(contract.account_id)
            if known is None or (known.stage not in stages and contract.stage in stages):
                found[contract.account_id] = contract
    return found


def _named(rows: Sequence[Company], line: Line, report: Report, with_names: bool) -> list[Company]:
    """The rows with the company's name and its owner's, and with people's where that is allowed."""
    ids = [row.account_id for row in rows]
    accounts = Account.objects.select_related("owner").in_bulk(ids)
    people = _people(ids, line, report) if with_names else {}
    return [
        replace(
            row,
            name=str(accounts[row.account_id]),
            owner=str(owner) if (owner := accounts[row.account_id].owner) else "",
            people=tuple(people.get(row.account_id, ())),
        )
        for row in rows
        if row.account_id in accounts
    ]


def _people(ids: Iterable[int], line: Line, report: Report) -> Mapping[int, list[str]]:
    """Names of the people of these accounts the item is meant for, with what they are there."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = Contact.objects.filter(account__in=ids, is_current=True)
    for contact in rows.only("name", "user_id", "title", "account_id", "kana"):
        if contact.account_id and report.people.is_meant(line.item, contact.pk):
            found[contact.account_id].append(f"{contact.title} {contact}".strip())
    return found
