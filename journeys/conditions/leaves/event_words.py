"""An `event` leaf in words: found, wanted, in which window, by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from journeys.conditions.counting import Count, Quantifier
from journeys.conditions.leaves import people_words
from journeys.conditions.operators import Operators
from journeys.conditions.tree import Evidence
from journeys.conditions.windows import STAGE
from journeys.conditions.words import operators_in_words, span_in_words

if TYPE_CHECKING:
    from journeys.conditions.leaves.event import EventLeaf


def sentence(leaf: EventLeaf, evidence: Evidence) -> str:
    """For example: “invoice.approved: 7 (wanted: at least 10), in the last 14 days”."""
    said = {
        "what": _what(leaf),
        "found": evidence.found,
        "wanted": sum_in_words(leaf.count) if leaf.sum else count_in_words(leaf.count),
    }
    if leaf.row is not None and not isinstance(leaf.by, Quantifier):
        return _("%(what)s, each %(wanted)s: %(window)s, in %(holding)d of them") % (
            said | {"window": _window(leaf), "holding": evidence.found["holding"]}
        )
    if isinstance(leaf.by, Quantifier):
        by = {"who": people_words.sentence(leaf.by, evidence)}
        text = _("%(what)s, each %(wanted)s: %(who)s") % (said | by)
    elif leaf.sum:
        text = _("%(what)s comes to %(found)s (wanted: %(wanted)s)") % said
    else:
        text = _("%(what)s: %(found)s (wanted: %(wanted)s)") % said
    window = _window(leaf)
    return _("%(text)s, %(window)s") % {"text": text, "window": window} if window else text


def sum_in_words(count: Count) -> str:
    """The bounds of a sum."""
    return operators_in_words(Operators(count.written))


def count_in_words(count: Count) -> str:
    """The bounds of a number of facts."""
    patterns = {
        "gt": pgettext("facts", "more than %s"),
        "gte": pgettext("facts", "at least %s"),
        "lt": pgettext("facts", "fewer than %s"),
        "lte": pgettext("facts", "at most %s"),
        "eq": pgettext("facts", "exactly %s"),
    }
    return pgettext("conditions", " and ").join(
        patterns[word] % f"{number:.12g}" for word, number in count.written
    )


def _what(leaf: EventLeaf) -> str:
    name = leaf.name
    if leaf.where:
        where = ", ".join(f"{key} {operators_in_words(ops)}" for key, ops in leaf.where)
        name = _("%(name)s (%(where)s)") % {"name": name, "where": where}
    if leaf.sum:
        return _("Sum of “%(value)s” in %(name)s") % {"value": ".".join(leaf.sum), "name": name}
    if leaf.distinct is None:
        return name
    if leaf.distinct.counts_days:
        return _("Days with %s") % name
    return _("Different “%(value)s” in %(name)s") % {"value": leaf.distinct.text, "name": name}


def _window(leaf: EventLeaf) -> str:
    if leaf.row is not None:
        number = leaf.row.number
        if leaf.row.every == "month":
            return ngettext("the last %d full month", "the last %d full months", number) % number
        return ngettext("the last %d full week", "the last %d full weeks", number) % number
    if leaf.within is None:
        return ""
    if leaf.within.span is not None:
        return _("in the last %s") % span_in_words(leaf.within.text)
    if leaf.within.text == STAGE:
        return _("since this stage began")
    return _("since entering the journey")
