"""How far a deadline is, and what a role is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from content.templatetags.junro_text import clock, day, day_with_year, short_day
from journeys.lifecycle import Item
from journeys.timing import Days
from learning.models import HowCompleted, Progress

SOON = 3  # business days

#: Names of the roles a vendor's product usually reports; another key is shown as it is.
ROLES = {
    "admin": gettext_lazy("administrator"),
    "accounting": gettext_lazy("accounting lead"),
    "promoter": gettext_lazy("promoter"),
    "approver": gettext_lazy("approver"),
    "applicant": gettext_lazy("applicant"),
    "partner": gettext_lazy("partner"),
}


def role_name(role: str) -> str:
    return str(ROLES.get(role, role))


@dataclass(frozen=True)
class Deadline:
    """A local day by whose end something should be done, seen from today.

    `left`: business days still to come, today not counted; a customer is never shown a minus.
    """

    day: date
    today: date
    left: int

    @property
    def is_past(self) -> bool:
        return self.day < self.today

    @property
    def is_soon(self) -> bool:
        return not self.is_past and self.left <= SOON

    @property
    def by(self) -> str:
        """6月8日（月）まで; with the year when it is another one."""
        text = day(self.day) if self.day.year == self.today.year else day_with_year(self.day)
        return _("By %(day)s") % {"day": text}

    @property
    def words(self) -> str:
        """あと15営業日; nothing once the day has passed (design 2: customers see no 超過)."""
        if self.is_past:
            return ""
        if self.day == self.today:
            return _("today")
        return ngettext(
            "%(count)d business day left", "%(count)d business days left", self.left
        ) % {"count": self.left}


def deadline(due: date | None, now: datetime, days: Days) -> Deadline | None:
    """The deadline `due` (a local day) as it looks at `now` (aware)."""
    if due is None:
        return None
    today = days.local_date(now)
    return Deadline(due, today, max(0, days.between(today, due)))


def so_far(item: Item) -> str:
    """How far a step is that takes several times or several people; empty for all others."""
    found, wanted = item.found, item.wanted
    if item.met or not isinstance(wanted, Mapping):
        return ""
    if isinstance(found, Mapping) and found.get("people", 0) > 1:
        return _("%(meeting)s of %(people)s people so far") % {**found}
    least = (wanted.get("count") or {}).get("gte", 0)
    if isinstance(found, int) and least > 1:
        return _("%(found)s of %(least)s so far") % {"found": found, "least": least}
    return ""


def when_completed(row: Progress) -> str:
    """How and when a lesson was completed, for its reader."""
    when = {"day": short_day(row.completed_at), "time": clock(row.completed_at)}
    if row.source == HowCompleted.PRODUCT:
        return _("Done in the product on %(day)s at %(time)s") % when
    return _("Completed on %(day)s at %(time)s") % when
