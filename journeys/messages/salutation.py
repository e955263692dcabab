"""How a letter addresses its reader: 会社名 + 部署・役職 + 氏名 様 (R45). Pure."""

from __future__ import annotations

import re
import unicodedata

#: What systems write where they know no name.
NOTHING = frozenset({"", "none", "null", "nan", "undefined", "n/a", "-", "ー", "未設定", "不明"})
_HONORIFIC = re.compile(r"[\s　]*(様|さま|さん|殿|御中|先生|ご担当者)$")
_LEADS = re.compile(r"^(?:(?:株式会社|㈱|\(株\)|（株）)\s*)+")
_TRAILS = re.compile(r"(?:\s*(?:株式会社|㈱|\(株\)|（株）))+$")
_FORM = "株式会社"
#: A "name" that is a unit of an organisation, as shared mailboxes have: 御中, not 様.
_UNIT = re.compile(
    r"(株式会社|有限会社|合同会社|法人|部|課|室|係|局|グループ|チーム|窓口|事務局|センター)$"
)


def lines(company: str, department: str, title: str, name: str, language: str) -> tuple[str, ...]:
    """The salutation as lines of text; never empty, never with a placeholder in it."""
    company, department, title = company_name(company), _text(department), _text(title)
    who = bare_name(name)
    if language == "en":
        return _english(company, who)
    place = " ".join(part for part in (department, title) if part)
    if not who:
        return _unnamed(company, department)
    if is_unit(who):
        return tuple(line for line in (company, f"{who} 御中") if line)
    return tuple(line for line in (company, place, f"{who} 様") if line)


def company_name(value: str) -> str:
    """The company as it is written in letters: 株式会社 spelled out, and only once."""
    text = _text(value)
    core = _TRAILS.sub("", _LEADS.sub("", text))
    if not core or core == text:
        return core
    return f"{_FORM}{core}" if _LEADS.match(text) else f"{core}{_FORM}"


def bare_name(value: str) -> str:
    """A name without the honorific some systems store with it."""
    text, before = _text(value), ""
    while text != before:
        before, text = text, _HONORIFIC.sub("", text)
    return text


def is_unit(name: str) -> bool:
    """Whether a "name" is an organisation or a part of one rather than a human."""
    if name.startswith(_FORM):
        return True
    # 阿部 and 服部 are people: a human's name has a space or is short.
    return len(name) > 2 and " " not in name and bool(_UNIT.search(name))


def family_name(value: str) -> str:
    """How a Japanese sender names themselves: 水沢 of 水沢 真帆; a desk's name stays whole."""
    return (_text(value).split(" ") or [""])[0]


def _unnamed(company: str, department: str) -> tuple[str, ...]:
    if company and department:
        return (company, f"{department} ご担当者様")
    return (f"{company} ご担当者様".strip(),)


def _english(company: str, who: str) -> tuple[str, ...]:
    if who:
        return (f"Dear {who},",)
    return (f"Dear {company} team,",) if company else ("Dear customer,",)


def _text(value: str) -> str:
    """One line, single spaces, no control characters; "" for what means nothing."""
    kept = "".join(
        " " if unicodedata.category(c) in ("Cc", "Zl", "Zp", "Zs") else c for c in str(value or "")
    )
    text = " ".join(kept.split())
    return "" if text.casefold() in NOTHING else text
