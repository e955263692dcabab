"""The doors under /m/: numbers 100–110, I25, R48, R50."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from journeys import clock
from journeys.messages import delivery, links, targets
from journeys.models import Click, Consent, Link, Message, Person
from tests.journeys.messages import world
from tests.journeys.messages.world import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_the_doors(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, datetime]]:
    """The doors' clock; move it by writing to ["now"]."""
    moment = {"now": NOW + timedelta(minutes=14)}
    monkeypatch.setattr(clock, "now", lambda: moment["now"])
    cache.clear()
    yield moment
    cache.clear()


@pytest.fixture
def letter() -> Message:
    """A message that has left."""
    message = world.message(version=world.template(button={"label": "登録する", "to": "goal"}))
    delivery.send_due(NOW)
    message.refresh_from_db()
    return message


def paths_in(mailed: Any) -> dict[str, str]:
    """The paths of the links in a mail's text by their kind: c, u, p."""
    urls = re.findall(r"https?://\S+/m/\S+", mailed.body)
    return {urlsplit(url).path.split("/")[2]: urlsplit(url).path for url in urls}


def browser() -> Client:
    """A browser that keeps cookies and is held to the forms it was shown."""
    return Client(enforce_csrf_checks=True, headers={"origin": "null"})


def press(client: Client, path: str, **fields: str) -> Any:
    """Open a page and send its form as a person would."""
    shown = client.get(path)
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', shown.content.decode())
    token = {"csrfmiddlewaretoken": found[1]} if found else {}
    return client.post(path, {**token, **fields})


def rows() -> dict[str, int]:
    return {m.__name__: m.objects.count() for m in (Click, Consent, Message, Link)}


def test_a_link_opens_a_visit_after_one_button(letter: Message) -> None:
    client, path = browser(), paths_in(mail.outbox[0])["c"]

    shown = client.get(path)
    opened = press(client, path)

    assert "岡野 里美" in shown.content.decode()
    assert (opened.status_code, opened["Location"]) == (303, targets.resolve("goal"))
    contact = letter.contact
    assert contact is not None
    assert client.session["visit"] == {
        "contact": str(contact.uid),
        "until": (NOW + timedelta(minutes=14, hours=72)).isoformat(),
        "scope": "guest",
    }
    clicked = Click.objects.get()
    assert (clicked.message_id, clicked.contact_id) == (letter.pk, contact.pk)


def test_a_link_can_be_used_again_on_another_device(letter: Message) -> None:
    path = paths_in(mail.outbox[0])["c"]

    assert [press(browser(), path).status_code for _device in range(3)] == [303] * 3


def test_i25_101_looking_changes_nothing(letter: Message) -> None:
    before = rows()

    for path in paths_in(mail.outbox[0]).values():
        for ask in ("get", "head", "options", "get", "head"):
            client = browser()
            assert getattr(client, ask)(path).status_code == 200
            assert "visit" not in client.session

    assert rows() == before


def test_a_post_from_elsewhere_opens_nothing(letter: Message) -> None:
    """Scanners that post, and other sites' forms: they were not shown the page."""
    client, path = browser(), paths_in(mail.outbox[0])["c"]

    assert client.post(path).status_code == 403

    assert "visit" not in client.session
    assert not Click.objects.exists()


@pytest.mark.parametrize("kind", ["c", "u", "p"])
@pytest.mark.parametrize("change", ["cut", "altered", "quoted", "foreign", "empty seal"])
def test_100_107_a_broken_link_is_one_friendly_page(
    letter: Message, kind: str, change: str
) -> None:
    paths = paths_in(mail.outbox[0])
    path, other = paths[kind], paths["p" if kind != "p" else "u"]
    token = path.rpartition("/")[2]
    broken = {
        "cut": token[:-3],
        "altered": ("B" if token[0] != "B" else "C") + token[1:],
        "quoted": token[:20] + "=3D" + token[20:],
        "foreign": other.rpartition("/")[2],
        "empty seal": token.partition(".")[0] + ".",
    }[change]

    answer = browser().get(f"/m/{kind}/{broken}")

    assert answer.status_code == 404
    assert 'href="/m/new"' in answer.content.decode()
    assert "Location" not in answer


def test_100_an_old_link_offers_a_new_one_which_opens_the_same(
    letter: Message, at_the_doors: dict[str, datetime]
) -> None:
    client, path = browser(), paths_in(mail.outbox[0])["c"]
    later = at_the_doors["now"] = NOW + timedelta(hours=72)

    assert client.get(path).status_code == 410
    assert press(client, f"{path}/new").status_code == 200
    delivery.send_due(later)

    assert mail.outbox[1].to == [letter.to_address]
    assert "List-Unsubscribe" not in mail.outbox[1].extra_headers
    fresh = press(browser(), paths_in(mail.outbox[1])["c"])
    assert (fresh.status_code, fresh["Location"]) == (303, targets.resolve("goal"))


