"""`within`: the window (now − w, now], and what a tenure shorter than it makes unknown (1.5, 1.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Self

from django.utils.translation import gettext as _

from journeys.conditions.at import At
from journeys.timing import BadSpan, Days, Span, span

BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
STAGE, ENROLLMENT = "stage", "enrollment"


def read_span(at: At) -> Span:
    """A length of time such as 30min, 4h, 14d, 2w or 20bd."""
    try:
        return span(at.raw) if isinstance(at.raw, str) else span(str(at.raw))
    except BadSpan:
        at.refuse(
            "bad_span",
            _("“%s” is not a length of time longer than 0 and of at most ten years.") % (at.raw,),
            ("30min", "4h", "14d", "2w", "20bd"),
        )


def back(now: datetime, length: Span, days: Days) -> datetime:
    """The left, open edge of the window; the beginning of time when it lies before that."""
    try:
        return days.window_start(now, length).astimezone(UTC)
    except OverflowError:
        return BEGINNING


def drops_out(moment: datetime, length: Span, days: Days) -> Iterator[datetime]:
    """From when on something that happened at `moment` no longer lies inside the window.

    Business days stand still over a week-end, so that two moments may be the first one.
    """
    if length.delta is not None:
        yield moment + length.delta
        return
    local = moment.astimezone(days.tz)
    if not days.is_open(local.date()):
        local = days.start_of(days.next_open(local.date()))
    yield datetime.combine(days.add(local.date(), length.days), local.time(), days.tz)
    if local.time() == time(0):
        evening = local - timedelta(days=1)
        while not days.is_open(evening.date()):
            evening -= timedelta(days=1)
        yield days.end_of(days.add(evening.date(), length.days))


@dataclass(frozen=True)
class Within:
    """A window as it is written: a length, `stage` or `enrollment`."""

    text: str
    span: Span | None = None

    @classmethod
    def read(cls, at: At) -> Self:
        if at.raw in (STAGE, ENROLLMENT):
            return cls(str(at.raw))
        length = read_span(at)
        return cls(length.text, length)

    @property
    def is_length(self) -> bool:
        """Windows in h, d, w or bd can be longer than a customer is known (1.6)."""
        return self.span is not None and not self.span.text.endswith("min")
