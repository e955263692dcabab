"""Files as they really come, by their numbers in the catalogue of bad input (4.2, 34–38), and saved mappings."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from journeys import engine, facts, imports, permission
from journeys.imports import bringing, values
from journeys.imports.problems import BadCell
from journeys.models import (
    Account,
    Contact,
    Event,
    ImportMapping,
    Receipt,
    StageTransition,
    Subscription,
    TraitChange,
)
from tests.cast import at, customer, open_vendor, say
from tests.journeys.imports.files import MINATO, NAMES, run, sheet, workbook

pytestmark = pytest.mark.django_db
NOW = at("2026-06-01T11:00")
FACTS = "account_id,contact_id,name,occurred_at,properties.x"


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def nothing_written() -> bool:
    return not (Account.objects.exists() or Contact.objects.exists() or Receipt.objects.exists())


# --- 34: contradictions ---------------------------------------------------------------------------
def test_34_the_same_row_twice_counts_once(tmp_path: Path) -> None:
    said = run(tmp_path, "customers", sheet(MINATO, MINATO))
    assert (said.code, Contact.objects.count()) == (0, 1)
    assert "2行目と同じ" in said.err


@pytest.mark.parametrize(
    ("one", "other", "column"),
    [
        ("ac1,A,u1,a@x.example,,app,,,", "ac1,A,u1,b@x.example,,app,,,", "email"),
        ("ac1,A,u1,,,app,,,", "ac1,B,u2,,,app,,,", "account_name"),
        ("ac1,A,u1,,,app,2026-04-01,,", "ac1,A,u2,,,app,2026-05-01,,", "started_on"),
        ("ac1,A,u1,,,app,,,", "ac2,B,u1,,,app,,,", "account_id"),
    ],
)
def test_34_one_id_with_two_stories_is_a_conflict_and_nothing_is_half_written(
    tmp_path: Path, one: str, other: str, column: str
) -> None:
    said = run(tmp_path, "customers", sheet(one, other), "--format", "json")
    found = [(p["code"], p["row"], p["field"]) for p in json.loads(said.err)["problems"]]
    assert (said.code, found, nothing_written()) == (2, [("conflict", 3, column)], True)


# --- 35: suppressed addresses ---------------------------------------------------------------------
@pytest.mark.parametrize("spelling", ["okano@minato.example", "Okano@MINATO.example"])
def test_35_a_suppressed_address_stays_suppressed_and_is_counted(
    tmp_path: Path, spelling: str
) -> None:
    """I21: a suppression outlives re-import and spelling."""
    permission.suppress("okano@minato.example", "complaint", NOW)
    said = run(tmp_path, "customers", sheet(MINATO.replace("okano@minato.example", spelling)))
    assert (said.code, "配信停止のままのアドレス：1件" in said.out) == (0, True)
    assert permission.is_suppressed(spelling)


def test_35_a_stop_outlives_a_re_import(tmp_path: Path) -> None:
    run(tmp_path, "customers", sheet(MINATO))
    person = Contact.objects.get().person
    permission.stop(person, "*", "preferences", NOW)
    run(tmp_path, "customers", sheet(MINATO.replace("①", "②")))
    assert permission.answers([person.pk]) == {person.pk: {"*": "no"}}


# --- 36: while the engine runs, interrupted, again --------------------------------------------------
def many(count: int, stage: str = "settle") -> str:
    rows = [
        f"a{n},社{n},u{n},u{n}@x.example,admin,app,2026-04-01,{stage},2026-05-11"
        for n in range(count)
    ]
    return sheet(*rows)


def test_36_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    open_vendor(NOW)
    run(tmp_path, "customers", many(3))
    before = (TraitChange.objects.count(), Receipt.objects.count())
    Subscription.objects.filter(account__external_id="a0").update(stage_due_on=None)
    said = run(tmp_path, "customers", many(3))
    assert "0、取り込み済み3" in said.out
    assert (TraitChange.objects.count(), Receipt.objects.count()) == before
    assert StageTransition.objects.count() == 3


def test_36_facts_come_once_however_often_their_file_is_brought_in(tmp_path: Path) -> None:
    content = sheet("a1,u1,login,2026-05-11 10:00,1", header=FACTS)
    for _time in range(3):
        assert run(tmp_path, "facts", content).code == 0
    assert Event.objects.count() == 1


def test_36_an_interrupted_import_goes_on_where_it_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_vendor(NOW)
    monkeypatch.setattr(bringing, "CHUNK", 2)
    file = imports.open_file(many(5).encode(), "customers", NOW)

    def cut(done: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imports.bring_in(file, NOW, progress=cut)
    assert Account.objects.count() == 4
    report = imports.bring_in(file, NOW + timedelta(minutes=1))
    assert (report.again, report.fresh, Account.objects.count()) == (4, 1, 5)
    assert StageTransition.objects.count() == 5


def test_36_a_chunk_comes_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    open_vendor(NOW)

    def broken(*_anything: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("journeys.imports.quiet.keep_out", broken)
    file = imports.open_file(many(3).encode(), "customers", NOW)
    with pytest.raises(RuntimeError):
        imports.bring_in(file, NOW)
    assert (nothing_written(), StageTransition.objects.count()) == (True, 0)


def test_36_a_tick_between_two_chunks_starts_nobody_at_the_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_vendor(NOW)
    monkeypatch.setattr(bringing, "CHUNK", 1)
    file = imports.open_file(many(3).encode(), "customers", NOW)
    imports.bring_in(file, NOW, progress=lambda done: engine.tick(NOW + timedelta(minutes=done)))
    assert set(StageTransition.objects.values_list("cause", "to_stage")) == {("import", "settle")}


@pytest.mark.parametrize("count", [1, 3, 150])
def test_36_a_chunk_costs_the_same_statements_whatever_its_size(
    count: int, django_assert_max_num_queries: Any
) -> None:
    open_vendor(NOW)
    file = imports.open_file(many(count).encode(), "customers", NOW)
    with django_assert_max_num_queries(75):
        imports.bring_in(file, NOW)
    assert Account.objects.count() == count


# --- 37: dates ------------------------------------------------------------------------------------
def test_37_a_date_with_several_readings_asks_for_its_order(tmp_path: Path) -> None:
    content = sheet("ac1,A,u1,,,app,03/04/05,,")
    said = run(tmp_path, "customers", content)
    assert (said.code, nothing_written()) == (2, True)
    assert "ymd, mdy, dmy" in said.err


@pytest.mark.parametrize(
    ("order", "day"), [("ymd", "2003-04-05"), ("mdy", "2005-03-04"), ("dmy", "2005-04-03")]
)
def test_37_with_its_order_it_is_read(tmp_path: Path, order: str, day: str) -> None:
    said = run(tmp_path, "customers", sheet("ac1,A,u1,,,app,03/04/05,,"), "--dates", order)
    assert said.code == 0
    assert Subscription.objects.get().traits["started_on"] == day


@pytest.mark.parametrize(
    "text",
    ["2026-05-11", "2026/5/11", "2026.05.11", "2026年5月11日", "20260511", "２０２６/５/１１"],
)
def test_37_a_year_in_front_needs_no_order(text: str) -> None:
    assert values.day(text).isoformat() == "2026-05-11"


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2026-13-01", "yesterday", "0000-01-01", "2026-05", "99/99/99"]
)
def test_37_what_is_no_day_is_an_error(text: str) -> None:
    with pytest.raises(BadCell):
        values.day(text, "ymd")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-11T10:00:00+09:00", "2026-05-11T10:00"),
        ("2026-05-11 10:00", "2026-05-11T10:00"),
        ("2026/5/11 9:05:30", "2026-05-11T09:05:30"),
        ("2026-05-11", "2026-05-11T00:00"),
        ("2026-05-11T01:00:00Z", "2026-05-11T10:00"),
    ],
)
def test_37_a_moment_without_an_offset_is_a_wall_clock(text: str, moment: str) -> None:
    assert values.moment(text) == at(moment)


# --- 38: another customer's people ------------------------------------------------------------------
def test_38_a_file_moves_nobody_to_another_customer(tmp_path: Path) -> None:
    say(NOW, {"type": "group", "groupId": "ac9", "userId": "okano"})
    said = run(tmp_path, "customers", sheet(MINATO), "--format", "json")
    found = [(p["code"], p["row"], p["field"]) for p in json.loads(said.err)["problems"]]
    assert (said.code, found) == (2, [("other_account", 2, "contact_id")])
    assert Contact.objects.get().account == Account.objects.get(external_id="ac9")


def test_38_a_fact_of_another_customers_person_is_refused(tmp_path: Path) -> None:
    say(NOW, {"type": "group", "groupId": "ac9", "userId": "okano"})
    content = sheet("ac1,okano,login,2026-05-11 10:00,", header=FACTS)
    said = run(tmp_path, "facts", content)
    assert (said.code, Event.objects.count()) == (2, 0)


def test_38_an_account_nobody_knows_is_told(tmp_path: Path) -> None:
    said = run(tmp_path, "facts", sheet("a7,,login,2026-05-11 10:00,", header=FACTS))
    assert (said.code, "a7" in said.err) == (0, True)


# --- saved mappings -------------------------------------------------------------------------------
def test_a_saved_mapping_reads_other_names(tmp_path: Path) -> None:
    columns = {"会社": "account_id", "社名": "account_name", "備考": ""}
    ImportMapping.objects.create(
        name="CRM", kind="customers", columns=columns, dates="dmy", saved_at=NOW
    )
    content = sheet("a1,みなと,なし,03/04/2026,app", header="会社,社名,備考,started_on,product")
    assert run(tmp_path, "customers", content, "--mapping", "CRM").code == 0
    account = Account.objects.get()
    assert (account.external_id, account.name) == ("a1", "みなと")
    assert set(account.traits) == {"name", "subscriptions"}
    assert Subscription.objects.get().traits["started_on"] == "2026-04-03"


def test_a_mapping_nobody_saved_is_refused(tmp_path: Path) -> None:
    ImportMapping.objects.create(name="CRM", kind="facts", columns={}, saved_at=NOW)
    said = run(tmp_path, "customers", sheet(MINATO), "--mapping", "CRM")
    assert (said.code, "CRM" in said.err) == (2, True)


# --- beside the door ------------------------------------------------------------------------------
def test_what_a_file_says_and_what_the_door_says_are_the_same(tmp_path: Path) -> None:
    anna = customer("anna", NOW)
    run(tmp_path, "customers", sheet("anna,,anna-1,,,app,,,", header=NAMES))
    assert Contact.objects.get() == anna
    content = sheet("anna,anna-1,login,2026-05-11 10:00,1", header=FACTS)
    run(tmp_path, "facts", content)
    assert Event.objects.get().contact == anna
    again = {"type": "track", "userId": "anna-1", "event": "login", "messageId": "row-2/0"}
    assert facts.take([again], source="test", received_at=NOW).accepted == 1


def test_an_xlsx_of_facts(tmp_path: Path) -> None:
    rows: list[list[Any]] = [FACTS.split(","), ["a1", "u1", "login", NOW.replace(tzinfo=None), 3]]
    assert run(tmp_path, "facts", workbook(rows)).code == 0
    assert Event.objects.get().properties == {"x": 3}
