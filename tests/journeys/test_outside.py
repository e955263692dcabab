"""Nothing leaves from a copied database, nor after a restore until a person has looked (0025)."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from journeys import clock, outside
from journeys.messages import delivery
from journeys.models import Hold, Installation, Message
from tests.journeys.messages import world
from tests.journeys.messages.world import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_witness(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.WITNESS_FILE = tmp_path / "mark.json"
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return tmp_path / "mark.json"


def run(name: str, *args: str) -> str:
    out = StringIO()
    call_command(name, *args, stdout=out)
    return out.getvalue()


def restored_to(mark: int) -> None:
    """The database as a backup remembers it."""
    Installation.objects.update(mark=mark)


def test_a_new_database_belongs_to_whoever_sends_from_it_first(settings: Any) -> None:
    settings.ENVIRONMENT_ID = "https://junro.example"

    assert outside.hindrance() == ""

    assert Installation.objects.get().environment == "https://junro.example"


def test_a_copy_of_the_database_with_other_settings_refuses_to_send(settings: Any) -> None:
    settings.ENVIRONMENT_ID = "production"
    outside.hindrance()
    world.message()

    settings.ENVIRONMENT_ID = "staging"
    sent = delivery.send_due(NOW)

    assert ("production" in sent.held, "staging" in sent.held) == (True, True)
    assert (mail.outbox, Message.objects.get().state) == ([], "planned")
    with pytest.raises(CommandError, match="adopt_database"):
        call_command("run_sender")


def test_a_copy_is_adopted_only_by_the_name_it_had_and_stays_held(settings: Any) -> None:
    settings.ENVIRONMENT_ID = "production"
    outside.hindrance()
    settings.ENVIRONMENT_ID = "staging"

    with pytest.raises(CommandError, match="--from production"):
        run("adopt_database")
    run("adopt_database", "--from", "production")

    assert outside.standing() == "held"
    assert Hold.objects.get().evidence == {"was": "production", "is": "staging"}
    run("release_sending")
    assert outside.hindrance() == ""


def test_after_a_restore_senders_start_held_until_a_person_releases_them() -> None:
    world.message()
    assert delivery.send_due(NOW).accepted == 1
    mark = Installation.objects.get().mark

    restored_to(mark - 1)
    Message.objects.update(state="planned", token=None)
    held = delivery.send_due(NOW)

    assert (len(mail.outbox), held.claimed, bool(held.held)) == (1, 0, True)
    assert Hold.objects.get().evidence == {"mark": {"was": mark, "is": mark - 1}}
    run("release_sending", "--note", "the relay was empty")
    assert delivery.send_due(NOW).accepted == 1
    assert Hold.objects.get().note == "the relay was empty"


def test_what_the_relays_log_knows_is_not_sent_again(tmp_path: Path) -> None:
    known, unknown = world.message(), world.message()
    outside.hold(Hold.Why.RESTORED, {})
    log = tmp_path / "mail.log"
    log.write_text(f"11:02 message-id=<{known.uid}@mail.shimebi.example> status=sent\n")

    said = run("release_sending", "--relay-log", str(log))

    assert said.startswith("1")
    assert delivery.send_due(NOW).accepted == 1
    assert {m.pk: m.state for m in Message.objects.all()} == {
        known.pk: "accepted",
        unknown.pk: "accepted",
    }
    assert len(mail.outbox) == 1
    assert str(unknown.uid) in mail.outbox[0].extra_headers["Message-ID"]


def test_a_log_that_cannot_be_read_releases_nothing() -> None:
    outside.hold(Hold.Why.RESTORED, {})

    with pytest.raises(CommandError, match=r"nowhere\.log"):
        run("release_sending", "--relay-log", "/nowhere.log")

    assert outside.standing() == "held"


def test_another_server_is_noticed_without_any_witness(own_witness: Path) -> None:
    """A dump restored elsewhere, a base backup, a promoted replica (PostgreSQL names each)."""
    outside.hindrance()
    own_witness.unlink()

    Installation.objects.update(origin="another/1/2/3")

    assert "held" in outside.hindrance() or "止め" in outside.hindrance()
    assert Hold.objects.get().evidence["origin"]["was"] == "another/1/2/3"


def test_a_restore_is_noticed_once() -> None:
    outside.hindrance()
    restored_to(-1)
    outside.hindrance()
    outside.release(NOW)

    assert outside.hindrance() == ""
    assert Hold.objects.count() == 1


def test_a_witness_of_another_database_says_nothing(own_witness: Path) -> None:
    own_witness.write_text(json.dumps({"6f1c0000-0000-0000-0000-000000000000": 10_000}))

    assert outside.hindrance() == ""


@pytest.mark.parametrize("junk", ["", "[]", "{", '{"a": []}'])
def test_a_broken_witness_stops_nobody(own_witness: Path, junk: str) -> None:
    own_witness.write_text(junk)

    assert outside.hindrance() == ""


@pytest.mark.postgres
def test_the_origin_names_server_timeline_database_and_table() -> None:
    system, timeline, database, table = outside.origin().split("/")

    assert min(map(int, (system, timeline, database, table))) > 0
