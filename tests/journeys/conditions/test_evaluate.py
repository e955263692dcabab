"""`manage.py evaluate` word for word (contracts 3)."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from journeys.management.commands.evaluate import read_only
from journeys.models import Account, Contact, Product
from tests.journeys.conditions import world
from tests.journeys.conditions.world import NOW, ago

pytestmark = pytest.mark.django_db
AS_OF = "2026-05-11T01:00:00Z"


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command over a condition; (exit code, stdout, stderr)."""

    def run(text: str, *options: str) -> tuple[int, str, str]:
        file = tmp_path / "condition.yaml"
        file.write_text(text, encoding="utf-8")
        code = 0
        try:
            call_command("evaluate", str(file), *options)
        except SystemExit as exit:
            code = int(exit.code or 0)
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


@pytest.fixture
def accounts() -> list[Account]:
    """b has the fact, a has not, c has had it since yesterday."""
    made = [world.account(key) for key in ("b", "a", "c")]
    world.fact(made[0], at=ago(days=5))
    world.fact(made[2], at=ago(days=1))
    return made


def test_text_is_one_key_a_line_sorted(ask: Any, accounts: list[Account]):
    assert ask("event: {name: x}", "--as-of", AS_OF) == (0, "b\nc\n", "")
    assert ask("event: {name: nobody}", "--as-of", AS_OF) == (0, "", "")


def test_json_tells_everything(ask: Any, accounts: list[Account]):
    condition = '{"trait": {"of": "account", "name": "plan", "eq": "pro"}}'
    world.trait(accounts[0], "plan", "pro")
    code, out, err = ask(condition, "--as-of", AS_OF, "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "as_of": AS_OF, "subject": "account", "matches": ["b"], "count": 1,
        "unknown": ["a", "c"], "of": 3, "warnings": [],
    }  # fmt: skip


def test_an_unseen_name_is_a_warning(ask: Any, accounts: list[Account]):
    code, out, _err = ask("event: {name: nobody}", "--format", "json")
    assert (code, json.loads(out)["matches"], len(json.loads(out)["warnings"])) == (0, [], 1)


def test_as_of_and_as_known_are_different_questions(ask: Any, accounts: list[Account]):
    world.fact(accounts[1], at=ago(days=4), received=ago(hours=1))
    x = "event: {name: x}"
    assert ask(x, "--as-of", "2026-05-08T10:00:00+09:00")[1] == "a\nb\n"
    known = ("--as-known", "2026-05-10T00:00:00Z")
    assert ask(x, "--as-of", AS_OF, *known)[1] == "b\n"
    assert ask(x, "--as-of", "2026-05-08T10:00:00+09:00", *known)[1] == "b\n"


def test_without_a_moment_it_asks_as_of_now(ask: Any):
    world.fact(world.account(), at=NOW.replace(year=2024))
    assert ask("event: {name: x}")[1] == "a\n"


def test_contacts_are_named_by_user_id_and_only_current_ones_are_asked(ask: Any):
    account = world.account()
    for key in ("u2", "u1"):
        world.fact(by=world.contact(account, key))
    gone = world.contact(account, "u3", is_current=False)
    world.fact(by=gone)
    Contact.objects.create(user_id="u4", person=gone.person)  # in no account yet: judged for nobody
    options = ("--subject", "contact", "--as-of", AS_OF)
    assert ask("event: {name: x, by: self}", *options)[1] == "u1\nu2\n"
    assert json.loads(ask("event: {name: y}", *options, "--format", "json")[1])["of"] == 2


def test_subscriptions_are_named_by_account_and_product(ask: Any, accounts: list[Account]):
    contract = world.subscription(accounts[0], "aaa")
    world.subscription(accounts[1], "aaa")
    world.subscription(accounts[2], "aaa", ended_at=ago(days=3))
    world.move(contract, "one", ago(days=3))
    options = ("--subject", "subscription", "--as-of", AS_OF)
    assert ask("stage: {is: one}", *options)[1] == "b/aaa\n"
    answer = json.loads(ask("event: {name: x}", *options, "--format", "json")[1])
    assert (answer["matches"], answer["of"]) == (["b/aaa"], 2)


