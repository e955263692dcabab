"""Merge fields: I38 and numbers 68–75 of the bad-input catalogue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from journeys.messages import liquid
from journeys.messages.liquid import BadTemplate, MissingValue

DECLARED = {"name", "steps", "count"}
VALUES: dict[str, Any] = {"name": "岡野", "steps": ["承認", "名簿"], "count": 2}


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def test_declared_fields_are_filled_and_named() -> None:
    text = "{{ name }} 様{% for step in steps %}・{{ step }}{% endfor %}"

    assert liquid.check(text, DECLARED) == {"name", "steps"}
    assert liquid.fill(text, VALUES, in_html=False) == "岡野 様・承認・名簿"


@pytest.mark.parametrize(
    "text",
    [
        "{{ customer.groups.source_field.opts.app_config.module.admin.settings.SECRET_KEY }}",
        "{{ name.__class__ }}",
        "{{ name.clear }}",
        "{{ steps[0] }}",
        "{% for step in steps %}{{ step.pop }}{% endfor %}",
        "{% include 'base.html' %}",
        "{% render 'base.html' %}",
        "{% extends 'base.html' %}",
        "{% load static %}",
        "{% assign x = name %}",
        "{% capture x %}{% endcapture %}",
        "{% liquid echo name %}",
        "{% raw %}{{ secret }}{% endraw %}",
        "{{ name | safe }}",
        "{{ name | ljust: 200000000 }}",
        "{{ name | base64_decode }}",
        "{{ unknown }}",
        "{{ name",
        "{% for step in steps %}",
    ],
)
def test_i38_an_author_gets_at_nothing_but_declared_values(text: str) -> None:
    with pytest.raises(BadTemplate) as refused:
        liquid.check(text, DECLARED)

    assert settings.SECRET_KEY not in str(refused.value)
    assert str(refused.value)


def test_an_unknown_field_is_named_with_the_allowed_ones() -> None:
    with pytest.raises(BadTemplate, match=r"unknown merge field “nmae”; allowed are: count, name"):
        liquid.check("{{ nmae }}", DECLARED)


def test_i38_an_endless_text_stops_in_time() -> None:
    loops = "{% for a in (1..9999) %}{% for b in (1..9999) %}{{ name }}{% endfor %}{% endfor %}"
    began = time.monotonic()

    with pytest.raises(BadTemplate):
        liquid.fill(loops, VALUES, in_html=False)

    assert time.monotonic() - began < 2


@pytest.mark.parametrize("values", [{}, {"name": None}, {"name": ""}])
def test_r46_a_missing_value_is_named_and_never_reads_none(values: dict[str, Any]) -> None:
    with pytest.raises(MissingValue) as missing:
        liquid.fill("{{ name }} 様", values, in_html=False)

    assert missing.value.name == "name"


def test_an_author_may_say_what_to_write_instead() -> None:
    text = "{% if name %}{{ name }}{% else %}皆さま{% endif %}{{ name | default: '皆さま' }}"

    assert liquid.fill(text, {}, in_html=False) == "皆さま皆さま"


def test_a_value_is_never_compiled_and_is_escaped_by_its_place() -> None:
    values = {"name": "{{ 7 | times: 7 }}<b>&\r\nBcc: x@y.example"}

    assert "{{ 7 | times: 7 }}<b>&" in liquid.fill("{{ name }}", values, in_html=False)
    assert "&lt;b&gt;&amp;" in liquid.fill("{{ name }}", values, in_html=True)
    assert liquid.fill_line("{{ name }}", values) == "{{ 7 | times: 7 }}<b>& Bcc: x@y.example"


def test_75_a_value_of_ten_kilobytes_is_cut() -> None:
    filled = liquid.fill("{{ name }}", {"name": "あ" * 10_000}, in_html=False)

    assert (len(filled), filled[-1]) == (liquid.LONGEST_VALUE, "…")


@given(st.text(max_size=200))
def test_a_subject_is_one_line_whatever_the_value(value: str) -> None:
    try:
        filled = liquid.fill_line("[{{ name }}]", {"name": value})
    except MissingValue:
        assert value == ""
    else:
        assert "\n" not in filled
        assert "\r" not in filled
