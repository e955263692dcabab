"""From the tree to two predicates, met and not met. A row in neither is unknown (contracts 1.1)."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_

from django.db.models import Q
from django.db.models.lookups import GreaterThanOrEqual

from journeys.conditions.asking import Ask, Subject
from journeys.conditions.dialect import Plus, Truth
from journeys.conditions.tree import AnyOf, AtLeast, Leaf, Node, Not


def compile(node: Node, want: bool, ask: Ask, subject: Subject) -> Q:
    """The rows of `subject` for which the tree is met (`want`) or not met, as of `ask`.

    The predicate is one expression with sub-selects, so a question costs one SELECT however many
    rows there are. `not` swaps the two predicates; negating one would take in the unknown.
    """
    match node:
        case Leaf():
            return node.predicate(want, ask, subject)
        case Not():
            return compile(node.of, not want, ask, subject)
        case AtLeast():
            need = node.n if want else len(node.of) - node.n + 1
            return _at_least(need, [compile(child, want, ask, subject) for child in node.of])
    each = [compile(child, want, ask, subject) for child in node.children]
    return reduce(or_ if isinstance(node, AnyOf) is want else and_, each)


def _at_least(need: int, each: list[Q]) -> Q:
    """Whether `need` of the predicates hold: not met is when too few can still become met."""
    if need == 1:
        return reduce(or_, each)
    if need == len(each):
        return reduce(and_, each)
    return Q(GreaterThanOrEqual(Plus(*(Truth(q) for q in each)), need))
