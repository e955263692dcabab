"""Bringing in a file through the admin: look first, then confirm, then watch (4.2, I39)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from journeys.imports import bringing, working
from journeys.models import Account, Enrollment, Import, ImportMapping, Subscription
from tests import cast
from tests.journeys.admin.conftest import as_
from tests.journeys.imports.files import MINATO, sheet, workbook

NOW = cast.SLOT
PLACED = "ac1,みなと製菓,okano,okano@minato.example,admin,app,2026-04-01,settle,2026-05-07"


def upload(client: Client, content: str | bytes = sheet(PLACED), **more: Any) -> Import:
    body = content.encode("cp932") if isinstance(content, str) else content
    file = SimpleUploadedFile("顧客.csv", body)
    answer = client.post(
        reverse("admin:journeys_import_receive"), {"file": file, "kind": "customers", **more}
    )
    assert answer.status_code == 302, answer.content
    row = Import.objects.latest("pk")
    assert answer["Location"] == at("change", row)
    return row


def at(name: str, row: Import) -> str:
    return reverse(f"admin:journeys_import_{name}", args=[row.pk])


def page(client: Client, row: Import) -> str:
    return client.get(at("change", row)).content.decode()


def test_a_file_is_looked_at_before_anything_changes(ops: Client) -> None:
    row = upload(ops)
    text = page(ops, row)
    assert (row.encoding, row.rows, row.state) == ("cp932", 1, "uploaded")
    assert "0 messages" in text
    assert "Bring in 1 rows (messages: 0)" in text
    assert "定着" in text
    assert Account.objects.count() == 0


def test_after_the_confirmation_it_is_brought_in_by_whoever_ticks(ops: Client) -> None:
    row = upload(ops)
    assert ops.post(at("confirm", row)).status_code == 302
    assert ops.get(at("change", row))["Refresh"] == "3"
    assert Account.objects.count() == 0
    assert working.work(NOW, NOW) == 1
    row.refresh_from_db()
    assert (row.state, row.rows_done, row.content, row.report["messages"]) == ("done", 1, None, 0)
    contract = Subscription.objects.select_related("stage").get()
    assert contract.stage is not None
    assert contract.stage.key == "settle"
    assert "Brought in" in page(ops, row)
    said = LogEntry.objects.order_by("pk").values_list("user__email", "change_message")
    assert list(said) == [
        ("cs_ops@vendor.example", "received"),
        ("cs_ops@vendor.example", "confirmed"),
    ]


def test_twice_confirmed_is_once_brought_in(ops: Client) -> None:
    row = upload(ops)
    for _time in range(2):
        ops.post(at("confirm", row))
        working.work(NOW, NOW)
    assert Subscription.objects.count() == 1
    assert not working.confirm(row, NOW)


def test_mistakes_are_named_and_nothing_can_be_confirmed(ops: Client) -> None:
    row = upload(ops, sheet(MINATO.replace("①", ""), ",x,,,,,,,"))
    text = page(ops, row)
    assert "Row 3, account_id" in text
    assert "Bring in 1 rows" not in text
    ops.post(at("confirm", row))
    assert working.work(NOW, NOW) == 0
    listed = ops.get(at("problems", row)).content.decode("utf-8-sig").splitlines()
    assert listed[0] == "row,column,what to mend"
    assert listed[1].startswith("3,account_id,")


@pytest.mark.parametrize("name", ["=1+1", "＝1+1", "@x"])
def test_32_a_list_of_mistakes_runs_nothing_in_a_spreadsheet(ops: Client, name: str) -> None:
    row = upload(ops, sheet("a1,2", header=f"account_id,{name}").replace("a1", ""))
    assert f",{name}" not in ops.get(at("problems", row)).content.decode("utf-8-sig")


def test_the_columns_can_be_said_and_saved_for_the_next_file(ops: Client) -> None:
    content = sheet("a1,みなと,x", header="会社コード,会社,備考")
    row = upload(ops, content)
    assert "account_id" in page(ops, row)
    columns = {"column:会社コード": "account_id", "column:会社": "account_name", "column:備考": ""}
    ops.post(at("read", row), {**columns, "save_as": "CRM", "encoding": "cp932"})
    row.refresh_from_db()
    assert row.report["wrong"] == 0
    mapping = ImportMapping.objects.get(name="CRM")
    again = upload(ops, content.replace("a1", "a2"), mapping=mapping.pk)
    assert (again.report["wrong"], again.report["new_accounts"]) == (0, 1)


def test_28_the_preview_asks_for_the_character_set(ops: Client) -> None:
    row = upload(ops)
    assert '<option value="cp932" selected>' in page(ops, row)
    ops.post(at("read", row), {"encoding": "utf-8"})
    row.refresh_from_db()
    assert row.report["problems"][0]["code"] == "bad_encoding"


def test_journeys_begin_only_when_that_was_chosen(ops: Client) -> None:
    row = upload(ops, sheet(PLACED.replace("settle", "begin")))
    columns = {f"column:{name}": name for name in row.columns}
    ops.post(at("read", row), {**columns, "journeys": "start"})
    assert "2 messages" in page(ops, row)
    assert Account.objects.count() == 0
    ops.post(at("confirm", row))
    working.work(NOW, NOW)
    assert Import.objects.get().report["messages"] == 2
    assert not Enrollment.objects.filter(status="out").exists()


def test_a_file_can_be_given_up_and_its_content_is_gone(ops: Client) -> None:
    row = upload(ops)
    ops.post(at("drop", row))
    row.refresh_from_db()
    assert (row.state, row.content) == ("given_up", None)
    assert not working.confirm(row, NOW)


def test_33_a_file_that_is_too_large_is_413_before_it_is_read(ops: Client, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 1000
    file = SimpleUploadedFile("a.csv", b"x" * 200_000)
    answer = ops.post(reverse("admin:journeys_import_receive"), {"file": file, "kind": "customers"})
    assert answer.status_code == 413
    assert Import.objects.count() == 0


def test_a_file_without_the_pages_token_is_refused(vendor: None) -> None:
    client = as_("cs_ops")
    client.handler.enforce_csrf_checks = True
    file = SimpleUploadedFile("a.csv", sheet(PLACED).encode())
    answer = client.post(
        reverse("admin:journeys_import_receive"), {"file": file, "kind": "customers"}
    )
    assert answer.status_code == 403


def test_an_xlsx_comes_in_the_same_way(ops: Client) -> None:
    row = upload(ops, workbook([["account_id", "account_name"], ["a1", "みなと"]]))
    assert (row.encoding, row.report["new_accounts"]) == ("xlsx", 1)
    assert page(ops, row)


@pytest.mark.parametrize("role", ["csm", "marketing", "sales", "partner"])
def test_only_cs_operations_and_administrators_bring_files_in(vendor: None, role: str) -> None:
    client = as_(role)
    file = SimpleUploadedFile("a.csv", sheet(PLACED).encode())
    answer = client.post(
        reverse("admin:journeys_import_receive"), {"file": file, "kind": "customers"}
    )
    assert answer.status_code in (302, 403)
    assert Import.objects.count() == 0


# --- the work -------------------------------------------------------------------------------------
def waiting(rows: int) -> Import:
    content = sheet(
        *(
            f"a{n},社{n},u{n},u{n}@x.example,admin,app,2026-04-01,settle,2026-05-07"
            for n in range(rows)
        )
    )
    row = working.receive(content.encode(), name="a.csv", kind="customers", now=NOW)
    assert working.confirm(row, NOW)
    return row


def test_a_long_file_goes_on_with_the_next_pass(vendor: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(bringing, "CHUNK", 2)
    row = waiting(5)
    assert working.work(NOW, NOW, seconds=0) == 0
    seen = []
    for _pass in range(4):
        monkeypatch.setattr(
            "journeys.imports.working.time.monotonic", iter([0, 0, 99, 99, 99]).__next__
        )
        working.work(NOW, NOW, seconds=20)
        monkeypatch.undo()
        monkeypatch.setattr(bringing, "CHUNK", 2)
        row.refresh_from_db()
        seen.append((row.state, Account.objects.count()))
        if row.state == "done":
            break
    assert seen[0] == ("waiting", 2)
    working.work(NOW, NOW)
    row.refresh_from_db()
    assert (row.state, Account.objects.count(), Subscription.objects.count()) == ("done", 5, 5)


def test_what_a_dead_process_left_behind_is_taken_up_by_the_next_one(vendor: None) -> None:
    row = waiting(3)
    Import.objects.filter(pk=row.pk).update(state="running", alive_at=NOW)
    assert working.work(NOW, NOW + timedelta(minutes=1)) == 0
    assert working.work(NOW, NOW + timedelta(minutes=3)) == 1
    assert Account.objects.count() == 3


def test_a_file_that_stumbles_three_times_is_parked_and_stops_no_other(
    vendor: None, monkeypatch: Any
) -> None:
    """I18."""
    poison, good = waiting(1), waiting(2)
    bring_in = bringing.bring_in

    def stumble(file: Any, *args: Any, **more: Any) -> Any:
        if file.checked.rows == 1:
            raise RuntimeError("poison")
        return bring_in(file, *args, **more)

    monkeypatch.setattr(bringing, "bring_in", stumble)
    for _pass in range(4):
        working.work(NOW, NOW)
    poison.refresh_from_db()
    good.refresh_from_db()
    assert (poison.state, good.state) == ("failed", "done")
