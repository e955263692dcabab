"""Contracts 3, the row of the import commands, sentence by sentence."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine

from journeys import engine
from journeys.calendars import days_at
from journeys.models import (
    Account,
    Contact,
    Enrollment,
    Event,
    Membership,
    Message,
    NextScenario,
    Receipt,
    Stage,
    StageTransition,
    Subscription,
    TraitChange,
)
from tests.cast import at, open_vendor, say
from tests.journeys.imports.files import MINATO, NAMES, Said, cells, run, sheet, workbook

pytestmark = pytest.mark.django_db
NOW = at("2026-06-01T11:00")
PLACED = "ac1,みなと製菓,okano,okano@minato.example,admin,app,2026-04-01,settle,2026-05-11"


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def vendor(db: None) -> None:
    open_vendor(NOW - timedelta(days=90))


def customers(tmp_path: Path, *rows: str, options: tuple[str, ...] = (), **more: Any) -> Said:
    return run(tmp_path, "customers", sheet(*rows, **more), *options)


# --- what may come --------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_a_csv_may_be_utf_8_or_cp932(tmp_path: Path, encoding: str) -> None:
    said = run(tmp_path, "customers", sheet(MINATO).encode(encoding))
    assert (said.code, Account.objects.get().name) == (0, "株式会社みなと製菓①")


def test_a_file_may_be_xlsx(tmp_path: Path) -> None:
    said = run(tmp_path, "customers", workbook(cells(sheet(MINATO))), name="customers.xlsx")
    assert (said.code, Contact.objects.get().email) == (0, "okano@minato.example")


def test_numbers_and_days_of_a_workbook_are_numbers_and_days(tmp_path: Path) -> None:
    header = ["account_id", "product", "started_on", "mrr", "account_seats", "account_since"]
    rows: list[list[Any]] = [header, [101, "app", date(2026, 4, 1), 1200000, 30, date(2020, 1, 2)]]
    assert run(tmp_path, "customers", workbook(rows)).code == 0
    account, contract = Account.objects.get(), Subscription.objects.get()
    assert (account.external_id, account.traits["seats"]) == ("101", 30)
    assert (account.traits["since"], contract.mrr) == ("2020-01-02", Decimal(1200000))
    assert contract.started_at == at("2026-04-01T00:00")


# --- customers ------------------------------------------------------------------------------------
def test_every_column_of_a_customer_finds_its_place(tmp_path: Path) -> None:
    header = (
        "account_id,account_name,account_kana,account_seats,contact_id,email,role,contact_name,"
        "contact_lang,product,started_on,renewal_on,mrr,subscription_plan"
    )
    row = (
        "ac1,みなと製菓,ミナトセイカ,30,okano,okano@minato.example,admin;approver,岡野 里美,ja,"
        'app,2026/4/1,2027年4月1日,"1,200,000",pro'
    )
    assert customers(tmp_path, row, header=header).code == 0
    account, contact, contract = (
        Account.objects.get(),
        Contact.objects.get(),
        Subscription.objects.get(),
    )
    assert (account.name, account.kana, account.traits["seats"]) == (
        "みなと製菓",
        "ミナトセイカ",
        30,
    )
    assert (contact.name, contact.email, contact.account) == (
        "岡野 里美",
        "okano@minato.example",
        account,
    )
    assert contact.traits["lang"] == "ja"
    roles = Membership.objects.exclude(role="").values_list("role", flat=True)
    assert set(roles) == {"admin", "approver"}
    assert (str(contract.renewal_on), contract.mrr) == ("2027-04-01", Decimal(1200000))
    assert (contract.product.key, contract.traits["plan"]) == ("app", "pro")
    assert contract.started_at == at("2026-04-01T00:00")


def test_one_row_is_one_contact_times_product(tmp_path: Path) -> None:
    said = customers(
        tmp_path,
        "ac1,みなと,okano,o@x.example,admin,app,2026-04-01,,",
        "ac1,みなと,okano,o@x.example,admin,pay,2026-05-01,,",
        "ac1,みなと,sato,s@x.example,approver,app,2026-04-01,,",
    )
    assert said.code == 0, said.err
    assert (Account.objects.count(), Contact.objects.count()) == (1, 2)
    assert set(Subscription.objects.values_list("product__key", flat=True)) == {"app", "pay"}


def test_empty_cells_change_nothing(tmp_path: Path) -> None:
    customers(tmp_path, MINATO)
    changes = TraitChange.objects.count()
    assert customers(tmp_path, "ac1,,okano,,,,,,").code == 0
    contact = Contact.objects.get()
    assert (contact.email, Account.objects.get().name) == (
        "okano@minato.example",
        "株式会社みなと製菓①",
    )
    assert TraitChange.objects.count() == changes


# --- placed mid-way -------------------------------------------------------------------------------
def test_a_subscription_is_placed_in_the_stage_since_the_day_it_entered_it(
    tmp_path: Path, vendor: None
) -> None:
    assert customers(tmp_path, PLACED).code == 0
    contract = Subscription.objects.select_related("stage").get()
    entered = at("2026-05-11T00:00")
    assert contract.stage is not None
    assert (contract.stage.key, contract.stage_entered_at) == ("settle", entered)
    # 20 business days from the start of the contract
    days = days_at(NOW)
    assert contract.stage_due_on == days.add(days.local_date(at("2026-04-01T00:00")), 20)
    move = StageTransition.objects.get()
    assert (move.cause, move.to_stage, move.effective_at, move.decided_at, move.due_on) == (
        "import", "settle", entered, NOW, contract.stage_due_on,
    )  # fmt: skip


def test_a_stage_may_be_called_by_its_name(tmp_path: Path, vendor: None) -> None:
    assert customers(tmp_path, PLACED.replace("settle", "定着")).code == 0
    assert StageTransition.objects.get().to_stage == "settle"


def test_a_subscription_placed_in_a_stage_starts_no_journey(tmp_path: Path, vendor: None) -> None:
    said = customers(tmp_path, PLACED.replace("settle", "begin"))
    assert said.code == 0, said.err
    assert said.out.splitlines()[-1] == "これで送られるメッセージ：0通"
    for hours in (0, 24, 48, 24 * 14):
        engine.tick(NOW + timedelta(hours=hours))
    assert not Enrollment.objects.filter(status="in").exists()
    assert Message.objects.count() == 0


def test_unless_asked_and_then_the_report_says_how_many_messages_will_go(
    tmp_path: Path, vendor: None
) -> None:
    rows = [
        PLACED.replace("settle", "begin"),
        PLACED.replace("settle", "begin").replace("ac1", "ac2").replace("okano", "sato"),
    ]
    dry = customers(tmp_path, *rows, options=("--dry-run", "--start-journeys"))
    assert dry.out.splitlines()[-1] == "これで送られるメッセージ：4通"  # two people, two journeys
    assert Account.objects.count() == 0
    said = customers(tmp_path, *rows, options=("--start-journeys",))
    assert said.out.splitlines()[-1] == "これで送られるメッセージ：4通"
    engine.tick(NOW)
    assert Enrollment.objects.filter(status="in").count() == 4


@pytest.mark.parametrize("asked", [False, True])
def test_a_contract_without_a_stage_begins_its_route_and_says_nothing_unless_asked(
    tmp_path: Path, vendor: None, asked: bool
) -> None:
    """What the report says is what goes: nobody is mailed by a file that was only brought in."""
    rows = [
        f"ac{n % 150},みなと,u{n},u{n}@minato.example,admin,app,2026-05-25,," for n in range(300)
    ]
    said = customers(tmp_path, *rows, options=("--start-journeys",) if asked else ())
    assert said.out.splitlines()[-1] == f"これで送られるメッセージ：{600 * asked}通"
    assert set(Subscription.objects.values_list("stage__key", flat=True)) == {"begin"}
    engine.tick(NOW)
    assert Enrollment.objects.filter(status="in").count() == 600 * asked
    assert Message.objects.exists() == asked


def test_who_was_placed_is_silent_only_as_long_as_they_match(tmp_path: Path, vendor: None) -> None:
    """The next match is a match like any other."""
    customers(tmp_path, PLACED.replace("settle", "begin"))
    assert Enrollment.objects.filter(status="out").count() == 2
    say(NOW, {"type": "track", "userId": "okano", "event": "goal.set"})
    engine.tick(NOW + timedelta(minutes=5))
    engine.tick(NOW + timedelta(minutes=10))
    assert StageTransition.objects.get(cause="criteria").to_stage == "settle"
    assert not Enrollment.objects.filter(status="out").exists()


def test_a_deadline_that_was_over_before_the_import_leads_on_to_nothing(
    tmp_path: Path, vendor: None
) -> None:
    Stage.objects.filter(key="settle").update(next_scenario={"failure": "welcome"})
    late = PLACED.replace("2026-04-01", "2026-01-05")
    assert customers(tmp_path, late).code == 0
    due = Subscription.objects.get().stage_due_on
    assert due is not None
    assert due < date(2026, 6, 1)
    engine.tick(NOW + timedelta(days=1))
    assert list(NextScenario.objects.values_list("outcome", flat=True)) == ["import"]
    assert not Enrollment.objects.filter(status="in").exists()


def test_a_customer_already_on_the_way_is_not_disturbed_by_the_same_stage(
    tmp_path: Path, vendor: None
) -> None:
    customers(tmp_path, PLACED)
    customers(tmp_path, PLACED.replace("みなと製菓", "みなと製菓2"))
    assert StageTransition.objects.count() == 1


# --- facts ----------------------------------------------------------------------------------------
FACTS = "account_id,contact_id,name,occurred_at,properties.amount,properties.plan"


def test_facts_have_account_contact_name_moment_and_properties(tmp_path: Path) -> None:
    say(NOW, {"type": "group", "groupId": "ac1", "userId": "okano"})
    said = run(
        tmp_path,
        "facts",
        sheet(
            "ac1,okano,invoice.created,2026-05-11T10:00:00+09:00,30,pro",
            "ac1,,invoice.created,2026-05-12 09:30,2.5,",
            header=FACTS,
        ),
    )
    assert said.code == 0, said.err
    one, other = Event.objects.order_by("occurred_at")
    account = Account.objects.get()
    assert (one.account, one.contact, one.properties) == (
        account,
        Contact.objects.get(),
        {"amount": 30, "plan": "pro"},
    )
    assert one.occurred_at == datetime(2026, 5, 11, 1, tzinfo=UTC)
    assert (other.account, other.contact, other.properties) == (account, None, {"amount": 2.5})
    assert other.occurred_at == at("2026-05-12T09:30")
    assert {one.received_at, other.received_at} == {NOW}


def test_two_rows_that_say_the_same_are_two_facts(tmp_path: Path) -> None:
    row = "ac1,okano,login,2026-05-11 10:00,,"
    run(tmp_path, "facts", sheet(row, row, header=FACTS))
    assert Event.objects.count() == 2


# --- dry run, mistakes ----------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["customers", "facts"])
def test_a_dry_run_says_what_it_would_do_and_writes_nothing(
    tmp_path: Path, vendor: None, kind: str
) -> None:
    content = {
        "customers": sheet(PLACED),
        "facts": sheet("ac1,okano,login,2026-05-11 10:00,,", header=FACTS),
    }[kind]
    said = run(tmp_path, kind, content, "--dry-run", "--format", "json")
    report = json.loads(said.out)
    assert (said.code, report["dry_run"], report["fresh"], report["messages"]) == (0, True, 1, 0)
    assert report["new_accounts"] == 1
    assert report["stages"] == ({"定着": 1} if kind == "customers" else {})
    assert (Account.objects.count(), Event.objects.count(), Receipt.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (",みなと,okano,o@x.example,,app,,,", "3行目、account_id"),
        ("ac2,みなと,okano2,no address,,app,,,", "3行目、email"),
        ("ac2,みなと,,a@x.example,,app,,,", "3行目、contact_id"),
        ("ac2,みなと,okano2,,,app,2026-13-01,,", "3行目、started_on"),
        ("ac2,みなと,okano2,,,app,2026-04-01,nowhere,", "3行目、stage"),
        ("ac2,みなと,okano2,,,,2026-04-01,,", "3行目、product"),
        ("ac2,みなと,okano2,,,app,2026-04-01,settle,2031-01-01", "3行目、stage_entered_on"),
    ],
)
def test_on_a_mistake_exit_2_nothing_written_and_the_row_named(
    tmp_path: Path, vendor: None, row: str, named: str
) -> None:
    said = customers(tmp_path, MINATO, row)
    assert (said.code, said.out) == (2, "")
    assert named in said.err
    assert (Account.objects.count(), Receipt.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("ac1,okano,,2026-05-11,,", "3行目、name"),
        ("ac1,okano,$set,2026-05-11,,", "3行目、name"),
        ("ac1,okano,login,2026-02-30,,", "3行目、occurred_at"),
        ("ac1,okano,login,1970-01-01,,", "3行目、occurred_at"),
        ("ac1,okano,login,2036-01-01,,", "3行目、occurred_at"),
        (",okano,login,2026-05-11,,", "3行目、account_id"),
    ],
)
def test_a_mistake_in_a_fact_is_named_by_its_row_too(tmp_path: Path, row: str, named: str) -> None:
    said = run(tmp_path, "facts", sheet("ac1,okano,login,2026-05-11 10:00,,", row, header=FACTS))
    assert (said.code, said.out) == (2, "")
    assert named in said.err
    assert Event.objects.count() == 0


def test_a_mistake_in_json_has_code_message_row_and_field(tmp_path: Path) -> None:
    said = customers(tmp_path, ",x,,,,,,,", options=("--format", "json"))
    (problem,) = json.loads(said.err)["problems"]
    assert (problem["code"], problem["row"], problem["field"]) == ("missing_value", 2, "account_id")


def test_a_file_that_is_not_there_is_a_sentence_and_exit_2(tmp_path: Path) -> None:
    from django.core.management import call_command  # noqa: PLC0415 -- this test alone

    with pytest.raises(SystemExit) as end:
        call_command("import_customers", str(tmp_path / "nowhere.csv"))
    assert end.value.code == 2


def test_the_columns_of_the_contract_are_known(tmp_path: Path) -> None:
    said = customers(tmp_path, MINATO)
    assert (said.code, said.err) == (
        0,
        "注意：2行目、product：製品「app」はまだ登録されていません。このファイルで始まります。\n",
    )
    assert NAMES.startswith("account_id,account_name")
