"""A saved condition asked for by its name (contracts 1; reliability 4.4 number 58)."""

from __future__ import annotations

from typing import Any

import pytest

from journeys.conditions import (
    ACCOUNT,
    CONTACT,
    ENROLLMENT,
    ConditionError,
    dump,
    explain,
    parse,
    segments_given,
    segments_in,
)
from journeys.models import Segment
from tests.journeys.conditions import world
from tests.journeys.conditions.test_enrollments import enrolled
from tests.journeys.conditions.world import ago, asked, verdict

pytestmark = pytest.mark.django_db
X: Any = {"event": {"name": "x"}}


def save(key: str, condition: Any, subject: str = "account") -> Segment:
    return Segment.objects.create(key=key, name=key.upper(), subject=subject, condition=condition)


def refused(raw: Any, kind: str = "account") -> tuple[str, str]:
    with pytest.raises(ConditionError) as refusal:
        parse(raw, subject=kind)
    return refusal.value.code, refusal.value.path


def test_a_segment_says_what_its_condition_says():
    save("sg2", X)
    inside, outside = world.account("a"), world.account("b")
    world.fact(inside)
    assert [verdict({"segment": "sg2"}, one) for one in (inside, outside)] == ["met", "not_met"]
    assert verdict({"not": {"segment": "sg2"}}, outside) == "met"


def test_who_cannot_be_judged_is_not_in():
    save("pro", {"trait": {"of": "account", "name": "plan", "eq": "pro"}})
    assert verdict({"segment": "pro"}, world.account()) == "not_met"


def test_a_stored_tree_keeps_what_the_segment_said_when_it_was_read():
    segment = save("sg2", X)
    pinned = dump(parse({"all": [{"segment": "sg2"}]}))
    before = segments_in({"entry": pinned})
    segment.condition = {"event": {"name": "y"}}
    segment.save()
    account = world.account()
    world.fact(account)
    assert verdict(pinned, account) == "met"
    assert verdict({"segment": "sg2"}, account) == "not_met"
    assert list(before) == ["sg2"]
    assert before != segments_in(dump(parse({"segment": "sg2"})))


def test_a_segment_inside_itself_is_refused():
    save("a", {"any": [X, {"segment": "b"}]})
    save("b", {"not": {"segment": "a"}})
    assert refused({"segment": "a"})[0] == "cycle"
    assert refused({"all": [X, {"segment": "b"}]})[1].startswith("all[1].segment")
    save("self", {"segment": "self"})
    assert refused({"segment": "self"})[0] == "cycle"


def test_a_segment_of_another_subject_is_refused():
    save("people", {"event": {"name": "x", "by": "self"}}, "contact")
    save("firms", X)
    assert refused({"segment": "people"}) == ("bad_subject", "segment")
    assert refused({"all": [X, {"segment": "firms"}]}, "contact") == (
        "bad_subject",
        "all[1].segment",
    )
    assert refused({"people": {"who": {"segment": "firms"}}}) == (
        "bad_subject",
        "people.who.segment",
    )
    parse({"people": {"who": {"segment": "people"}}}, subject="account")


def test_an_unknown_segment_is_refused_with_those_that_are_known():
    save("sg1", X)
    with pytest.raises(ConditionError) as refusal:
        parse({"segment": "sg9"})
    assert (refusal.value.code, refusal.value.allowed) == ("unknown_segment", ("sg1",))


def test_a_segment_that_is_about_to_be_stored_can_be_named():
    with segments_given({"new": ("New", "account", X)}):
        node = parse({"segment": "new"})
    account = world.account()
    world.fact(account)
    assert verdict(dump(node), account) == "met"


def test_inside_a_journey_a_segment_is_asked_of_its_own_noun():
    account = world.account()
    one, other = (world.contact(account, key) for key in "ab")
    world.fact(by=one)
    save("active", {"event": {"name": "x", "by": "self"}}, "contact")
    save("firms", X)
    save("contracts", {"stage": {"is": "one"}}, "subscription")
    for who, said in ((one, ["met", "met", "not_met"]), (other, ["not_met", "met", "not_met"])):
        mine = enrolled(account, who, None)
        found = [
            verdict({"segment": key}, mine, subject=ENROLLMENT)
            for key in ("active", "firms", "contracts")
        ]
        assert found == said
    ours = enrolled(account, None, None)
    assert verdict({"not": {"segment": "active"}}, ours, subject=ENROLLMENT) == "met"


def test_a_segment_of_a_person_is_asked_out_of_the_contract_it_stands_in():
    """The same answer everywhere: facts of another product count in it."""
    save("active", {"event": {"name": "x", "by": "self"}}, "contact")
    account = world.account()
    one = world.contact(account)
    world.fact(by=one, product="bbb")
    world.subscription(account, "aaa")
    assert verdict({"segment": "active"}, one, subject=CONTACT) == "met"
    assert verdict({"people": {"who": {"segment": "active"}}}, account) == "met"


def test_segments_may_name_segments_down_to_a_limit():
    save("s0", X)
    for number in range(1, 9):
        save(f"s{number}", {"all": [{"segment": f"s{number - 1}"}, X]})
    account = world.account()
    world.fact(account)
    assert verdict({"segment": "s5"}, account) == "met"
    assert refused({"segment": "s8"})[0] == "too_complex"
    save("wide", {"any": [X] * 49})
    assert refused({"any": [{"segment": "wide"}] * 11})[0] == "too_complex"


def test_explain_names_the_segment_and_shows_the_rows_behind_it():
    save("sg2", X)
    account = world.account()
    world.fact(account, at=ago(days=2))
    found = explain(parse({"segment": "sg2"}), [account.pk], asked(), ACCOUNT)[account.pk]
    assert found.found == {"segment": "sg2", "belongs": True}
    assert (found.count, found.rows[0]["at"]) == (1, ago(days=2))
    assert "SG2" in found.sentence
