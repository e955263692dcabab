"""The texts of the interface: English in the code, Japanese in locale/ja.

Pure Python, so that neither a build nor a test needs gettext's programs. An author adds a
fragment `locale/parts/NAME.po` (msgid and msgstr pairs, no header); `merge_parts` carries the
fragments into the catalogue, and until then `compile_stale` reads both.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import polib

from config import catalogue_sources
from config.catalogue_sources import Key

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ROOT / "locale"
TRANSLATED = ("ja",)
SOURCE_LANGUAGE = "en"

HEADERS = {
    "ja": {"Language": "ja", "Plural-Forms": "nplurals=1; plural=0;"},
    "en": {"Language": "en", "Plural-Forms": "nplurals=2; plural=(n != 1);"},
}
PLACEHOLDER = re.compile(r"%\(\w+\)[-#0 +.\d]*[a-zA-Z]|%[sdif]|\{\w*\}")


def compile_stale() -> list[Path]:
    """Write each django.mo that is older than what it is made from; gives the paths written."""
    return [
        mo
        for language in (*TRANSLATED, SOURCE_LANGUAGE)
        if _is_stale(mo := path_of(language).with_suffix(".mo"), _sources(language))
        and _write_mo(mo, read(language))
    ]


def merge_parts() -> list[str]:
    """Carry every fragment into the Japanese catalogue and refresh the list of used texts.

    Entries no code uses any more are dropped. Gives the conflicts: a text that two fragments
    translate differently keeps the first one met.
    """
    conflicts = conflicting_parts()
    merged = read("ja")
    used = catalogue_sources.used(ROOT)
    catalogue = _empty("ja")
    for key in sorted(used, key=lambda k: (min(used[k]), k.msgid, k.context or "")):
        entry = merged.get(key) or polib.POEntry(
            msgid=key.msgid, msgctxt=key.context, msgid_plural=key.plural
        )
        entry.occurrences = [(path, "") for path in sorted(used[key])]
        catalogue.append(entry)
    _save(catalogue, path_of("ja"))
    _save(_empty(SOURCE_LANGUAGE), path_of(SOURCE_LANGUAGE))
    return conflicts


def problems() -> list[str]:
    """What keeps the Japanese interface from being whole, one sentence each."""
    used, known = catalogue_sources.used(ROOT), read("ja")
    missing = [
        f"{min(used[key])}: not translated: {key.msgid!r}"
        for key in used
        if key not in known or not _texts(known[key])
    ]
    fuzzy = [f"fuzzy: {key.msgid!r}" for key, entry in known.items() if entry.fuzzy]
    broken = [
        f"other placeholders than in English: {key.msgid!r}"
        for key, entry in known.items()
        if key in used and not _same_placeholders(entry)
    ]
    return sorted(missing) + sorted(fuzzy) + sorted(broken) + conflicting_parts()


def conflicting_parts() -> list[str]:
    """Texts that two fragments translate differently."""
    seen: dict[Key, tuple[str, list[str]]] = {}
    found = []
    for part in parts():
        for entry in polib.pofile(str(part)):
            first, texts = seen.setdefault(_key(entry), (part.name, _texts(entry)))
            if texts != _texts(entry):
                found.append(f"{part.name} and {first} differ: {entry.msgid!r}")
    return found


def read(language: str) -> dict[Key, polib.POEntry]:
    """The catalogue of a language; fragments fill what the catalogue leaves open."""
    entries: dict[Key, polib.POEntry] = {}
    for path in _sources(language):
        for entry in polib.pofile(str(path)):
            if entry.obsolete or (_key(entry) in entries and _texts(entries[_key(entry)])):
                continue
            entries[_key(entry)] = entry
    return entries


def parts() -> list[Path]:
    return sorted((LOCALES / "parts").glob("*.po"))


def path_of(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "django.po"


def _sources(language: str) -> list[Path]:
    own = [path_of(language)] if path_of(language).exists() else []
    return own + (parts() if language in TRANSLATED else [])


def _is_stale(mo: Path, sources: Iterable[Path]) -> bool:
    newest = max((source.stat().st_mtime for source in sources), default=0.0)
    return newest > 0 and (not mo.exists() or mo.stat().st_mtime < newest)


def _write_mo(mo: Path, entries: dict[Key, polib.POEntry]) -> bool:
    """Replace the file in one step: test processes beside us may be reading it."""
    catalogue = _empty(mo.parent.parent.name)
    catalogue.extend(entry for entry in entries.values() if _texts(entry) and not entry.fuzzy)
    mo.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=mo.parent, suffix=".mo", delete=False) as temporary:
        temporary.write(catalogue.to_binary())
    os.chmod(temporary.name, 0o644)
    os.replace(temporary.name, mo)
    return True


def _empty(language: str) -> polib.POFile:
    catalogue = polib.POFile(wrapwidth=100)
    catalogue.metadata = {
        "Project-Id-Version": "junro",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        **HEADERS[language],
    }
    return catalogue


def _save(catalogue: polib.POFile, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(path))


def _key(entry: polib.POEntry) -> Key:
    return Key(entry.msgid, entry.msgctxt or None, entry.msgid_plural or None)


def _texts(entry: polib.POEntry) -> list[str]:
    texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
    return [text for text in texts if text]


def _same_placeholders(entry: polib.POEntry) -> bool:
    """Every form uses the placeholders of the English text; a plural may leave its number out."""
    wanted = Counter(_placeholders(entry.msgid_plural or entry.msgid))
    return all(set(_placeholders(text)) == set(wanted) for text in _texts(entry))


def _placeholders(text: str) -> Iterator[str]:
    return (match.group() for match in PLACEHOLDER.finditer(text.replace("%%", "")))


if __name__ == "__main__":  # for make, which needs the texts before there are settings
    compile_stale()
