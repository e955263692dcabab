"""A quantifier in words: how many of whom, by name."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from journeys.conditions.counting import Quantifier
from journeys.conditions.tree import Evidence

MOST_NAMES = 5


def sentence(quantifier: Quantifier, evidence: Evidence) -> str:
    """For example: “admin: 2 of 3 people (wanted: at least 60 %), still missing: Sato”."""
    found = evidence.found
    said = {
        "role": quantifier.role or pgettext("people", "members"),
        "meeting": found["meeting"],
        "people": found["people"],
        "wanted": wanted_in_words(quantifier),
    }
    if not found["people"]:
        return _("%(role)s: nobody (wanted: %(wanted)s)") % said
    text = _("%(role)s: %(meeting)d of %(people)d people (wanted: %(wanted)s)") % said
    missing = found["missing"]
    if not missing:
        return text
    names = ", ".join(missing[:MOST_NAMES]) + (" …" if len(missing) > MOST_NAMES else "")
    return _("%(text)s, still missing: %(names)s") % {"text": text, "names": names}


def wanted_in_words(quantifier: Quantifier) -> str:
    """Everybody, a share or a number."""
    if quantifier.every:
        return pgettext("people", "everybody")
    if quantifier.share is not None:
        return pgettext("people", "at least %g %%") % float(quantifier.share * 100)
    return pgettext("people", "at least %d") % quantifier.n