MISTAKES = [
    ("event: {name: x, withn: 3d}", (), "unknown_field", "event.withn"),
    ("event: {name: x", (), "bad_yaml", ""),
    ("event: {name: x}", ("--as-of", "2026-05-11T10:00:00"), "bad_time", "as_of"),
    ("event: {name: x}", ("--as-of", "2026-05-11"), "bad_time", "as_of"),
    ("event: {name: x}", ("--as-known", "yesterday"), "bad_time", "as_known"),
    ("event: {name: x}", ("--as-of", "0001-01-01T00:00:00+14:00"), "bad_time", "as_of"),
    ("event: {name: x}", ("--as-of", "2026-02-30T00:00:00Z"), "bad_time", "as_of"),
    ("event: {name: x}", ("--subject", "person"), "unknown_word", "subject"),
    ("event: {name: x, by: self}", (), "bad_subject", "event.by"),
]


@pytest.mark.parametrize(("text", "options", "code", "field"), MISTAKES)
def test_a_mistake_exits_2_with_an_empty_stdout(
    ask: Any, text: str, options: tuple[str, ...], code: str, field: str
):
    exit_code, out, err = ask(text, *options, "--format", "json")
    error = json.loads(err)["error"]
    assert (exit_code, out, error["code"]) == (2, "", code)
    assert error["field"] == field or code == "bad_yaml"
    assert error["message"]
    exit_code, out, err = ask(text, *options)
    assert (exit_code, out) == (2, "")
    assert error["message"] in err


def test_moments_may_have_fractions_offsets_and_small_letters(ask: Any, accounts: list[Account]):
    for moment in ("2026-05-11t10:00:00.5+09:00", "2026-05-11 01:00:00z", AS_OF):
        assert ask("event: {name: x}", "--as-of", moment)[:2] == (0, "b\nc\n")


def test_a_file_that_is_not_there_or_not_utf_8_is_a_mistake(tmp_path: Path, capsys: Any):
    odd = tmp_path / "odd"
    odd.write_bytes("event: {name: 請求}".encode("cp932"))
    for file in (odd, tmp_path / "none", tmp_path):
        with pytest.raises(SystemExit) as exit:
            call_command("evaluate", str(file))
        assert (exit.value.code, capsys.readouterr().out) == (2, "")


def test_the_condition_may_come_from_stdin(monkeypatch: Any, capsys: Any, accounts: list[Account]):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"event: {name: x}")))
    call_command("evaluate", "-", "--as-of", AS_OF)
    assert capsys.readouterr().out == "b\nc\n"


def test_explain_says_why_for_one_key(ask: Any, accounts: list[Account]):
    x = "event: {name: x, count: {gte: 2}}"
    code, out, _err = ask(x, "--as-of", AS_OF, "--explain", "b")
    assert (code, out.startswith("✗ x")) == (0, True)
    answer = json.loads(ask(x, "--as-of", AS_OF, "--explain", "b", "--format", "json")[1])
    assert (answer["key"], answer["matches"], answer["of"]) == ("b", [], 3)
    assert (answer["explain"]["verdict"], answer["explain"]["found"]) == ("not_met", 1)


def test_an_unknown_key_exits_3(ask: Any, accounts: list[Account]):
    code, out, err = ask("event: {name: x}", "--explain", "nobody", "--format", "json")
    assert (code, out, json.loads(err)["error"]["code"]) == (3, "", "unknown_key")


def test_the_database_refuses_to_be_written_to_meanwhile():
    with pytest.raises(DatabaseError), transaction.atomic(), read_only():
        Product.objects.create(key="p", name="p")
    if connection.vendor == "sqlite":
        Product.objects.create(key="p", name="p")  # and can be written to again
