"""The texts of the interface are found, checked and compiled without gettext's programs."""

from __future__ import annotations

import gettext
import os
from pathlib import Path

import pytest

from config import catalogue_sources, catalogues
from config.catalogue_sources import Key

JAPANESE = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project of its own."""
    monkeypatch.setattr(catalogues, "ROOT", tmp_path)
    monkeypatch.setattr(catalogues, "LOCALES", tmp_path / "locale")
    return tmp_path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_python_texts_are_found_with_their_context_and_plural():
    source = (
        "_('Send ' 'now')\n"
        "pgettext_lazy('month', 'May')\n"
        "translation.ngettext('%(n)s day', '%(n)s days', n)\n"
        "_(variable)\n"
        "other('not a text')\n"
    )

    assert list(catalogue_sources.in_python(source, "x.py")) == [
        Key("Send now"),
        Key("May", context="month"),
        Key("%(n)s day", plural="%(n)s days"),
    ]


def test_an_f_string_cannot_be_translated():
    with pytest.raises(catalogue_sources.NotExtractable, match=r"x\.py:1"):
        list(catalogue_sources.in_python("_(f'{n} days')", "x.py"))


def test_template_texts_are_found_in_every_form():
    source = (
        "{% load i18n %}{% translate 'Home' %}{% translate \"It's\" context 'greeting' %}"
        "{% blocktranslate trimmed with name=user.name %}\n  Hello\n  {{ name }}\n"
        "{% endblocktranslate %}"
        "{% blocktranslate count n=items %}one{% plural %}{{ n }} many{% endblocktranslate %}"
        "{{ title|default:_('Untitled') }}<p>plain</p>"
    )

    assert set(catalogue_sources.in_template(source, "x.html")) == {
        Key("Home"),
        Key("It's", context="greeting"),
        Key("Hello %(name)s"),
        Key("one", plural="%(n)s many"),
        Key("Untitled"),
    }


def test_a_text_without_translation_is_named_with_its_file(house: Path):
    write(house / "journeys/models/x.py", "_('Done')\n_('Left')\n")
    write(house / "locale/parts/me.po", 'msgid "Done"\nmsgstr "完了"\n')

    assert catalogues.problems() == ["journeys/models/x.py: not translated: 'Left'"]


def test_a_lost_placeholder_is_a_problem(house: Path):
    write(house / "journeys/x.py", "_('%(n)s left for %(name)s')\n")
    write(
        house / "locale/parts/me.po",
        'msgid "%(n)s left for %(name)s"\nmsgstr "あと%(n)s件"\n',
    )

    assert catalogues.problems() == [
        "other placeholders than in English: '%(n)s left for %(name)s'"
    ]


def test_two_authors_who_differ_are_told(house: Path):
    write(house / "locale/parts/a.po", 'msgid "Done"\nmsgstr "完了"\n')
    write(house / "locale/parts/b.po", 'msgid "Done"\nmsgstr "終了"\n')

    assert catalogues.problems() == ["b.po and a.po differ: 'Done'"]


def test_merging_keeps_what_is_used_and_drops_the_rest(house: Path):
    write(house / "journeys/x.py", "_('Done')\n_('Left')\n")
    write(house / "locale/parts/me.po", 'msgid "Done"\nmsgstr "完了"\n\nmsgid "Old"\nmsgstr "旧"\n')

    catalogues.merge_parts()
    (house / "locale/parts/me.po").unlink()

    texts = {key.msgid: entry.msgstr for key, entry in catalogues.read("ja").items()}
    assert texts == {"Done": "完了", "Left": ""}
    assert catalogues.path_of("en").exists()


def test_compiling_writes_only_what_is_stale(house: Path):
    source = write(house / "locale/ja/LC_MESSAGES/django.po", JAPANESE + 'msgid "a"\nmsgstr "あ"\n')
    mo = source.with_suffix(".mo")

    assert catalogues.compile_stale() == [mo]
    assert catalogues.compile_stale() == []
    os.utime(mo, (0, 0))
    assert catalogues.compile_stale() == [mo]
    with mo.open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("a") == "あ"
