"""Every example of the contract's own table is read, or refused by name until its room is open."""

from __future__ import annotations

import pytest

from journeys.conditions import ConditionError, dump, parse_yaml

READ = [
    ("any: [{event: {name: x}}, {event: {name: y}}]", "account"),
    ("at_least: {n: 2, of: [{event: {name: x}}, {event: {name: y}}]}", "account"),
    ("event: {name: invoice.created, where: {amount: {gt: 0}}, count: {gte: 3}, within: 14d}",
     "account"),
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

LATER = [
    "event: {name: x, sum: amount, count: {gte: 100}}",
    "event: {name: x, every: month, in_a_row: 3}",
    "ratio: {of: {event: {name: x}}, to: {trait: {of: account, name: seats}}, gte: 0.8}",
    "date: {of: subscription, name: renewal_on, before: 90d}",
    "message: {journey: j1, step: m03, was: clicked, within: 4d}",
    "journey: {key: j1, status: finished}",
    "segment: sg2",
    "signal: {kind: setup-overdue, is: open}",
    "all: [{event: {name: x}}, {segment: sg2}]",
]


@pytest.mark.parametrize(("text", "subject"), READ)
def test_an_example_of_the_contract_is_read(text: str, subject: str):
    node = parse_yaml(text, subject=subject)
    assert "by" in str(dump(node)) or node.head in ("trait", "stage", "people")


@pytest.mark.parametrize("text", LATER)
def test_what_is_not_open_yet_is_refused_by_name(text: str):
    with pytest.raises(ConditionError) as refusal:
        parse_yaml(text)
    assert refusal.value.code == "not_available"
