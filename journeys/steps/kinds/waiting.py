"""Letting time pass, or waiting for something to come true.

What follows a wait is reached when it was over, not when an engine came round to it: after an
outage the next step knows how late it is.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from journeys.ledger import Reason, Verdict
from journeys.models import Enrollment
from journeys.publishing import branch
from journeys.steps.resting import Op, Walk, go, rest
from journeys.timing import span


def wait(e: Enrollment, op: Op, run: Walk) -> bool:
    if e.waiting_for != "time":
        until = run.hours.days.after(e.step_at, span(op["value"]))
        return rest(e, "time", _in_window(until, op, e, run))
    if e.due_at is None or e.due_at > run.now:
        return False
    run.note(e, Verdict.WAITED, Reason.TIMED_OUT, rule=op["value"])
    return go(e, op["next"], e.due_at)


def wait_until(e: Enrollment, op: Op, run: Walk) -> bool:
    """Judged at every tick; the time-out counts from reaching the step."""
    if run.answers.verdict(op["value"], e.pk) == "met":
        run.note(e, Verdict.BRANCHED, Reason.CONDITION_MET, evidence={"condition": op["value"]})
        return go(e, branch(op, "then"), run.now)
    timeout = op.get("timeout")
    if timeout and run.hours.days.after(e.step_at, span(timeout)) <= run.now:
        run.note(e, Verdict.BRANCHED, Reason.TIMED_OUT, rule=timeout)
        return go(e, branch(op, "on_timeout"), run.now)
    # Always due: a condition can come true at any tick. Unchanged rows are not written.
    return rest(e, "condition", e.due_at if e.waiting_for == "condition" else run.now)


def _in_window(moment: datetime, op: Op, e: Enrollment, run: Walk) -> datetime:
    """The moment itself, or the next one inside the step's window, where the recipient is."""
    window = op.get("send_window")
    if not window:
        return moment
    opens, closes = run.hours.opens, run.hours.closes
    if isinstance(window, dict):
        opens, closes = (time.fromisoformat(window[name]) for name in ("from", "to"))
    zone = ZoneInfo(run.about[e.pk].zone)
    local = moment.astimezone(zone)
    day, hour = local.date(), local.time()
    if not run.hours.days.is_open(day) or hour >= closes:
        day, hour = run.hours.days.next_open(day + timedelta(days=1)), opens
    return datetime.combine(day, max(hour, opens), zone)
