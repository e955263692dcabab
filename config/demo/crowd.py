"""The other customers of the demo, made from one line each (crowd.yaml): always the same ones.

A line says when the contract began and on which business day each stage was left; what happens in
between follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from config.demo.telling import DAYS

Call = dict[str, Any]
SETUP = (
    "company_profile", "departments", "approval_route", "chart_of_accounts", "employee_roster",
    "accounting_link",
)  # fmt: skip
FEATURES = (
    "auto_journal", "budget_alert", "evidence_search", "delegate_approval", "mobile_approval",
    "monthly_report",
)  # fmt: skip
FAMILY = (
    ("青木", "アオキ"), ("石川", "イシカワ"), ("上田", "ウエダ"), ("遠藤", "エンドウ"),
    ("小川", "オガワ"), ("片山", "カタヤマ"), ("木下", "キノシタ"), ("久保", "クボ"),
    ("近藤", "コンドウ"), ("坂本", "サカモト"), ("柴田", "シバタ"), ("杉山", "スギヤマ"),
    ("関口", "セキグチ"), ("高田", "タカダ"), ("千葉", "チバ"), ("土屋", "ツチヤ"),
    ("中島", "ナカジマ"), ("西尾", "ニシオ"), ("野口", "ノグチ"), ("原田", "ハラダ"),
    ("平井", "ヒライ"), ("福田", "フクダ"), ("星野", "ホシノ"), ("松尾", "マツオ"),
    ("三浦", "ミウラ"), ("森田", "モリタ"), ("安田", "ヤスダ"), ("吉村", "ヨシムラ"),
)  # fmt: skip
GIVEN = (
    ("恵", "メグミ"), ("健太", "ケンタ"), ("直子", "ナオコ"), ("誠", "マコト"), ("由美", "ユミ"),
    ("浩二", "コウジ"), ("香織", "カオリ"), ("大輔", "ダイスケ"), ("千尋", "チヒロ"),
    ("修", "オサム"), ("真由", "マユ"), ("隆", "タカシ"), ("彩", "アヤ"), ("学", "マナブ"),
)  # fmt: skip
CAST = (
    ("admin", ["admin"], "総務部", "課長"),
    ("keiri", ["accounting"], "経理部", "課長"),
    ("suishin", ["promoter"], "業務部", "主任"),
    ("shonin1", ["approver"], "営業部", "部長"),
    ("shonin2", ["approver"], "製造部", "部長"),
    ("shonin3", ["approver"], "管理部", "次長"),
    ("shonin4", ["approver"], "開発部", "課長"),
    ("shonin5", ["approver"], "物流部", "課長"),
)


class Customer:
    """One line of crowd.yaml, lived through."""

    def __init__(self, line: dict[str, Any], today: datetime) -> None:
        self.line, self.today = line, today
        self.start = date.fromisoformat(line["start"])
        self.left: list[int] = line.get("left", [])
        self.now: dict[str, Any] = line.get("now", {})
        self.random = Random(line["id"])  # noqa: S311 -- a story, not a secret

    def at(self, business_day: int, hour: int, minute: int = 0) -> datetime:
        """A local moment on the n-th business day of the contract."""
        day = DAYS.add(self.start, business_day)
        return datetime.combine(day, time(hour, minute), self.today.tzinfo)

    def who(self, part: str) -> str:
        return f"{self.line['id']}-{part}"

    def calls(self) -> Iterator[Call]:
        """Everything that happened to it before today, in no particular order."""
        made = [*self._begins(), *self._people(), *self._stages(), *self._habits()]
        yield from (call | {"groupId": self.line["id"], "quiet": True} for call in made)

    # --- the company and its people -------------------------------------------------------------
    def _begins(self) -> Iterator[Call]:
        line = self.line
        close = DAYS.add(self.start, self.left[3] - 1 if len(self.left) > 3 else 44)
        contract = {
            "product": "shimebi-invoice",
            "started_on": line["start"],
            "renewal_on": self.start.replace(year=self.start.year + 1).isoformat(),
            "mrr": line["mrr"],
            "touch_mode": line["touch"],
            "invoices_a_month": line.get("invoices", 15),
            "first_close_on": close.isoformat(),
        }
        traits = {name: line[name] for name in ("name", "kana", "industry", "employees")}
        traits |= {
            "owner": line.get("owner", "csm@shimebi.example"),
            "value_tier": line["tier"],
            "readiness": {"tech": 4, "hybrid": 2, "high": 1}[line["touch"]],
            "health_level": line.get("level", 4),
            "subscriptions": [contract],
        }
        traits |= {name: line[name] for name in ("partner", "law_change_impact") if name in line}
        yield {
            "type": "group",
            "at": self.at(0, 9, 5),
            "userId": self.who("admin"),
            "traits": traits,
        }

    def _people(self) -> Iterator[Call]:
        names = self.random.sample(FAMILY, len(CAST))
        known = 8 if self.left else self.now.get("people", 1)
        for n, (part, roles, department, title) in enumerate(CAST[: max(1, known)]):
            given = self.random.choice(GIVEN)
            when = self.at(0, 9, 10 + n) if n == 0 else self.at(min(1 + n // 3, 3), 11, n)
            if self.left:
                when = min(when, self.at(self.left[0], 9, n))
            yield {
                "type": "identify",
                "at": when,
                "userId": self.who(part),
                "traits": {
                    "name": f"{names[n][0]} {given[0]}",
                    "kana": f"{names[n][1]} {given[1]}",
                    "email": f"{part}@{self.line['id']}.example",
                    "roles": roles,
                    "department": department,
                    "title": title,
                },
            }

    # --- the stages -----------------------------------------------------------------------------
    def _stages(self) -> Iterator[Call]:
        parts = (self._prepare, self._setup, self._trial, self._golive)
        for n, part in enumerate(parts[: len(self.left) + 1]):
            begun = self.left[n - 1] if n else 0
            yield from part(begun, self.left[n] if n < len(self.left) else None)

    def _prepare(self, _begun: int, left: int | None) -> Iterator[Call]:
        if left is not None or self.now.get("signed_in"):
            yield self._track("admin", self.at(0, 9, 40), "user.signed_in")
        if left is not None or self.now.get("goal"):
            yield self._goal(self.at(left or 1, 14, 20))
        if self._is_handed_help() and left is not None:
            yield self._done(self.at(min(2, left), 16))

    def _setup(self, begun: int, left: int | None) -> Iterator[Call]:
        names = list(SETUP[: 6 if left is not None else self.now.get("deliverables", 0)])
        last = left if left is not None else min(begun + 6, self._today() - 1)
        if names:
            yield {
                "type": "setup",
                "at": self.at(min(begun + 1, last), 10),
                "until": self.at(last, 11),
                "userId": self.who("admin"),
                "deliverables": names,
            }
        if left is not None or self.now.get("course"):
            yield self._course("admin", "a2-setup", self.at(last, 13, 30))
        if self._is_handed_help() and left is not None:
            yield self._done(self.at(left, 17))

    def _trial(self, begun: int, left: int | None) -> Iterator[Call]:
        last = left if left is not None else self.now.get("until", self._today() - 1)
        approvers = 5 if left is not None else self.now.get("approvers", 1)
        yield {
            "type": "invoices",
            "at": self.at(begun + 1, 9, 30),
            "until": self.at(last, 11, 15),
            "count": self.now.get("approved", 12) if len(self.left) < 4 else 12,
            "userId": self.who("suishin"),
            "approvers": [self.who(f"shonin{n + 1}") for n in range(approvers)],
        }
        yield {
            "type": "expenses",
            "at": self.at(begun + 1, 10),
            "until": self.at(last, 10, 40),
            "count": 5,
            "userId": self.who("suishin"),
        }
        if left is not None or self.now.get("course"):
            yield self._course("keiri", "a3-trial", self.at(last, 14))
        if self._is_handed_help() and left is not None:
            yield self._done(self.at(left, 17))

    def _golive(self, begun: int, left: int | None) -> Iterator[Call]:
        last = left if left is not None else self._today() - 1
        if self.now.get("approved", 12) >= 12:
            yield {
                "type": "invoices",
                "at": self.at(begun + 1, 9, 30),
                "until": self.at(last, 10, 15),
                "count": 4,
                "first": 13,
                "userId": self.who("suishin"),
                "approvers": [self.who("shonin1")],
            }
        if left is not None or self.now.get("closed"):
            yield self._close(self.at(last, 11))
        if left is not None or self.now.get("answered"):
            survey = {"survey": "onboarding-complete", "score": 4 + self.random.randint(0, 1)}
            yield self._track("admin", self.at(last, 15, 10), "survey.answered", **survey)
        if self._is_handed_help() and left is not None:
            yield self._done(self.at(left, 17))

    # --- afterwards -----------------------------------------------------------------------------
    def _habits(self) -> Iterator[Call]:
        """A close a month, now and then a new feature, and the goal's number."""
        if len(self.left) < 4:
            return
        done = self.at(self.left[3], 18)
        for who in ("admin", "keiri"):
            likes = {"type": "consent", "at": done, "userId": self.who(who), "topics": ["tips"]}
            yield likes
        month = date(done.year, done.month, 1)
        while (month := (month + timedelta(days=32)).replace(day=1)) <= self.today.date():
            day = DAYS.add(month - timedelta(days=1), 3)
            close = datetime.combine(day, time(16), self.today.tzinfo)
            if done < close < self.today:
                yield self._close(close, late=month.month in self.line.get("late", ()))
        for n in range(self.line.get("features", 2)):
            when = self.at(self.left[3] + 4 + 3 * n, 11)
            if when < self.today:
                yield self._track("keiri", when, "feature.used", feature=FEATURES[n])
        for days, value in self.line.get("measured", ()):
            measured = {"metric": "月次締めの日数", "value": value}
            yield self._track("keiri", self.at(days, 10), "goal.measured", **measured)

    # --- small things ---------------------------------------------------------------------------
    def _today(self) -> int:
        return DAYS.between(self.start, self.today.date())

    def _is_handed_help(self) -> bool:
        return bool(self.line["touch"] != "tech")

    def _track(self, who: str, at: datetime, event: str, **properties: Any) -> Call:
        return {
            "type": "track",
            "at": at,
            "userId": self.who(who),
            "event": event,
            "properties": properties,
        }

    def _close(self, at: datetime, *, late: bool = False) -> Call:
        return self._track("keiri", at, "close.completed", on_time=not late)

    def _course(self, who: str, course: str, at: datetime) -> Call:
        return {"type": "course", "at": at, "userId": self.who(who), "course": course}

    def _goal(self, at: datetime) -> Call:
        before = self.line.get("before", 8)
        aim = {"metric": "月次締めの日数", "unit": "日", "baseline": before, "target": before - 3}
        return self._track("admin", at, "goal.set", **aim)

    def _done(self, at: datetime) -> Call:
        return {"type": "done", "at": at, "by": "csm@shimebi.example"}
