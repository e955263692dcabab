"""Time to value: from the contract's start to the first moment its route calls value (R12)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from journeys import conditions, db
from journeys.conditions import SUBSCRIPTION, Ask
from journeys.conditions.dialect import among
from journeys.models import LifecycleVersion, Subscription


def find_value(version: LifecycleVersion, late: Mapping[int, datetime], ask: Ask) -> int:
    """Note when the contracts of a version first found value; how many rows changed.

    `late`: account → the earliest moment of its news; it may move a value back. One SELECT where
    nobody has found value since the last tick; none for a route that does not say what value is.
    """
    raw = version.document.get("first_value")
    if not raw:
        return 0
    tree = conditions.parse(raw, subject="subscription")
    on_it = Subscription.objects.filter(version=version, ended_at=None)
    met = conditions.compile(tree, True, ask, SUBSCRIPTION)
    rows = list(on_it.filter(met, value_at=None).values_list("pk", "started_at", "value_at"))
    if late:
        found = on_it.filter(
            among("account_id", late), value_at__isnull=False, value_at__lte=ask.now
        )
        rows += [
            (pk, started, value)
            for pk, account, started, value in found.values_list(
                "pk", "account_id", "started_at", "value_at"
            )
            if value is not None and value > late[account]
        ]
    floor = {pk: started for pk, started, _value in rows if started}
    known = {pk: value for pk, _started, value in rows}
    since = conditions.since(tree, known, ask, SUBSCRIPTION, floor=floor)
    changes: list[dict[str, Any]] = [
        {"id": pk, "value_at": moment}
        for pk, moment in since.items()
        if (before := known[pk]) is None or moment < before
    ]
    return db.update(Subscription, changes)