def test_103_an_unknown_address_gets_the_same_answer_and_no_mail(letter: Message) -> None:
    mail.outbox.clear()
    answers = [
        press(browser(), "/m/new", email=address)
        for address in (letter.to_address.upper(), "nobody@elsewhere.example")
    ]
    delivery.send_due(NOW + timedelta(minutes=15))

    secret = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')
    first, second = (secret.sub("", a.content.decode()) for a in answers)
    assert first == second
    assert [m.to for m in mail.outbox] == [[letter.to_address.upper()]]


@pytest.mark.parametrize("known", [True, False])
def test_104_the_sixth_time_in_five_minutes_is_too_often(letter: Message, known: bool) -> None:
    address = letter.to_address if known else "nobody@elsewhere.example"

    codes = [press(browser(), "/m/new", email=address).status_code for _n in range(6)]

    assert codes == [200] * 5 + [429]
    assert Message.objects.filter(key__startswith="manual/").count() == (5 if known else 0)


@pytest.mark.parametrize(
    "target", ["//evil.example", "https:evil.example", "/\\evil.example", "javascript:alert(1)",
               "https://evil.example/", "http://evil.example", "lesson:gone", "nonsense"]
)  # fmt: skip
def test_105_a_target_leads_to_this_site_or_an_allowed_host(letter: Message, target: str) -> None:
    Link.objects.update(target=target)

    opened = press(browser(), paths_in(mail.outbox[0])["c"])

    assert (opened.status_code, opened["Location"]) == (303, "/")


def test_the_addresses_of_these_pages_are_told_to_nobody(letter: Message) -> None:
    for path in paths_in(mail.outbox[0]).values():
        answer = browser().get(path)
        assert answer["Cache-Control"] == "no-store"
        assert answer["Referrer-Policy"] == "no-referrer"


# --- stopping -----------------------------------------------------------------------------------------
def one_click(path: str, body: str = "List-Unsubscribe=One-Click") -> Any:
    """As a mail program does it: no cookies, no page, no referrer."""
    client = Client(enforce_csrf_checks=True)
    return client.post(path, body, content_type="application/x-www-form-urlencoded")


def test_r48_108_one_click_stops_at_once_and_always_answers_200(letter: Message) -> None:
    path = paths_in(mail.outbox[0])["u"]

    codes = [
        one_click(path).status_code,
        one_click(path).status_code,
        one_click(path, "x").status_code,
    ]

    assert codes == [200] * 3
    answer = Consent.objects.get()
    assert (answer.person, answer.topic, answer.answer) == (letter.person, "onboarding", "no")
    assert answer.how == "one_click"


def test_108_one_click_answers_200_also_after_the_person_was_erased(letter: Message) -> None:
    path = paths_in(mail.outbox[0])["u"]
    Person.objects.all().delete()

    assert one_click(path).status_code == 200
    assert browser().get(path).status_code == 410


def test_109_parameters_do_not_say_who_is_stopped(letter: Message) -> None:
    other = world.customer("大西 恵子")
    path = paths_in(mail.outbox[0])["u"]

    one_click(path, f"List-Unsubscribe=One-Click&email={other.email}&person={other.person.uid}")

    assert [c.person for c in Consent.objects.all()] == [letter.person]


def test_110_the_page_asks_shows_a_masked_address_and_can_undo(letter: Message) -> None:
    client, path = browser(), paths_in(mail.outbox[0])["u"]
    asked = client.get(path).content.decode()

    stopped = client.post(path, {"by_page": "1"}).content.decode()
    undone = client.post(path, {"by_page": "1", "undo": "1"}).content.decode()

    local, _at, domain = letter.to_address.partition("@")
    masked = f"{local[0]}•••{local[-1]}@{domain}"
    for page in (asked, stopped, undone):
        assert masked in page
        assert letter.to_address not in page
        assert "導入の手順" in page
    assert list(Consent.objects.order_by("pk").values_list("answer", flat=True)) == ["no", "yes"]


# --- preferences ----------------------------------------------------------------------------------------
def test_r48_preferences_stop_and_resume_topics(letter: Message) -> None:
    for category in ("promotional", "transactional"):
        world.topic(category)
    client, path = browser(), paths_in(mail.outbox[0])["p"]

    saved = press(client, path, topic="tips", do="save")

    assert saved.status_code == 303
    live = Consent.objects.filter(to_at=None).order_by("topic").values_list("topic", "answer")
    assert list(live) == [("onboarding", "no"), ("tips", "yes")]


def test_r48_stop_everything_but_contract_notices_and_begin_again(letter: Message) -> None:
    client, path = browser(), paths_in(mail.outbox[0])["p"]

    press(client, path, do="stop_all")
    following = world.message(letter.contact)
    delivery.send_due(NOW + timedelta(minutes=20))
    following.refresh_from_db()
    assert following.reason == "opted_out"

    press(client, path, topic="onboarding", do="save")
    live = Consent.objects.filter(to_at=None).order_by("topic").values_list("topic", "answer")
    assert list(live) == [("onboarding", "yes")]


def test_a_token_for_one_door_opens_no_other(letter: Message) -> None:
    token = links.preferences_token(letter.person.uid)

    assert links.read_preferences(token) == letter.person.uid
    assert links.read_click(token) is None
    assert links.read_stop(token) is None
