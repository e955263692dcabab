"""Every example of the contract's own table is read, or refused by name until its room is open."""

from __future__ import annotations

import pytest

from journeys.conditions import ConditionError, dump, parse, parse_yaml

READ = [
    ("any: [{event: {name: x}}, {event: {name: y}}]", "account"),
    ("at_least: {n: 2, of: [{event: {name: x}}, {event: {name: y}}]}", "account"),
    ("event: {name: invoice.created, where: {amount: {gt: 0}}, count: {gte: 3}, within: 14d}",
     "account"),
    ("event: {name: x, sum: amount, count: {gte: 100}}", "account"),
    ("event: {name: x, every: month, in_a_row: 3}", "account"),
    ("event: {name: x, every: week, in_a_row: 3, by: {role: admin, at_least: 1}}", "account"),
    ("ratio: {of: {event: {name: x}}, to: {event: {name: y}}, gte: 0.8}", "account"),
    ("ratio: {of: {trait: {of: account, name: seats}}, to: {event: {name: y}}, gte: 0.8}", "account"),
    ("date: {of: subscription, name: renewal_on, before: 90d}", "account"),
    ("date: {of: subscription, name: renewal_on, between: [-90d, -60d]}", "subscription"),
    ("message: {journey: j1, step: m03, was: clicked, within: 4d}", "contact"),
    ("message: {step: m03, was: clicked}", "enrollment"), ("journey: {status: in}", "enrollment"),
    ("journey: {key: j1, status: finished}", "account"),
    ("event: {name: x, distinct: day}", "account"), ("event: {name: x, distinct: day@UTC}", "account"),
    ("event: {name: x, distinct: amount}", "account"),
    ("event: {name: x, by: {role: admin, at_least: 1}}", "account"),
    ("event: {name: x, by: {share: 0.8}}", "account"), ("event: {name: x, by: {every: true}}", "account"),
    ("event: {name: x, by: self}", "contact"),
    ("people: {role: approver, who: {event: {name: x, by: self}}, share: 0.6}", "account"),
    ("trait: {of: account, name: plan, in: [pro, team]}", "account"),
    ("stage: {is: setup, for_at_least: 20bd}", "subscription"), ("stage: {was: trial}", "account"),
    ("stage: {is: setup, product: aaa}", "contact"),
    ("event: {name: resource.viewed, where: {activity: homepage}}", "subscription"),
    ("event: {name: x, count: {eq: 0}, within: 30d, assume_history: true}", "account"),
]  # fmt: skip

LATER = ["signal: {kind: setup-overdue, is: open}", "all: [{event: {name: x}}, {signal: {}}]"]


@pytest.mark.parametrize(("text", "subject"), READ)
def test_an_example_of_the_contract_is_read(text: str, subject: str):
    node = parse_yaml(text, subject=subject)
    without = ("trait", "stage", "people", "date", "message", "journey")
    assert "by" in str(dump(node)) or node.head in without
    assert parse(dump(node), subject=subject).digest == node.digest


@pytest.mark.parametrize("text", LATER)
def test_signal_is_reserved_and_refused_by_name(text: str):
    with pytest.raises(ConditionError) as refusal:
        parse_yaml(text)
    assert refusal.value.code == "not_available"
