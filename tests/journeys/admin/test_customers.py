"""The customer's page and the message ledger: what was said and not said, with every why."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from journeys import engine, permission
from journeys.admin.customers import timeline as lines
from journeys.messages import delivery
from journeys.models import Account, Consent, Contact, Decision, Message, Pause
from tests import cast
from tests.journeys.admin.conftest import as_, url

pytestmark = pytest.mark.django_db

RIGHT = "\u202eevil\u200b<img src=x onerror=alert(1)>"


@pytest.fixture
def csm(vendor):
    return as_("csm")


def lived(key: str = "a", beside: str = ""):
    """A customer with a letter sent, one skipped, a nudge withdrawn and a stage left."""
    who = cast.customer(key)
    if beside:
        cast.customer(beside)
    engine.tick(cast.CONTRACT_DAY)
    engine.tick(cast.SLOT)
    delivery.send_due(cast.SLOT)
    cast.happened(who, "goal.set", cast.at("2026-05-11T11:00"))
    cast.happened(who, "setting.done", cast.at("2026-05-11T11:30"))
    engine.tick(cast.at("2026-05-11T12:00"))
    return who


def page(client, who, query: str = ""):
    return client.get(reverse("admin:journeys_account_change", args=[who.account_id]) + query)


def test_the_page_says_where_the_customer_stands_and_what_is_missing(csm):
    who = cast.customer("a")
    engine.tick(cast.CONTRACT_DAY)
    shown = page(csm, who).context
    assert [(i.label, i.verdict) for i in shown["items"]] == [("目標を決める", "not_met")]
    assert [(s.stage.key, s.is_here) for s in shown["stops"]] == [
        ("begin", True), ("settle", False), ("done", False),
    ]  # fmt: skip
    assert (shown["due"].left, shown["due"].tone) == (5, "")


def test_the_way_tells_moves_facts_messages_and_why(csm):
    """O8: each with its reason, newest first."""
    who = lived()
    entries = page(csm, who).context["timeline"].entries
    assert {e.kind for e in entries} >= {"move", "act", "sent", "no", "note"}
    assert [e.at for e in entries] == sorted((e.at for e in entries), reverse=True)
    (moved,) = [e for e in entries if e.title == "はじめ → 定着"]
    assert moved.whys[0][1][0].verdict == "met"


def test_what_was_not_sent_says_already_done(csm):
    """R27, R31: 「実施済み」."""
    who = lived()
    shown = page(csm, who, "?show=skipped")
    found = {e.title: [heading for heading, _ in e.whys] for e in shown.context["timeline"].entries}
    assert any("Already done" in h for heads in found.values() for h in heads)
    assert "sent" not in {e.kind for e in shown.context["timeline"].entries}


def test_own_actions_are_facts_and_equal_ones_of_a_day_are_one_line(csm):
    who = cast.customer("a")
    for minute in range(3):
        cast.happened(who, "app.used", cast.at(f"2026-05-11T09:0{minute}"))
    entries = page(csm, who, "?show=acts").context["timeline"].entries
    assert [(e.title, e.count) for e in entries] == [("app.used", 3)]


def test_older_entries_are_a_page_away(csm, monkeypatch):
    monkeypatch.setattr(lines, "PAGE", 4)
    who = cast.customer("a")
    for n in range(6):
        cast.happened(who, f"fact.{n}", cast.at(f"2026-05-11T09:0{n}"))
    first = page(csm, who, "?show=acts").context["timeline"]
    second = page(csm, who, "?show=acts&before=" + first.older.isoformat().replace("+", "%2B"))
    titles = [e.title for e in first.entries + second.context["timeline"].entries]
    assert titles == [f"fact.{n}" for n in (5, 4, 3, 2, 1, 0)]


def test_a_customer_is_paused_and_goes_on(csm):
    """R36."""
    who = cast.customer("a")
    door = url("pause", who.account)
    csm.post(door, {"to": "pause", "reason": "asked for it"})
    assert list(permission.paused_accounts(cast.SLOT)) == [who.account_id]
    csm.post(door, {"to": "go"})
    assert not Pause.objects.filter(to_at=None).exists()


def test_the_people_show_their_roles_and_stops(csm):
    """O10."""
    who = cast.customer("a")
    permission.stop(who.person, "start", "by hand", cast.SLOT)
    (one,) = page(csm, who).context["people"]
    assert (one.roles, one.answers) == (["admin"], {"start": Consent.Answer.NO})


@pytest.mark.parametrize("where", ["name", "title"])
def test_names_that_turn_text_or_carry_markup_are_isolated(csm, where):
    """4.3.47: bidi isolation, and never markup."""
    who = cast.customer("a")
    Account.objects.filter(external_id="a").update(name=RIGHT)
    Contact.objects.filter(user_id=who.user_id).update(**{where: RIGHT})
    cast.happened(who, "<script>alert(1)</script>", cast.SLOT, note=RIGHT)
    content = page(csm, who).content.decode()
    assert "<img src=x" not in content
    assert "<script>alert" not in content
    assert "<h1><bdi>\u202eevil" in content


def counted(client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def many(count: int) -> None:
    """One customer's past `count` times over, and as many customers beside it."""
    who = Contact.objects.get(user_id="a-1")
    for n in range(count):
        cast.customer(f"n{count}-{n:03}")
        cast.happened(who, f"fact.{n}", cast.SLOT)
    first = Message.objects.filter(account_id=who.account_id).order_by("pk")[0]
    for n in range(count):
        first.pk, first.uid, first.key = None, __import__("uuid").uuid4(), f"copy/{count}/{n}"
        first.save(force_insert=True)
        Decision.objects.create(
            at=cast.SLOT, verdict="planned", reason="slot", message_id=first.pk,
            account_id=who.account_id,
        )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["account", "message", "page"])
