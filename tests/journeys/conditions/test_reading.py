"""Reading and refusing: heads, fields and limits of the language (contracts 1, reliability 4.4)."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from journeys.conditions import ConditionError, check, dump, hash_of, parse, parse_yaml

X = {"event": {"name": "x"}}
DEEP: Any = X
for _level in range(6):
    DEEP = {"not": DEEP}

# raw, path, code, a word that is allowed there
REFUSED: list[tuple[Any, str, str, str]] = [
    # 50: unknown heads, fields and operators, with the place and the allowed words
    ({"evnt": {"name": "x"}}, "evnt", "unknown_head", "event"),
    ({"all": [X, {"event": {"name": "x", "count": {"more": 1}}}]},
     "all[1].event.count.more", "unknown_field", "gte"),
    ({"event": {"name": "x", "witin": "3d"}}, "event.witin", "unknown_field", "within"),
    ({"event": {}}, "event", "missing_field", "name"),
    ({"trait": {"of": "account", "name": "t", "regex": "(a+)+$"}},
     "trait.regex", "unknown_field", "starts_with"),
    ({"trait": {"of": "user", "name": "t", "eq": 1}}, "trait.of", "unknown_word", "contact"),
    ({"trait": {"of": "account", "name": "t"}}, "trait", "missing_field", "is_set"),
    ({"stage": {"is": "a", "was": "b"}}, "stage", "missing_field", "was"),
    ({"stage": {"is": "a", "since": "3d"}}, "stage.since", "unknown_field", "for_at_least"),
    ({"stage": {"was": "a", "for_at_least": "3d"}}, "stage.for_at_least", "conflict", ""),
    ({"event": {"name": "x", "by": "everyone"}}, "event.by", "unknown_word", "self"),
    ({"event": {"name": "x", "by": {"share": 0.5, "every": True}}},
     "event.by.every", "conflict", "share"),
    ({"all": [X], "any": [X]}, "", "one_head", "not"),
    ({}, "", "one_head", "at_least"),
    ("event", "", "wrong_type", ""), (None, "", "wrong_type", ""), ([X], "", "wrong_type", ""),
    # 51: too deep, too many
    (DEEP, "not.not.not.not.not.not", "too_complex", ""),
    ({"all": [X] * 50}, "all[49]", "too_complex", ""),
    ({"event": {"name": "x", "where": {str(n): n for n in range(21)}}},
     "event.where", "too_complex", ""),
    ({"event": {"name": "x", "where": {".".join("a" * 11): 1}}},
     "event.where." + ".".join("a" * 11), "too_complex", ""),
    # 53: types that cannot be meant
    ({"event": {"name": "x", "count": {"gte": "3"}}}, "event.count.gte", "wrong_type", ""),
    ({"event": {"name": "x", "count": {"gte": 1.5}}}, "event.count.gte", "wrong_type", ""),
    ({"event": {"name": "x", "count": {"gte": True}}}, "event.count.gte", "wrong_type", ""),
    ({"event": {"name": "x", "count": 3}}, "event.count", "wrong_type", "gte"),
    ({"event": {"name": ["x"]}}, "event.name", "wrong_type", ""),
    ({"event": {"name": "x", "where": {"k": None}}}, "event.where.k", "wrong_type", ""),
    ({"event": {"name": "x", "where": {"k": [1]}}}, "event.where.k", "wrong_type", ""),
    ({"event": {"name": "x", "where": {"k": {"in": "a"}}}}, "event.where.k.in", "wrong_type", ""),
    ({"event": {"name": "x", "where": {"k": {"starts_with": 1}}}},
     "event.where.k.starts_with", "wrong_type", ""),
    ({"event": {"name": "x", "where": {"k": {"is_set": "yes"}}}},
     "event.where.k.is_set", "wrong_type", "true"),
    ({"event": {"name": "x", "where": {"k": float("nan")}}}, "event.where.k", "out_of_range", ""),
    ({"event": {"name": "x", "where": {"k": 10**400}}}, "event.where.k", "out_of_range", ""),
    ({"event": {"name": "x", "where": {"k": "a\0"}}}, "event.where.k", "wrong_type", ""),
    # 54: empty lists and mappings are never "everybody"
    ({"all": []}, "all", "empty", ""), ({"any": []}, "any", "empty", ""),
    ({"at_least": {"n": 1, "of": []}}, "at_least.of", "empty", ""),
    ({"event": {"name": " "}}, "event.name", "empty", ""),
    ({"event": {"name": "x", "count": {}}}, "event.count", "empty", "eq"),
    ({"event": {"name": "x", "by": {}}}, "event.by", "empty", "role"),
    ({"people": {}}, "people", "empty", "who"),
    ({"trait": {"of": "account", "name": "t", "in": []}}, "trait.in", "empty", ""),
    # 56: a name is a name: fields of the language are an allow-list
    ({"user__password": {"eq": 1}}, "user__password", "unknown_head", "trait"),
    ({"__class__": 1}, "__class__", "unknown_head", "event"),
    ({"event": {"name": "x", "contact__person__user__password": 1}},
     "event.contact__person__user__password", "unknown_field", "where"),
    # 57: windows of 0 and of more than ten years
    ({"event": {"name": "x", "within": "0d"}}, "event.within", "bad_span", "14d"),
    ({"event": {"name": "x", "within": "1000000d"}}, "event.within", "bad_span", "20bd"),
    ({"event": {"name": "x", "within": "3654d"}}, "event.within", "bad_span", ""),
    ({"event": {"name": "x", "within": 14}}, "event.within", "bad_span", "2w"),
    ({"event": {"name": "x", "within": "-3d"}}, "event.within", "bad_span", ""),
    ({"stage": {"is": "a", "for_at_least": "0bd"}}, "stage.for_at_least", "bad_span", ""),
    # numbers out of reach
    ({"at_least": {"n": 3, "of": [X, X]}}, "at_least.n", "out_of_range", ""),
    ({"at_least": {"n": 0, "of": [X, X]}}, "at_least.n", "out_of_range", ""),
    ({"people": {"share": 1.1}}, "people.share", "out_of_range", ""),
    ({"people": {"share": -0.1}}, "people.share", "out_of_range", ""),
    ({"people": {"share": "60%"}}, "people.share", "wrong_type", ""),
    ({"people": {"every": False}}, "people.every", "out_of_range", "true"),
    ({"people": {"at_least": 0}}, "people.at_least", "out_of_range", ""),
    ({"event": {"name": "x", "count": {"gte": -1}}}, "event.count.gte", "out_of_range", ""),
    ({"event": {"name": "x", "count": {"gte": 10**30}}}, "event.count.gte", "out_of_range", ""),
    ({"event": {"name": "x" * 1001}}, "event.name", "out_of_range", ""),
    ({"event": {"name": "x", "distinct": "day@Mars"}}, "event.distinct", "unknown_zone", "day@UTC"),
    ({"event": {"name": "x", "distinct": "day@../etc"}}, "event.distinct", "unknown_zone", ""),
    # known, but it comes with the signals
    ({"signal": {}}, "signal", "not_available", ""),
    # fields that exclude each other
    ({"event": {"name": "x", "sum": "a", "distinct": "day"}}, "event.distinct", "conflict", ""),
    ({"event": {"name": "x", "every": "week", "within": "3d"}}, "event.within", "conflict", ""),
    ({"event": {"name": "x", "in_a_row": 3}}, "event.in_a_row", "conflict", "month"),
    ({"event": {"name": "x", "every": "year"}}, "event.every", "unknown_word", "week"),
    ({"event": {"name": "x", "every": "month", "in_a_row": 121}}, "event.in_a_row", "out_of_range", ""),
    ({"event": {"name": "x", "every": "month", "in_a_row": 0}}, "event.in_a_row", "out_of_range", ""),
    ({"event": {"name": "x", "sum": "a", "count": {"gte": "9"}}}, "event.count.gte", "wrong_type", ""),
    # date
    ({"date": {"of": "account", "name": "d"}}, "date", "missing_field", "between"),
    ({"date": {"of": "account", "name": "d", "before": "1d", "after": "1d"}}, "date",
     "missing_field", "before"),
    ({"date": {"of": "account", "name": "d", "before": "4h"}}, "date.before", "bad_span", "20bd"),
    ({"date": {"of": "account", "name": "d", "before": "0d"}}, "date.before", "bad_span", ""),
    ({"date": {"of": "account", "name": "d", "before": "-3d"}}, "date.before", "bad_span", ""),
    ({"date": {"of": "account", "name": "d", "after": "4000d"}}, "date.after", "bad_span", ""),
    ({"date": {"of": "account", "name": "d", "between": ["3d"]}}, "date.between", "wrong_type", ""),
    ({"date": {"of": "account", "name": "d", "between": ["3d", "-3d"]}}, "date.between",
     "out_of_range", ""),
    ({"date": {"of": "nobody", "name": "d", "before": "3d"}}, "date.of", "unknown_word", "account"),
    # message, journey, segment, ratio
    ({"message": {"journey": "j", "was": "opened"}}, "message.was", "unknown_word", "clicked"),
    ({"message": {"journey": "j", "was": "sent", "within": "0d"}}, "message.within", "bad_span", ""),
    ({"journey": {"key": "j", "status": "out"}}, "journey.status", "unknown_word", "holdout"),
    ({"journey": {"key": "j"}}, "journey", "missing_field", "status"),
    ({"segment": 3}, "segment", "wrong_type", ""),
    ({"ratio": {"of": {"event": {"name": "x"}}, "gte": 1}}, "ratio", "missing_field", "to"),
    ({"ratio": {"of": {"event": {"name": "x"}}, "to": {"stage": {"is": "a"}}, "gte": 1}},
     "ratio.to.stage", "unknown_field", "trait"),
    ({"ratio": {"of": {"event": {"name": "x", "count": {"gte": 1}}}, "to": {}, "gte": 1}},
     "ratio.of.event.count", "conflict", ""),
    ({"ratio": {"of": {"event": {"name": "x"}}, "to": {"event": {"name": "y"}}, "gte": "80%"}},
     "ratio.gte", "wrong_type", ""),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "path", "code", "word"), REFUSED)
def test_what_the_language_does_not_know_is_refused_where_it_stands(
    raw: Any, path: str, code: str, word: str
):
    with pytest.raises(ConditionError) as refusal:
        parse(raw)
    assert (refusal.value.path, refusal.value.code) == (path, code)
    assert refusal.value.field == path
    assert not word or word in refusal.value.allowed
    assert all(allowed in refusal.value.message for allowed in refusal.value.allowed)


def test_a_refusal_names_the_place_in_its_sentence():
    with translation.override("en"), pytest.raises(ConditionError) as refusal:
        parse({"all": [X, {"event": {"name": "x", "count": {"gt": "a"}}}]})
    assert str(refusal.value) == "all[1].event.count.gt: A whole number is needed here."


# raw, subject, path
MISFITS = [
    ({"event": {"name": "x", "by": "self"}}, "account", "event.by"),
    ({"not": {"event": {"name": "x", "by": "self"}}}, "subscription", "not.event.by"),
    (
        {"any": [X, {"trait": {"of": "contact", "name": "t", "eq": 1}}]},
        "account",
        "any[1].trait.of",
    ),
    ({"event": {"name": "x", "within": "stage"}}, "contact", "event.within"),
    ({"event": {"name": "x", "within": "enrollment"}}, "subscription", "event.within"),
    (
        {"people": {"who": {"event": {"name": "x", "within": "enrollment"}}}},
        "account",
        "people.who.event.within",
    ),
]


@pytest.mark.parametrize(("raw", "subject", "path"), MISFITS)
def test_a_question_that_does_not_fit_its_subject_is_refused(raw: Any, subject: str, path: str):
    with pytest.raises(ConditionError) as refusal:
        parse(raw, subject=subject)
    assert (refusal.value.path, refusal.value.code) == (path, "bad_subject")


def test_a_question_that_fits_is_taken():
    check(parse({"event": {"name": "x", "by": "self"}}), "contact")
    check(parse({"event": {"name": "x", "within": "enrollment"}}), "enrollment")
    check(parse({"event": {"name": "x", "within": "stage", "product": "aaa"}}), "account")
    check(parse({"people": {"who": {"event": {"name": "x", "by": "self"}}}}), "account")


def test_limits_are_what_an_author_may_reach():
    five: Any = X
    for _level in range(5):
        five = {"not": five}
    parse(five)
    parse({"all": [X] * 49})
    parse({"all": [X] * 60}, whole=False)  # put together by the house, of conditions read before


def test_yaml_is_read_as_core_so_that_no_and_on_and_dates_stay_text():
    node = parse_yaml(
        "event: {name: on, where: {a: no, b: 2026-05-11, c: 1_000, d: 0o17, e: true}}"
    )
    where = {"a": "no", "b": "2026-05-11", "c": "1_000", "d": 15, "e": True}
    assert dump(node) == {"event": {"name": "on", "where": where, "by": "account"}}


@pytest.mark.parametrize(
    "text",
    [
        "event: {name: x, name: y}", '{"event": {"name": "x", "name": "y"}}',
        "all: [&a {event: {name: x}}, *a]", "event: &a {name: x}", "event: {name: x",
        "event: {name: x}\n---\nevent: {name: y}", '{"event": {"name": "x", "where": {"k": NaN}}}',
        "event: {name: x, where: {k: " + "9" * 5000 + "}}", "", "- 1", "[" * 9000, "{" * 9000,
        '{"a":' * 5000, "event: {name: x, where: {? [1] : 2}}", "\x00",
    ],
)  # fmt: skip
def test_yaml_that_is_not_ours_is_refused_and_never_a_traceback(text: str):
    with pytest.raises(ConditionError):
        parse_yaml(text)


def test_more_than_32_kilobytes_are_refused():
    with pytest.raises(ConditionError) as refusal:
        parse_yaml("event: {name: x}\n" + "#" * 32_000)
    assert refusal.value.code == "too_complex"


def test_json_with_tabs_is_read():
    assert dump(parse_yaml('{\t"event":\t{"name": "\\ud83d\\ude00"}}')) == {
        "event": {"name": "😀", "by": "account"}
    }


def test_names_and_texts_are_kept_in_nfc():
    decomposed, composed = "か\u3099", "が"
    raw = {"event": {"name": decomposed, "where": {decomposed: decomposed}}}
    assert dump(parse(raw)) == {
        "event": {"name": composed, "where": {composed: composed}, "by": "account"}
    }


# two spellings of one condition
SPELLINGS = [
    ({"event": {"name": "x"}}, {"event": {"by": "account", "count": {"gte": 1}, "name": "x"}}),
    ({"event": {"name": "x", "where": {"a": 1, "b": 2}}},
     {"event": {"where": {"b": {"eq": 2.0}, "a": {"eq": 1}}, "name": "x"}}),
    ({"people": {"role": "admin"}}, {"people": {"at_least": 1, "role": "admin"}}),
    ({"trait": {"of": "account", "name": "t", "gte": 1, "lt": 5}},
     {"trait": {"lt": 5, "gte": 1, "name": "t", "of": "account"}}),
    ({"event": {"name": "x", "where": {}}}, {"event": {"name": "x", "assume_history": False}}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_one_meaning_has_one_stored_spelling_and_one_hash(one: Any, other: Any):
    assert dump(parse(one)) == dump(parse(other))
    assert hash_of(parse(one)) == hash_of(parse(other))
    assert dump(parse(dump(parse(one)))) == dump(parse(one))


def test_true_and_one_are_different_conditions():
    one, true = ({"trait": {"of": "account", "name": "t", "eq": value}} for value in (1, True))
    assert hash_of(parse(one)) != hash_of(parse(true))
    assert dump(parse(true))["trait"]["eq"] is True
