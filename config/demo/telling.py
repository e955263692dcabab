"""Short lines of a story become the calls they stand for: so many invoices between two days.

Each line of a story is one call, or one of `invoices`, `expenses` and `course`, which are spread
over the business days from `at` to `until`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from journeys.timing import Days

Call = dict[str, Any]
#: The vendor's closures, as its calendar has them.
DAYS = Days(closures=((date(2025, 12, 29), date(2026, 1, 3)),))
SUPPLIERS = ("三和包装", "トキワ電材", "山手リース", "みつば清掃", "あけぼの運輸", "北浜印刷")


def spread(line: Call) -> Iterator[Call]:
    """The calls of one line, each with its own moment."""
    yield from SHORT[line["type"]](line) if line["type"] in SHORT else (line,)


def moments(first: datetime, last: datetime, count: int) -> list[datetime]:
    """`count` moments in office hours of the business days from `first` to `last`; ends at `last`."""
    days = [
        first.date() + timedelta(days=n)
        for n in range((last.date() - first.date()).days + 1)
        if DAYS.is_open(first.date() + timedelta(days=n))
    ]
    found = []
    for n in range(count):
        day = days[n * len(days) // count]
        hour, minute = divmod(600 + (n * 47) % 400, 60)
        moment = first.replace(
            year=day.year, month=day.month, day=day.day, hour=hour, minute=minute
        )
        found.append(min(max(moment, first), last))
    return [*sorted(found[:-1]), last] if found else []


def _track(line: Call, who: str, at: datetime, event: str, **properties: Any) -> Call:
    said = {"type": "track", "at": at, "userId": who, "event": event, "properties": properties}
    return said | {name: line[name] for name in ("groupId", "quiet") if name in line}


def _invoices(line: Call) -> Iterator[Call]:
    """`count` invoices are received by `userId` and approved by `approvers` in turn."""
    first, approvers = line.get("first", 1), line["approvers"]
    for n, at in enumerate(moments(line["at"], line["until"], line["count"])):
        what = {"invoice": f"INV-{first + n:03}", "amount": 11000 * (1 + (n * 7) % 24)}
        received = max(line["at"], at - timedelta(minutes=90))
        supplier = SUPPLIERS[n % len(SUPPLIERS)]
        yield _track(line, line["userId"], received, "invoice.received", **what, supplier=supplier)
        approver = approvers[n % len(approvers)]
        yield _track(line, approver, at, "approval.made", invoice=what["invoice"], step=1)
        yield _track(line, approver, at, "invoice.approved", **what)


def _expenses(line: Call) -> Iterator[Call]:
    """`count` expenses are handed in by `userId`."""
    first = line.get("first", 1)
    for n, at in enumerate(moments(line["at"], line["until"], line["count"])):
        what = {"expense": f"EXP-{first + n:03}", "amount": 480 * (1 + (n * 5) % 9)}
        yield _track(line, line["userId"], at, "expense.submitted", **what, kind="交通費")


def _setup(line: Call) -> Iterator[Call]:
    """The `deliverables` are settled one after another by `userId`, the last at `until`."""
    names = line["deliverables"]
    for name, at in zip(names, moments(line["at"], line["until"], len(names)), strict=True):
        settled = {"deliverable": name, "state": "confirmed"}
        yield _track(line, line["userId"], at, "deliverable.changed", **settled)


SHORT: dict[str, Callable[[Call], Iterator[Call]]] = {
    "invoices": _invoices,
    "expenses": _expenses,
    "setup": _setup,
}
