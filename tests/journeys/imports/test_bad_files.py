"""Files as they really come, by their numbers in the catalogue of bad input (4.2, 28–33)."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import time_machine

from journeys import imports
from journeys.imports import values
from journeys.models import (
    Account,
    Contact,
    Receipt,
)
from tests.cast import at
from tests.journeys.imports.files import MINATO, NAMES, cells, run, sheet

pytestmark = pytest.mark.django_db
NOW = at("2026-06-01T11:00")
FACTS = "account_id,contact_id,name,occurred_at,properties.x"


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def nothing_written() -> bool:
    return not (Account.objects.exists() or Contact.objects.exists() or Receipt.objects.exists())


# --- 28: character sets ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("cp932", "cp932"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-8", "utf-8"),
    ],
)
def test_28_the_character_set_of_excel_is_detected_and_told(encoding: str, found: str) -> None:
    file = imports.open_file(sheet(MINATO).encode(encoding), "customers", NOW)
    assert file.encoding == found
    group = file.checked.entries[0].calls[0]
    assert group["traits"]["name"] == "株式会社みなと製菓①"


def test_28_the_character_set_can_be_said(tmp_path: Path) -> None:
    content = sheet(MINATO).encode("cp932")
    assert run(tmp_path, "customers", content, "--encoding", "utf-8").code == 2
    assert run(tmp_path, "customers", content, "--encoding", "cp932").code == 0


def test_28_bytes_of_no_character_set_are_refused(tmp_path: Path) -> None:
    said = run(tmp_path, "customers", b"account_id,account_name\n1,\x81\xff\xfd\n")
    assert (said.code, nothing_written()) == (2, True)
    assert "CP932" in said.err


# --- 29: headers ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("id,name,when", "missing_column"),
        ("account_id,account_name,account_name", "duplicate_column"),
        ("株式会社,みなと製菓,okano", "missing_column"),
    ],
)
def test_29_a_wrong_header_is_refused_with_row_1_quoted(
    tmp_path: Path, header: str, code: str
) -> None:
    said = run(tmp_path, "customers", f"{header}\n1,2,3\n", "--format", "json")
    problems = json.loads(said.err)["problems"]
    assert (said.code, nothing_written()) == (2, True)
    assert code in {problem["code"] for problem in problems}
    assert problems[-1]["row"] == 1
    assert header in problems[-1]["message"]


@pytest.mark.parametrize("content", ["", "\n\n", NAMES, NAMES + "\n\n"])
def test_29_a_file_without_rows_is_refused(tmp_path: Path, content: str) -> None:
    assert run(tmp_path, "customers", content).code == 2


def test_29_a_column_nobody_knows_is_a_warning(tmp_path: Path) -> None:
    """R104: unknown field = warning."""
    said = run(tmp_path, "customers", sheet("a1,x", header="account_id,備考"))
    assert (said.code, Account.objects.count()) == (0, 1)
    assert "備考" in said.err


# --- 30: separators -------------------------------------------------------------------------------
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_30_the_separator_is_detected(separator: str, end: str) -> None:
    content = sheet(MINATO).replace(",", separator).replace("\n", end).encode()
    file = imports.open_file(content, "customers", NOW)
    assert [entry.email for entry in file.checked.entries] == ["okano@minato.example"]


def test_30_a_separator_inside_quotes_is_none() -> None:
    content = '"account_id","account_name"\n"a1","みなと, ""本店""; 東京"\n'
    file = imports.open_file(content.encode(), "customers", NOW)
    assert file.checked.entries[0].calls[0]["traits"]["name"] == 'みなと, "本店"; 東京'


# --- 31: broken rows ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("row", "code"),
    [
        ('a2,"みなと', "bad_csv"),
        ("a2," + "x" * 1_000_000, "too_long"),
        ("a2," + "x" * 40_000, "too_long"),
        ("a2,x,y", "too_many_cells"),
    ],
)
def test_31_a_broken_row_is_an_error_with_its_number(tmp_path: Path, row: str, code: str) -> None:
    said = run(
        tmp_path,
        "customers",
        sheet("a1,x", row, header="account_id,account_name"),
        "--format",
        "json",
    )
    found = [(p["code"], p["row"]) for p in json.loads(said.err)["problems"]]
    assert (said.code, found, nothing_written()) == (2, [(code, 3)], True)


def test_31_a_workbook_that_is_none_is_refused(tmp_path: Path) -> None:
    assert run(tmp_path, "customers", b"PK\x03\x04 nonsense").code == 2
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml", "<a")
    assert run(tmp_path, "customers", stream.getvalue()).code == 2
    assert nothing_written()


def test_31_a_character_that_cannot_be_kept_is_an_error_with_its_row(tmp_path: Path) -> None:
    said = run(tmp_path, "customers", sheet("a1,a\0b", header="account_id,account_name"))
    assert (said.code, "2行目" in said.err) == (2, True)


# --- 32: what a spreadsheet would run ---------------------------------------------------------------
FORMULAS = [
    '=HYPERLINK("http://evil.example")',
    "+81-3-0000-0000",
    "-1+1",
    "@SUM(A1)",
    "＝1+1",
    "＋1",
    "－1",
    "＠A1",
]


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("as_workbook", [False, True])
def test_32_what_could_be_a_formula_is_stored_as_text(
    tmp_path: Path, text: str, as_workbook: bool
) -> None:
    quoted = '"' + text.replace('"', '""') + '"'
    content: str | bytes = sheet(f"a1,{quoted}", header="account_id,account_memo")
    if as_workbook:
        content = text_workbook(cells(str(content)))
    assert run(tmp_path, "customers", content).code == 0
    assert Account.objects.get().traits["memo"] == text


def text_workbook(rows: list[list[str]]) -> bytes:
    """All cells texts, also those a spreadsheet would take for formulas."""
    from openpyxl import Workbook  # noqa: PLC0415

    book = Workbook()
    for number, row in enumerate(rows, start=1):
        for place, value in enumerate(row, start=1):
            cell = book.active.cell(row=number, column=place)
            cell.value = value
            cell.data_type = "s"
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("30", 30), ("-3", -3), ("2.5", 2.5), ("0", 0), ("true", True), ("FALSE", False),
        ("007", "007"), ("+81", "+81"), ("1e5", "1e5"), ("12345678901234567", "12345678901234567"),
        ("1,000", "1,000"), ("03-1234-5678", "03-1234-5678"), ("NaN", "NaN"), ("３", "３"),
    ],
)  # fmt: skip
def test_32_a_number_is_a_number_and_a_code_stays_a_text(text: str, value: Any) -> None:
    found = values.typed(text)
    assert (found, type(found)) == (value, type(value))


# --- 33: size -------------------------------------------------------------------------------------
def test_33_a_file_that_is_too_large_is_refused_before_it_is_read(
    tmp_path: Path, settings: Any
) -> None:
    settings.IMPORT_MAX_BYTES = 1_000_000
    said = run(tmp_path, "customers", b"x" * 1_000_001)
    assert (said.code, "1 MB" in said.err) == (2, True)


def test_33_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 100_000
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 5_000_000)
    assert len(stream.getvalue()) < 10_000
    said = run(tmp_path, "customers", stream.getvalue())
    assert (said.code, "MB" in said.err) == (2, True)
