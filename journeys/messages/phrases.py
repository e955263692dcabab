"""The frame of every letter in both languages: greeting, footer, dates.

Not in the gettext catalogues: these words are part of a published letter and of the law's
requirements (R47), and must not change or go missing with a catalogue.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

LANGUAGES = ("ja", "en")
WEEKDAYS = {"ja": "月火水木金土日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip

PHRASES: dict[str, dict[str, str]] = {
    "ja": {
        "greeting": "いつも大変お世話になっております。{organisation}の{sender}です。",
        "button_fallback": "ボタンが開かないとき：",
        "link_until": "このリンクは{until}まで、何度でもお使いいただけます。パスワードは要りません。",
        "why": "このメールは、{organisation}のサービスをお使いの方へ「{topic}」としてお送りしています。",
        "stop": "配信停止ができます",
        "stop_note": "（確認の画面が開きます）",
        "preferences": "受け取る内容を選ぶ",
        "sender": "送信者：",
        "complaints": "お問い合わせ・苦情：",
    },
    "en": {
        "greeting": "This is {sender} of {organisation}.",
        "button_fallback": "If the button does not open:",
        "link_until": "You can use this link as often as you like until {until}. No password needed.",
        "why": "You receive this e-mail as a user of {organisation}, under the topic “{topic}”.",
        "stop": "You can stop these e-mails",
        "stop_note": " (a page asks you to confirm)",
        "preferences": "Choose what you receive",
        "sender": "Sent by: ",
        "complaints": "Questions and complaints: ",
    },
}


def language_of(locale: str) -> str:
    """The letters' language for a person's locale: Japanese unless it is English."""
    return "en" if locale.lower().startswith("en") else "ja"


def day(when: date, today: date, language: str) -> str:
    """6月8日（月） or Mon 8 June; with the year when it is another one."""
    weekday = WEEKDAYS[language][when.weekday()]
    other_year = when.year != today.year
    if language == "ja":
        year = f"{when.year}年" if other_year else ""
        return f"{year}{when.month}月{when.day}日（{weekday}）"
    return f"{weekday} {when.day} {MONTHS[when.month - 1]}" + (
        f" {when.year}" if other_year else ""
    )


def moment(when: datetime, now: datetime, zone: str, language: str) -> str:
    """A day with its local time: 5月14日（木）10:00."""
    local, here = when.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    space = "" if language == "ja" else ", "
    return f"{day(local.date(), here.date(), language)}{space}{local.hour}:{local.minute:02d}"