def test_a_page_costs_the_same_statements_at_1_3_and_300_rows(csm, name):
    who = lived()
    address = {
        "account": reverse("admin:journeys_account_changelist"),
        "message": reverse("admin:journeys_message_changelist"),
        "page": reverse("admin:journeys_account_change", args=[who.account_id]),
    }[name]
    costs = set()
    for more in (1, 2, 297):
        many(more)
        costs.add(counted(csm, address))
    assert len(costs) == 1


# --- the ledger -------------------------------------------------------------------------------------
def test_the_ledger_finds_messages_by_state_reason_journey_and_person(csm):
    lived("a", beside="b")
    everything = reverse("admin:journeys_message_changelist")

    def found(query: str) -> int:
        return len(csm.get(f"{everything}?{query}").context["cl"].result_list)

    assert found("state__exact=accepted") == Message.objects.filter(state="accepted").count()
    assert found("reason=already_done") == Message.objects.filter(reason="already_done").count()
    assert found("journey=rival") == Message.objects.filter(journey_key="rival").count() > 0
    assert (
        found("q=b%40example.jp") == Message.objects.filter(to_address="b@example.jp").count() > 0
    )


def test_a_message_tells_every_decision_in_order_with_the_frozen_letter(csm):
    """O8, O10: rule, evidence, version, what it said."""
    lived()
    message = Message.objects.get(step_id="hello")
    shown = csm.get(reverse("admin:journeys_message_change", args=[message.pk]))
    verdicts = [decision.verdict for decision, _lines in shown.context["decisions"]]
    assert verdicts == ["planned", "released", "sent"]
    assert "株式会社a" in shown.context["letter"].text
    assert dict(shown.context["headers"])["To"] == "a@example.jp"
    assert b"<iframe" in shown.content
    assert b"sandbox" in shown.content


def test_a_ledger_row_cannot_be_edited_or_deleted(csm):
    lived()
    message = Message.objects.order_by("pk")[0]
    address = reverse("admin:journeys_message_change", args=[message.pk])
    csm.post(address, {"state": "planned"})
    assert Message.objects.get(pk=message.pk).state == message.state
    assert csm.post(reverse("admin:journeys_message_delete", args=[message.pk])).status_code == 403


def test_a_nudge_shows_what_it_says_now(csm):
    lived()
    nudge = Message.objects.get(channel="nudge")
    shown = csm.get(reverse("admin:journeys_message_change", args=[nudge.pk]))
    assert shown.context["nudge"]["title"] == "目標がまだです"
