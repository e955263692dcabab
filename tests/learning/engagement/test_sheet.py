"""K5, 4.2.32: the sheet opens in Japanese Excel, explains itself, and runs nothing."""

from __future__ import annotations

import csv
import io

import pytest
from django.utils import translation

from learning.engagement import sheet
from tests.learning.engagement import build
from tests.learning.engagement.conftest import NOW


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_it_begins_with_a_bom_and_ends_its_lines_as_windows_does():
    text = sheet.text([["題名", "対象"], ["承認ルートは2段から", 43]])
    assert text.encode() == "\ufeff題名,対象\r\n承認ルートは2段から,43\r\n".encode()


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "|", "%"])
@pytest.mark.parametrize("before", ["", " ", "\t", "\r", "\n", "\u3000", "\ufeff"])
def test_no_cell_begins_like_a_formula(before, sign):
    [[cell]] = cells(sheet.text([[f"{before}{sign}HYPERLINK(1)"]]))
    assert cell[0] == "'"


@pytest.mark.parametrize("cell", ["承認ルートは2段から", "—", "62%", "A=B", "", "(=1)"])
def test_other_cells_stay_as_they_are(cell):
    assert cells(sheet.text([[cell, "x"]])) == [[cell, "x"]]


def test_commas_quotes_and_line_breaks_stay_inside_their_cell():
    odd = 'A,"B"\r\nC'
    assert cells(sheet.text([[odd, 1]])) == [[odd, "1"]]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_its_second_row_says_what_each_column_counts(hub, language):
    with translation.override(language):
        header, means, *lines = sheet.rows(hub.report(), "", "")
    named = dict(zip(header, means, strict=True))
    assert len(named) == len(header)  # no two columns of one name
    assert [len(line) for line in lines] == [len(header)] * 2
    assert sum(bool(text) for text in named.values()) == len(header) - 2


def test_no_personal_data_is_in_it(hub):
    contact = hub.admin(
        hub.company("株式会社みなと製菓"), "岡野 里美", email="okano@minato.example"
    )
    build.view(contact, hub.lesson, NOW)
    text = sheet.text(sheet.rows(hub.report(), "", ""))
    assert [word for word in ("岡野", "okano", "みなと製菓") if word in text] == []
