"""How far a deadline is, in business days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from journeys.timing import Days

SOON = 3  # business days


@dataclass(frozen=True)
class Deadline:
    """A day by whose end something should be done. `tone`: grey, amber or red (never red early)."""

    day: date
    left: int  # business days still to come; negative when it is over

    @property
    def tone(self) -> str:
        if self.left < 0:
            return "danger"
        return "warn" if self.left <= SOON else ""

    @property
    def text(self) -> str:
        if self.left < 0:
            over = -self.left
            return ngettext("%d business day over", "%d business days over", over) % over
        if self.left == 0:
            return _("today")
        return ngettext("%d business day left", "%d business days left", self.left) % self.left


def deadline(day: date | None, today: date, days: Days) -> Deadline | None:
    """The deadline as it stands today; None where there is none."""
    return Deadline(day, days.between(today, day)) if day else None
