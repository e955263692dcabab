"""A letter from document to bytes: both twins, the law's words, both languages, byte for byte."""

from __future__ import annotations

import hashlib
import re
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from journeys.channels import email
from journeys.messages import compiling, delivery, rendering
from journeys.messages.liquid import BadTemplate
from journeys.models import Message
from tests.journeys.messages import world
from tests.journeys.messages.world import NOW

pytestmark = pytest.mark.django_db
GOLDEN = Path(__file__).parent / "golden"
GOLDEN_UID = uuid.UUID("00000000-0000-4000-8000-000000000001")


def frozen(**changes: Any) -> Message:
    message = world.message(**changes)
    message.frozen = rendering.freeze(message, NOW)
    return message


def compiled(category: str = "guidance", **changes: Any) -> dict[str, Any]:
    document = world.LETTER | {"topic": world.topic(category).key} | changes
    return compiling.compile_email(document, world.persona())


@override_settings(SECRET_KEY="golden", SECRET_KEY_FALLBACKS=[], BASE_URL="https://learn.example")
def test_golden_mail() -> None:
    """The whole first letter as it stands on disk. Renew it knowingly: delete the file and run."""
    contact = world.customer(email="okano@minato.example")
    contact.person.uid = contact.uid = GOLDEN_UID
    message = world.message(contact, uid=GOLDEN_UID)
    message.frozen = rendering.freeze(message, NOW)

    made = delivery.mail_of(message).message().as_bytes()

    kept = GOLDEN / "m01.eml"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(made)
    assert made == kept.read_bytes()


def test_i22_every_attempt_makes_the_same_bytes() -> None:
    message = frozen()
    message.save(update_fields=["frozen"])
    hashes = set()
    for _attempt in range(3):
        again = Message.objects.select_related("template_version").get(pk=message.pk)
        hashes.add(hashlib.sha256(delivery.mail_of(again).message().as_bytes()).hexdigest())

    assert len(hashes) == 1


def test_i22_what_changes_after_the_freeze_does_not_change_the_letter() -> None:
    message = frozen()
    before = delivery.mail_of(message).message().as_bytes()
    persona = world.persona()
    persona.name, persona.legal_name = "別人", "別会社"
    persona.save(update_fields=["name", "legal_name"])
    assert message.contact is not None
    message.contact.name = "大西 恵子"
    message.contact.save(update_fields=["name"])

    assert delivery.mail_of(message).message().as_bytes() == before


def test_r47_the_foot_of_a_letter_says_what_the_law_wants() -> None:
    message = frozen()
    filled = rendering.fill(message, message.frozen or {})
    stop_url = (message.frozen or {})["stop_url"]

    for twin in (filled.html, re.sub(r"\s", "", filled.text)):
        for words in (
            "株式会社シメビワークス",
            "東京都千代田区架空町1-2-3",
            "support@shimebi.example",
            "配信停止ができます",
            "導入の手順",
        ):
            assert words in twin
    assert f'<b><a href="{stop_url}"' in filled.html
    assert f"配信停止ができます（確認の画面が開きます）\n{stop_url}" in filled.text


def test_r47_a_contract_notice_has_no_stop_link_and_guidance_does() -> None:
    notice = frozen(version=world.template("transactional"))
    guidance = frozen()

    assert (notice.frozen or {})["stop_url"] is None
    assert "配信停止" not in rendering.fill(notice, notice.frozen or {}).text
    headers = [delivery.mail_of(m).message() for m in (notice, guidance)]
    assert [h["List-Unsubscribe-Post"] for h in headers] == [None, "List-Unsubscribe=One-Click"]
    assert all(h["Auto-Submitted"] == "auto-generated" for h in headers)


def test_r48_the_header_points_at_the_page_that_stops() -> None:
    message = frozen()
    made = delivery.mail_of(message).message()

    assert made["List-Unsubscribe"] == f"<{(message.frozen or {})['stop_url']}>"
    assert made["Message-ID"] == f"<{message.uid}@mail.shimebi.example>"
    assert made["Reply-To"] == "csm@shimebi.example"


@pytest.mark.parametrize("field", ["legal_name", "postal_address", "complaints_to"])
def test_i24_a_sender_the_law_does_not_know_cannot_be_published(field: str) -> None:
    world.persona(**{field: " "})

    with pytest.raises(BadTemplate, match=field):
        compiled()
    assert compiled("transactional")["links"] == [{"target": "goal", "label": "登録する（約2分）"}]


def test_i24_a_letter_without_its_stop_is_not_composed() -> None:
    letter = delivery.letter_of(frozen())
    without = email.Letter(**(letter.__dict__ | {"html": "<p>no stop</p>"}))

    with pytest.raises(email.Unlawful):
        email.compose(without)


def test_i28_guidance_cannot_leave_with_a_contract_notices_text() -> None:
    smuggled = world.message(version=world.template("transactional"), category="guidance")

    delivery.send_due(NOW)

    smuggled.refresh_from_db()
    assert (smuggled.state, smuggled.reason) == ("failed", "bad_text")


