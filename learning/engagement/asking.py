"""What a reader of the report asks: which days, which stage, which role, which kind of page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from journeys.timing import Days
from learning.models import ViewSession

DEFAULT_DAYS = 30
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)
ANSWERED_WITHIN = timedelta(days=7)
LEFT_WITHIN = 20  # business days


@dataclass(frozen=True)
class Question:
    """Local days `first` to `last`, both included; "" means every stage, role or kind."""

    first: date
    last: date
    now: datetime
    days: Days
    stage: str = ""
    role: str = ""
    kind: str = ""

    @property
    def since(self) -> datetime:
        return self.days.start_of(self.first)

    @property
    def until(self) -> datetime:
        """The moment the last day is over; not included."""
        return self.days.end_of(self.last)

    @property
    def answered_until(self) -> datetime:
        """Until when what is done after a view of the period can still count."""
        return self.until + ANSWERED_WITHIN

    def left_by(self, seen_at: datetime) -> datetime:
        """The end of the 20th business day after a view: leaving the stage until then counts."""
        return _end_of_business_day(self.days, self.days.local_date(seen_at))

    def query(self, **changes: str) -> str:
        """The question as a query string; `changes` replace or, when empty, drop a part."""
        asked = {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "stage": self.stage,
            "role": self.role,
            "kind": self.kind,
        }
        return urlencode({name: text for name, text in (asked | changes).items() if text})


@lru_cache(maxsize=1024)
def _end_of_business_day(days: Days, day: date) -> datetime:
    """The end of the 20th business day after `day`; a period has few days and many views."""
    return days.end_of(days.add(day, LEFT_WITHIN))


def default(now: datetime, days: Days) -> Question:
    """The last 30 local days, today included, about everybody."""
    today = days.local_date(now)
    return Question(today - timedelta(days=DEFAULT_DAYS - 1), today, now, days)


def read(params: Mapping[str, str], now: datetime, days: Days) -> tuple[Question, str]:
    """The question in a page's parameters, and what was wrong with it ("" when nothing was).

    Days that cannot be read give way to the default ones; an unknown kind to every kind.
    """
    question = default(now, days)
    kind = params.get("kind", "")
    question = replace(
        question,
        stage=params.get("stage", "")[:100],
        role=params.get("role", "")[:100],
        kind=kind if kind in ViewSession.Kind.values else "",
    )
    try:
        first = _day(params.get("from", ""), question.first)
        last = _day(params.get("to", ""), question.last)
    except ValueError:
        return question, _("The days could not be read: write them like 2026-06-30.")
    if last < first:
        return question, _("The last day lies before the first one.")
    return replace(question, first=first, last=last), ""


def _day(text: str, otherwise: date) -> date:
    if not text:
        return otherwise
    found = date.fromisoformat(text)
    if not EARLIEST <= found <= LATEST:
        raise ValueError(text)
    return found
