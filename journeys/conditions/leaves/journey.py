"""`journey`: where somebody stands with a journey: in it, finished, its goal reached, left, held out.

Always met or not met. Of several runs any one counts; who matched before the journey was published
(`out`) was never in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from journeys.conditions.asking import Ask
from journeys.conditions.at import At
from journeys.conditions.dialect import among
from journeys.conditions.leaves.spells import Spell, Spells
from journeys.conditions.tree import Evidence
from journeys.models import Enrollment

FIELDS = ("key", "status")
STATUSES = ("in", "finished", "goal", "left", "holdout")
SAID = {
    "in": pgettext_lazy("journey", "in it"),
    "finished": pgettext_lazy("journey", "went through to the end"),
    "goal": pgettext_lazy("journey", "reached its goal"),
    "left": pgettext_lazy("journey", "left it"),
    "holdout": pgettext_lazy("journey", "in its held-out group"),
}


@dataclass(frozen=True)
class JourneyLeaf(Spells):
    """Enrollments of the journey; of the enrollment asked about where no key is given."""

    head: ClassVar[str] = "journey"
    journey: str
    status: str

    @classmethod
    def read(cls, at: At) -> Self:
        given = at.fields(FIELDS, required=("status",))
        return cls(given["key"].text() if "key" in given else "", given["status"].choice(STATUSES))

    def body(self) -> Any:
        return ({"key": self.journey} if self.journey else {}) | {"status": self.status}

    def rows(self, ask: Ask) -> list[QuerySet[Any]]:
        """One query; an enrollment is known from the moment it says (`at` ≤ T)."""
        entered = self._enrollments(ask)
        if self.status == "in":
            still = Q(left_at=None) | Q(left_at__gt=ask.now)
            if ask.known_at is not None:
                still |= Q(left_at__gt=ask.known_at)
            return [entered.filter(still)]
        if self.status == "holdout":
            return [entered.filter(holdout=True)]
        return [entered.filter(ask.known("left_at"), status=self.status, left_at__lte=ask.now)]

    def _enrollments(self, ask: Ask) -> QuerySet[Enrollment]:
        which = {"journey__key": self.journey} if self.journey else {}
        rows = Enrollment.objects.filter(ask.known("entered_at"), entered_at__lte=ask.now, **which)
        return rows.exclude(status=Enrollment.Status.OUT)

    def spells(self, ids: Iterable[int | None], ask: Ask) -> Iterable[tuple[int | None, Spell]]:
        found = self._enrollments(ask).filter(among("account_id", ids)).values_list(
            "pk", "account_id", "contact_id", "subscription_id", "entered_at", "left_at", "status",
            "holdout", "journey__key", "run",
        )  # fmt: skip
        for pk, account, contact, contract, entered, left, status, holdout, key, run in found:
            begun: Any = entered
            ended: Any = None
            if self.status == "in":
                ended = left if ask.knew(left) else None
            elif self.status == "holdout":
                begun = entered if holdout else None
            else:
                begun = left if status == self.status and ask.knew(left) else None
            if begun is not None:
                shown = {"at": begun, "journey": key, "run": run, "status": status}
                yield account, Spell(begun, ended, shown, contact, contract, pk)

    def sentence(self, evidence: Evidence) -> str:
        return _("Journey “%(journey)s”, %(status)s: %(found)s") % {
            "journey": self.journey or pgettext("journey", "this one"),
            "status": SAID[self.status],
            "found": pgettext("value", "yes") if evidence.found else pgettext("value", "no"),
        }
