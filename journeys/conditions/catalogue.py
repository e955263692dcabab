"""The names a tree uses that nobody has sent yet: warned about, never refused (contracts 1.13).

Names are looked for by probing the customers' indexes, so that a name never seen costs one index
look-up a customer and not a reading of all facts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from journeys.conditions.counting import Quantifier
from journeys.conditions.leaves import (
    DateLeaf,
    EventLeaf,
    JourneyLeaf,
    MessageLeaf,
    PeopleLeaf,
    RatioLeaf,
    SegmentLeaf,
    StageLeaf,
    TraitLeaf,
)
from journeys.conditions.leaves.ratio import Facts
from journeys.conditions.tree import Leaf, Node, leaves
from journeys.models import (
    Account,
    Contact,
    Event,
    JourneyVersion,
    Membership,
    Product,
    Stage,
    Subscription,
    TraitChange,
)

#: As many facts of a name are looked into for a property; rarer ones may be missed.
SAMPLE = 2000
_NOUNS: dict[str, Any] = {"account": Account, "contact": Contact, "subscription": Subscription}


def unseen(node: Node) -> list[str]:
    """One sentence for each name that was never seen, in the active language, without repeats."""
    return list(dict.fromkeys(_unseen(node)))


def _unseen(node: Node) -> Iterator[str]:
    for leaf in leaves(node):
        yield from _of_leaf(leaf)


def _of_leaf(leaf: Leaf) -> Iterator[str]:
    match leaf:
        case EventLeaf():
            yield from _event(leaf)
        case TraitLeaf() | DateLeaf():
            yield from _trait(leaf.of, leaf.name)
        case StageLeaf():
            if not Stage.objects.filter(key=leaf.stage).exists():
                yield _("There is no stage “%s” yet.") % leaf.stage
            yield from _product(leaf.product)
        case PeopleLeaf():
            yield from _role(leaf.quantifier)
            if leaf.who:
                yield from _unseen(leaf.who)
        case _:
            yield from _of_others(leaf)


def _of_others(leaf: Leaf) -> Iterator[str]:
    match leaf:
        case RatioLeaf():
            for measure in (leaf.of, leaf.to):
                if isinstance(measure, Facts):
                    yield from _event(measure.event)
                else:
                    yield from _trait(measure.of, measure.name)
        case MessageLeaf():
            yield from _journey(leaf.journey, leaf.step)
        case JourneyLeaf():
            yield from _journey(leaf.journey)
        case SegmentLeaf():
            yield from _unseen(leaf.condition)


def _event(leaf: EventLeaf) -> Iterator[str]:
    if isinstance(leaf.by, Quantifier):
        yield from _role(leaf.by)
    yield from _product(leaf.product)
    seen = _facts(leaf.name)
    if not seen:
        yield _("No fact “%s” has been seen yet.") % leaf.name
        return
    paths = [key.split(".") for key, _operators in leaf.where]
    if leaf.distinct and leaf.distinct.path:
        paths.append(list(leaf.distinct.path))
    if leaf.sum:
        paths.append(list(leaf.sum))
    for path in paths:
        if not any(_has(properties, path) for properties in seen):
            yield _("No fact “%(name)s” with a property “%(property)s” has been seen yet.") % {
                "name": leaf.name,
                "property": ".".join(path),
            }


def _facts(name: str) -> list[Any]:
    """Properties of some facts of the name."""
    for noun in (Account, Contact):
        mine = Event.objects.filter(name=name, **{noun._meta.model_name or "": OuterRef("pk")})
        owners: QuerySet[Any] = QuerySet(noun).filter(Exists(mine)).order_by()[:20]
        owner_ids = list(owners.values_list("pk", flat=True))
        if owner_ids:
            which = {f"{noun._meta.model_name}_id__in": owner_ids}
            facts = Event.objects.filter(name=name, **which).order_by()
            return list(facts.values_list("properties", flat=True)[:SAMPLE])
    return []


def _has(properties: Any, path: list[str]) -> bool:
    for key in path:
        if not isinstance(properties, dict) or key not in properties:
            return False
        properties = properties[key]
    return True


def _trait(of: str, name: str) -> Iterator[str]:
    changes = TraitChange.objects.filter(of=of, name=name, subject_id=OuterRef("pk"))
    if not QuerySet(_NOUNS[of]).filter(Exists(changes)).order_by().exists():
        said = {"name": name, "of": of}
        yield _("No trait “%(name)s” of a %(of)s has been seen yet.") % said


def _journey(key: str, step: str = "") -> Iterator[str]:
    if not key:
        return
    program = JourneyVersion.objects.filter(journey__key=key).order_by("-number")
    programs = list(program.values_list("program", flat=True)[:1])
    if not programs:
        yield _("There is no journey “%s” yet.") % key
    elif step and step not in {op.get("id") for op in programs[0].get("ops", ())}:
        said = {"journey": key, "step": step}
        yield _("The journey “%(journey)s” has no step “%(step)s” yet.") % said


def _role(quantifier: Quantifier) -> Iterator[str]:
    role = quantifier.role
    if role and not Membership.objects.filter(role=role).exists():
        yield _("No role “%s” has been seen yet.") % role


def _product(key: str) -> Iterator[str]:
    if key and not Product.objects.filter(key=key).exists():
        yield _("There is no product “%s” yet.") % key
