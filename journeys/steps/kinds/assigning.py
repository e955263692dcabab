"""`assign`: a course to be taken, by a day; `learning` shows it, the fact can be asked about."""

from __future__ import annotations

from datetime import date

from journeys import db, facts
from journeys.ledger import Reason, Verdict, about_enrollment
from journeys.models import Assignment, Contact, Decision, Enrollment
from journeys.steps.planning import key_of, recipients, sub_uids
from journeys.steps.resting import Op, Reached, Walk, go
from journeys.timing import span


def assign(e: Enrollment, op: Op, run: Walk) -> bool:
    if e.holdout:
        run.note(e, Verdict.SKIPPED, Reason.HOLDOUT, rule=op["value"])
    else:
        run.leave_to("assign", e, op)
    return go(e, op["next"], run.now)


def write_assignments(reached: Reached, run: Walk) -> list[Decision]:
    """One row a contact, once, with its fact; who assigned it to nobody says so."""
    found, uids = recipients(reached, run), sub_uids(reached)
    rows: list[Assignment] = []
    decisions: list[Decision] = []
    for e, op in reached:
        due = _due(op, run)
        people = found[e.pk, op["id"]]
        rows += [_row(e, op, one, key_of(e, op, one, uids), due, run) for one in people]
        evidence = {"course": op["value"], "due": due.isoformat() if due else None}
        verdict = Verdict.ASSIGNED if people else Verdict.SKIPPED
        reason = Reason.STEP_REACHED if people else Reason.NO_ADDRESS
        decisions.append(
            about_enrollment(e, run.now, verdict, reason, evidence=evidence, step_id=op["id"])
        )
    new = db.insert_new(rows, "key")
    facts.record_all([_fact(row) for row in rows if row.key in new], received_at=run.now)
    return decisions


def _due(op: Op, run: Walk) -> date | None:
    days = run.hours.days
    return days.local_date(days.after(run.now, span(op["due"]))) if op.get("due") else None


def _row(
    e: Enrollment, op: Op, contact: Contact, key: str, due: date | None, run: Walk
) -> Assignment:
    return Assignment(
        key=key,
        account_id=e.account_id,
        contact=contact,
        enrollment_id=e.pk,
        journey_key=e.version.journey.key,
        step_id=op["id"],
        course=op["value"],
        assigned_at=run.now,
        due_on=due,
    )


def _fact(row: Assignment) -> facts.Fact:
    said = {"course": row.course} | ({"due": row.due_on.isoformat()} if row.due_on else {})
    return facts.Fact(
        "course.assigned", row.assigned_at, row.account_id, row.contact_id, "", said, row.key
    )
