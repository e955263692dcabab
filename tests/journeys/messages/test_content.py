"""One content model makes both twins of a letter (R52)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeys.messages import content


def html(text: str) -> str:
    return content.as_html(content.blocks(text), lambda tag: tag, paragraph="", items="")


def text(written: str) -> str:
    return content.tidy(content.as_text(content.blocks(written)))


def test_paragraphs_lists_and_bold() -> None:
    written = "はじめに\nつづき\n\n- **一つ**\n- 二つ\nおわりに"

    assert html(written).replace(' style=""', "") == (
        "<p>はじめに<br />つづき</p><ul><li><b>一つ</b></li><li>二つ</li></ul><p>おわりに</p>"
    )
    assert text(written) == "はじめに\nつづき\n\n・一つ\n・二つ\n\nおわりに\n"


def test_a_loop_makes_list_items_and_conditions_keep_their_paragraphs() -> None:
    loop = "{% for item in remaining_list %}- {{ item }}\n{% endfor %}"
    condition = "{% if count > 2 %}\n\nまだ{{ count }}項目\n\n{% endif %}"

    assert html(loop) == (
        '<ul style="">{% for item in remaining_list %}<li>{{ item }}</li>{% endfor %}</ul>'
    )
    assert html(condition) == '{% if count > 2 %}<p style="">まだ{{ count }}項目</p>{% endif %}'


def test_what_an_author_writes_is_text_not_markup() -> None:
    assert html('<b onclick="x">&') == '<p style="">&lt;b onclick="x"&gt;&amp;</p>'


@given(st.text(alphabet="あいう、。（）「」ab 1-", max_size=120))
def test_folding_loses_nothing_and_begins_no_line_with_a_stop(line: str) -> None:
    rows = content.fold(line, 20).split("\n")

    assert re.sub(r"\s", "", "".join(rows)) == re.sub(r"\s", "", line)
    assert not any(row and row[0] in "、。）」" for row in rows[1:])


@pytest.mark.parametrize("line", ["https://learn.example/" + "x" * 90, "短い行"])
def test_folding_leaves_addresses_and_short_lines_alone(line: str) -> None:
    assert content.fold(line, 42) == line
