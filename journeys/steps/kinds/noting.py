"""`set`: a trait of the journey's own, kept on its subject (the contact, or the account)."""

from __future__ import annotations

from collections import defaultdict

from journeys import people
from journeys.ledger import Reason, Verdict
from journeys.models import Account, Contact, Decision, Enrollment
from journeys.steps.resting import Op, Reached, Walk, go


def note(e: Enrollment, op: Op, run: Walk) -> bool:
    run.leave_to("set", e, op)
    run.note(e, Verdict.NOTED, Reason.STEP_REACHED, evidence={"set": op["value"]})
    return go(e, op["next"], run.now)


def write_traits(reached: Reached, run: Walk) -> list[Decision]:
    """Append the changes, a set for each journey, whose key is their source."""
    named = {e.contact_id for e, _op in reached if e.contact_id}
    contacts = Contact.objects.select_related("person").in_bulk(named)
    accounts = Account.objects.in_bulk({e.account_id for e, _op in reached if not e.contact_id})
    by_journey: dict[str, Reached] = defaultdict(list)
    for e, op in reached:
        by_journey[e.version.journey.key].append((e, op))
    for key, mine in by_journey.items():
        said = [
            (contacts[e.contact_id] if e.contact_id else accounts[e.account_id], op["value"], run.now)
            for e, op in mine
        ]  # fmt: skip
        people.set_traits(said, received_at=run.now, source=f"journey:{key}")
    return []
