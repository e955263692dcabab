"""Writing texts: previewed by the sender's own rendering, kept whatever is wrong with them."""

from __future__ import annotations

import pytest

from journeys import engine
from journeys.admin.editor import drafts
from journeys.models import Message, Template, TemplateVersion
from tests import cast
from tests.journeys.admin.conftest import as_, form, post, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def letter(vendor) -> Template:
    return Template.objects.get(key="hello")


def save(client, letter, **changes: str):
    return client.post(url("save", letter), form(client, letter, **changes))


def test_a_letter_is_written_from_nothing_and_published(ops):
    ops.post("/admin/journeys/template/add/", {"name": "Mine", "key": "mine", "channel": "email"})
    mine = Template.objects.get(key="mine")
    save(ops, mine, topic="start", persona="mori", subject="Hello", body="Text",
         button__label="Go", button__to="goal")  # fmt: skip
    assert post(ops, mine, "publish_now").status_code == 302
    assert "Text" in TemplateVersion.objects.get(template=mine).compiled["text"]


def test_the_preview_shows_the_letter_as_the_chosen_person_gets_it(ops, letter):
    """O3: company, name and 様; plain text from the same content; no message comes of it."""
    who = cast.customer("a")
    engine.tick(cast.CONTRACT_DAY)
    before = Message.objects.count()
    shown = ops.get(url("change", letter) + f"?contact={who.pk}").context["preview"]
    assert "株式会社a" in shown.html
    assert "a 花子 様" in shown.text.replace("　", " ")
    assert Message.objects.count() == before


def test_the_preview_follows_what_is_typed_without_saving_it(ops, letter):
    said = form(ops, letter, subject="Typed {{ person_name }}")
    shown = ops.post(url("look", letter), said).context["preview"]
    assert shown.subject == "Typed 〔person_name〕"
    letter.refresh_from_db()
    assert letter.draft is None


def test_whoever_may_not_see_customers_previews_without_one(letter):
    """R101: marketing reads texts; a customer's name is not among them."""
    who = cast.customer("a")
    page = as_("marketing").get(url("change", letter) + f"?contact={who.pk}")
    assert (page.status_code, page.context["contacts"], page.context["chosen"]) == (200, [], None)
    assert "株式会社a" not in page.content.decode()


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("subject", "a\nBcc: x"), ("subject", "x" * 1000), ("subject", "   "),
        ("body", "{{ contact.groups }}"), ("body", "{% include 'x' %}"),
        ("button__to", "javascript:alert(1)"), ("subject", "abc\u202edef"), ("topic", "nothing"),
    ],
)  # fmt: skip
def test_a_wrong_text_is_kept_marked_and_not_published(ops, letter, field, typed):
    """4.3.45, 4.3.47, 4.6: field errors, and the draft stays."""
    save(ops, letter, **{field: typed})
    name = field.replace("__", ".")
    page = ops.get(url("change", letter))
    row = next(r for r in page.context["rows"] if r.field.name == name)
    assert page.context["problems"]
    assert typed.strip() in (row.value, "")
    post(ops, letter, "publish_now")
    assert TemplateVersion.objects.filter(template=letter).count() == 1


def test_a_letters_markup_never_becomes_the_pages_own(ops, letter):
    save(ops, letter, body="<script>alert(1)</script>", name="<b>Bold</b>")
    content = ops.get(url("change", letter)).content.decode()
    assert "<script>alert(1)" not in content
    assert "<b>Bold" not in content


def test_publishing_a_new_text_is_a_new_version_and_names_who_says_it(ops, letter):
    save(ops, letter, body="Newer")
    page = ops.get(url("publish", letter))
    assert [name for name, _pk in page.context["used_by"]] == ["ようこそ"]
    post(ops, letter, "publish_now")
    assert letter.versions.get(status="published").number == 2
    assert drafts.read(Template.objects.get(pk=letter.pk)).is_changed is False