def test_r52_the_letter_is_one_column_readable_and_dark_mode_safe() -> None:
    html = compiled()["html"]

    assert 'lang="ja"' in html
    assert "max-width:600px" in html
    sizes = {int(s) for s in re.findall(r"font-size:(\d+)px", html)}
    assert sizes - {0, 1} == {14, 16}  # 0 and 1: spacers and the hidden preview
    assert "line-height:1.8" in html
    assert '<meta name="color-scheme" content="light dark"' in html
    assert "@media (prefers-color-scheme:dark)" in html
    assert html.count("{{ frame_link_0 }}") == 2  # the button, and the address beside it
    assert "var(--" not in html


def test_r52_the_twin_says_what_the_letter_says() -> None:
    message = frozen()
    filled = rendering.fill(message, message.frozen or {})
    body = filled.html[filled.html.index("<body") :]
    words = re.sub(r"<[^>]+>|\s", "", re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL))

    for line in filled.text.splitlines():
        written = re.sub(r"\s", "", line.lstrip("・▼"))
        if written and "://" not in written and written != "--":
            assert written in words, line


def test_an_english_reader_gets_the_english_letter_and_dates() -> None:
    english = {"subject": "Your goal", "body": "Until {{ stage_due }}.", "closing": "",
               "button": {"label": "Enter it"}}  # fmt: skip
    reader = world.customer("Satomi Okano", locale="en-GB")
    message = frozen(contact=reader, version=world.template(en=english))

    filled = rendering.fill(message, message.frozen or {})

    assert filled.subject == "Your goal"
    assert "Dear Satomi Okano,\n\nThis is 水沢 真帆 of シメビワークス.\n" in filled.text
    assert "Until Mon 18 May." in filled.text
    assert "You can stop these e-mails" in filled.text
    assert 'lang="en"' in filled.html


def test_an_english_reader_of_a_japanese_letter_can_read_how_to_stop() -> None:
    message = frozen(contact=world.customer(locale="en"))

    filled = rendering.fill(message, message.frozen or {})

    assert "岡野 里美 様" in filled.text
    assert "You can stop these e-mails" in filled.text


def test_74_a_name_with_markup_stays_a_name() -> None:
    message = frozen(contact=world.customer('<img src="https://x.example/t.gif">{{ 7 }}'))
    filled = rendering.fill(message, message.frozen or {})

    assert '<img src="https://x' not in filled.html
    assert '<img src="https://x.example/t.gif">{{ 7 }} 様' in filled.text.replace("\n", "")


@pytest.mark.parametrize(
    "address", ["a@x.example, b@y.example", "a@x.example\r\nBcc: b@y", "nobody", ""]
)
def test_a_message_goes_to_one_checked_address(address: str) -> None:
    message = world.message(to_address=address)
    message.person.addresses.all().delete()

    with pytest.raises(rendering.NoAddress):
        rendering.freeze(message, NOW)


def test_the_link_is_good_for_72_hours_and_the_letter_says_so() -> None:
    message = frozen()
    filled = rendering.fill(message, message.frozen or {})

    assert (message.frozen or {})["until"] == (NOW + timedelta(hours=72)).isoformat()
    assert "このリンクは5月14日（木）10:00まで" in filled.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": "{{ nmae }}"}, "subject"),
        ({"subject": "two\nlines"}, "subject"),
        ({"body": "{% include 'x' %}"}, "body"),
        ({"body": "あ" * 20_000}, "body"),
        ({"body": "a\x00b"}, "body"),
        ({"closing": "\ue000"}, "closing"),
        ({"button": {"label": "x", "to": "javascript:alert(1)"}}, "button.to"),
        ({"button": {"label": "x", "to": "https://evil.example/"}}, "button.to"),
        ({"button": {"label": "x", "to": "lesson:"}}, "button.to"),
        ({"en": {"subject": "{{ nmae }}", "body": "x"}}, "en.subject"),
    ],
)
def test_what_is_wrong_with_a_text_is_said_at_its_field(
    changes: dict[str, Any], field: str
) -> None:
    problems = rendering.problems_of(world.LETTER | changes)

    assert [found for found, _sentence in problems] == [field]


def test_a_nudge_reads_as_it_is_now() -> None:
    document = {"channel": "nudge", "title": "{{ person_name }}さん", "body": "{{ stage_due }}まで",
                "button": {"label": "入れる", "to": "goal"}, "style": "banner", "page": "home"}  # fmt: skip
    message = world.message()
    assert message.template_version is not None
    message.template_version.compiled = compiling.compile_nudge(document)

    view = rendering.nudge_view(message, NOW)

    assert (view["title"], view["body"]) == ("岡野 里美さん", "5月18日（月）まで")
    assert view["button"]["to"] == "goal"
