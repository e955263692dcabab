"""What an author can choose from: names in use, by kind, cheaply.

Names of the customers' data are read from the newest rows only, so that the question costs the
same however many facts there are; a rare name may be missing and can be written all the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import QuerySet

from journeys.models import (
    Event,
    JourneyVersion,
    Membership,
    Product,
    Segment,
    Stage,
    TraitChange,
    VersionStatus,
)

#: So many of the newest rows are looked into.
SAMPLE = 5000
Choice = dict[str, str]
#: Kinds of choices other rooms offer at start-up (`courses`, say): kind → function.
offered: dict[str, Callable[[], list[Choice]]] = {}


def choices() -> dict[str, Any]:
    """Everything a condition can name, by a fixed number of SELECTs.

    `events`: name → its properties; `traits`: noun → names; `roles`; `products`, `segments`: key
    and name (segments with their subject); `stages`: key, name and product; `journeys`: key, name
    and steps; and what other rooms offer.
    """
    return {
        "events": _events(),
        "traits": _traits(),
        "roles": sorted(
            set(_newest(Membership.objects.all()).values_list("role", flat=True)) - {""}
        ),
        "products": list(Product.objects.order_by("key").values("key", "name")),
        "segments": list(Segment.objects.order_by("key").values("key", "name", "subject")),
        "stages": _stages(),
        "journeys": _journeys(),
    } | {kind: offer() for kind, offer in sorted(offered.items())}


def _newest(rows: QuerySet[Any]) -> QuerySet[Any]:
    ordered: QuerySet[Any] = rows.order_by("-pk")
    return ordered[:SAMPLE]


def _events() -> Mapping[str, list[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for name, said in _newest(Event.objects.all()).values_list("name", "properties"):
        found[name].update(_paths(said))
    return {name: sorted(paths) for name, paths in sorted(found.items())}


def _paths(said: Any, above: str = "") -> set[str]:
    """The names of properties; a dot goes inside."""
    if not isinstance(said, Mapping):
        return set()
    found = set()
    for key, value in said.items():
        inside = _paths(value, f"{above}{key}.") if above.count(".") < 2 else set()
        found |= inside or {f"{above}{key}"}
    return found


def _traits() -> Mapping[str, list[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for of, name in _newest(TraitChange.objects.all()).values_list("of", "name"):
        found[of].add(name)
    return {of: sorted(names) for of, names in sorted(found.items())}


def _stages() -> list[Choice]:
    rows = Stage.objects.filter(version__status=VersionStatus.PUBLISHED).values_list(
        "key", "name", "version__lifecycle__product__key"
    )
    ordered = rows.order_by("version__lifecycle__product__key", "position")
    return [{"key": key, "name": name, "product": product} for key, name, product in ordered]


def _journeys() -> list[dict[str, Any]]:
    rows = JourneyVersion.objects.filter(status=VersionStatus.PUBLISHED).values_list(
        "journey__key", "journey__name", "program"
    )
    return [
        {"key": key, "name": name, "steps": sorted(op["id"] for op in program.get("ops", ()))}
        for key, name, program in rows.order_by("journey__key")
    ]
