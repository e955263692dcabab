"""R45: how a letter addresses its reader, as a table."""

from __future__ import annotations

import pytest

from journeys.messages.salutation import company_name, family_name, lines

MINATO = "株式会社みなと製菓"


@pytest.mark.parametrize(
    ("company", "department", "title", "name", "expected"),
    [
        (MINATO, "管理部", "主任", "岡野 里美", (MINATO, "管理部 主任", "岡野 里美 様")),
        (MINATO, "", "", "岡野　里美", (MINATO, "岡野 里美 様")),
        (MINATO, "管理部", "", "岡野 里美", (MINATO, "管理部", "岡野 里美 様")),
        (MINATO, "", "主任", "岡野 里美", (MINATO, "主任", "岡野 里美 様")),
        ("", "", "", "岡野 里美", ("岡野 里美 様",)),
        # nobody's name: ご担当者様
        (MINATO, "", "", "", (f"{MINATO} ご担当者様",)),
        (MINATO, "", "", "None", (f"{MINATO} ご担当者様",)),
        (MINATO, "", "", "様", (f"{MINATO} ご担当者様",)),
        (MINATO, "経理部", "", "未設定", (MINATO, "経理部 ご担当者様")),
        ("", "", "", "", ("ご担当者様",)),
        ("null", "", "", "nan", ("ご担当者様",)),
        # no 様様
        (MINATO, "", "", "岡野 里美 様", (MINATO, "岡野 里美 様")),
        (MINATO, "", "", "岡野様 様", (MINATO, "岡野 様")),
        (MINATO, "", "", "岡野さん", (MINATO, "岡野 様")),
        # 御中 for organisations only; 服部 and 阿部 are people
        (MINATO, "", "", "経理部", (MINATO, "経理部 御中")),
        (MINATO, "", "", "お客様窓口", (MINATO, "お客様窓口 御中")),
        (MINATO, "", "", "服部", (MINATO, "服部 様")),
        (MINATO, "", "", "阿部 部", (MINATO, "阿部 部 様")),
        # 株式会社 once
        ("株式会社株式会社みなと製菓", "", "", "岡野", (MINATO, "岡野 様")),
        ("（株）みなと製菓", "", "", "岡野", (MINATO, "岡野 様")),
        ("㈱みなと製菓", "", "", "岡野", (MINATO, "岡野 様")),
        ("みなと製菓(株)", "", "", "岡野", ("みなと製菓株式会社", "岡野 様")),
        ("有限会社みなと", "", "", "岡野", ("有限会社みなと", "岡野 様")),
        # what a header or a second line could be smuggled in with
        (MINATO, "", "", "岡野\r\nBcc: x@y", (MINATO, "岡野 Bcc: x@y 様")),
    ],
)
def test_r45_a_letter_addresses_its_reader(
    company: str, department: str, title: str, name: str, expected: tuple[str, ...]
) -> None:
    found = lines(company, department, title, name, "ja")

    assert found == expected
    assert "None" not in "".join(found)
    assert "様様" not in "".join(found)


@pytest.mark.parametrize(
    ("company", "name", "expected"),
    [
        ("Minato Ltd", "Satomi Okano", ("Dear Satomi Okano,",)),
        ("Minato Ltd", "", ("Dear Minato Ltd team,",)),
        ("", "None", ("Dear customer,",)),
    ],
)
def test_r45_in_english(company: str, name: str, expected: tuple[str, ...]) -> None:
    assert lines(company, "Finance", "Manager", name, "en") == expected


def test_a_company_keeps_its_form_where_it_stands() -> None:
    assert company_name("株式会社 みなと 株式会社") == "株式会社みなと"
    assert company_name("みなとホールディングス") == "みなとホールディングス"
    assert company_name("株式会社") == ""


def test_a_sender_names_the_family_and_a_desk_itself() -> None:
    assert (family_name("水沢 真帆"), family_name("サポート")) == ("水沢", "サポート")
