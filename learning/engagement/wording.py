"""The report in words: what each number counts, and what all of them say together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, npgettext, pgettext

from content.templatetags.junro_text import short_day
from learning.engagement.asking import Question
from learning.engagement.companies import Company
from learning.engagement.figures import ENOUGH, Report, Share, Whole
from learning.engagement.items import Item
from learning.models import ViewSession
from learning.wording import SOON, role_name

NOT_KNOWN = "—"


def percent(share: Share | None) -> str:
    """38%, or — where there are too few for a share or nothing to take it of."""
    if share is None or share.percent is None:
        return NOT_KNOWN
    return f"{share.percent}%"


def period(question: Question) -> str:
    """6月1日–6月30日, with the years where they differ from the present one."""
    this_year = question.days.local_date(question.now).year
    same = question.first.year == question.last.year == this_year
    days = (question.first, question.last)
    return "–".join(short_day(day) if same else f"{day:%Y-%m-%d}" for day in days)


def headline(whole: Whole) -> str:
    """One sentence: of those it reached, how many did what was asked."""
    acted = whole.acted
    if not whole.targeted:
        return _("There is nobody these pages are meant for")
    if not acted.whole:
        return _("No page that asks for a provable action has reached anybody yet")
    if acted.percent is None:
        return ngettext(
            "%(part)d of the %(whole)d person reached did what was asked",
            "%(part)d of the %(whole)d people reached did what was asked",
            acted.whole,
        ) % {"part": acted.part, "whole": acted.whole}
    return _("Of the people reached, %(percent)d%% did what was asked") % {"percent": acted.percent}


@dataclass(frozen=True)
class Stop:
    """One part of the funnel: its name, how many, and of how many that is a part."""

    name: str
    count: int
    are_companies: bool
    note: str
    width: float


def funnel(report: Report) -> list[Stop]:
    """From whom it is meant for to who left the stage, each with its own base."""
    whole = report.whole
    of_targeted = _("%(share)s of those meant")
    rows = [
        (_("Meant for"), whole.targeted, _("by stage and role")),
        (pgettext("engagement", "Reached"), whole.reached.part, _of(whole.reached, of_targeted)),
        (pgettext("engagement", "Viewed"), whole.viewed.part, _of(whole.viewed, of_targeted)),
        (_("To the end"), whole.completed.part, _of(whole.completed, _("%(share)s of readers"))),
        (_("Next action"), whole.acted.part, _of(whole.acted, _("%(share)s of those reached"))),
    ]
    stops = [
        Stop(name, count, False, note, _width(count, whole.targeted)) for name, count, note in rows
    ]
    looked = ngettext(
        "of %(count)d company that viewed", "of %(count)d companies that viewed", whole.left.whole
    ) % {"count": whole.left.whole}
    width = _width(whole.left.part, whole.left.whole)
    return [
        *stops,
        Stop(pgettext("engagement", "Left the stage"), whole.left.part, True, looked, width),
    ]


def _of(share: Share, sentence: str) -> str:
    """The share in its sentence; with few, the number it is a part of."""
    if share.percent is not None:
        return sentence % {"share": percent(share)}
    return _("of %(count)d") % {"count": share.whole}


def _width(count: int, of: int) -> float:
    return round(100 * min(count, of) / of, 1) if of else 0.0


def still_open(whole: Whole) -> list[str]:
    """What may still come: a number whose time is not over is not final."""
    readers, companies = whole.may_still_act, whole.may_still_leave
    acting = ngettext(
        "%(count)d reader is still within the 7 days.",
        "%(count)d readers are still within the 7 days.",
        readers,
    )
    leaving = ngettext(
        "%(count)d company is still within the 20 business days.",
        "%(count)d companies are still within the 20 business days.",
        companies,
    )
    both = ((acting, readers), (leaving, companies))
    return [sentence % {"count": count} for sentence, count in both if count]


def people_open(count: int) -> str:
    """How many people may still come to a number, in a table's cell; nothing for nobody."""
    text = ngettext("%(count)d person still open", "%(count)d people still open", count)
    return text % {"count": count} if count else ""


def companies_open(count: int) -> str:
    """How many companies may still come to a number; nothing for none."""
    text = ngettext("%(count)d company still open", "%(count)d companies still open", count)
    return text % {"count": count} if count else ""


@dataclass(frozen=True)
class Due:
    """A stage's deadline as staff see it: its words, a badge's tone and icon."""

    words: str
    tone: str
    icon: str


def due(day: date | None, question: Question) -> Due | None:
    """The deadline `day` from today: past, near (3 business days) or neither."""
    if day is None:
        return None
    today = question.days.local_date(question.now)
    left = question.days.between(today, day)
    if day < today:
        late = question.days.between(day, today)
        words = ngettext("%(count)d business day over", "%(count)d business days over", late)
        return Due(words % {"count": late}, "danger", "warn")
    words = ngettext("%(count)d business day left", "%(count)d business days left", left)
    is_near = left <= SOON
    return Due(words % {"count": left}, "warn" if is_near else "line", "clock" if is_near else "")


def brought(company: Company) -> str:
    """How many messages brought the item to a company, and how many of their links it followed."""
    if not company.messages:
        return _("came by themselves") if company.reached else _("not yet")
    messages = npgettext(
        "engagement", "%(count)d message", "%(count)d messages", company.messages
    ) % {"count": company.messages}
    clicks = npgettext("engagement", "%(count)d click", "%(count)d clicks", company.clicks)
    return _("%(messages)s, %(clicks)s") % {
        "messages": messages,
        "clicks": clicks % {"count": company.clicks},
    }


def about(item: Item, names: Mapping[str, str]) -> str:
    """What kind of page, for which stages, for which roles."""
    parts = [
        capfirst(str(ViewSession.Kind(item.kind).label)),
        _(", ").join(name for key, name in names.items() if key in item.stages),
        _(", ").join(role_name(role) for role in item.roles),
    ]
    return _(" · ").join(part for part in parts if part)


def asked(report: Report) -> str:
    """About whom the figures are: the choice made, with how many companies and people it holds."""
    whole, question = report.whole, report.question
    stage = report.route.names.get(question.stage, question.stage)
    chosen = [stage, role_name(question.role) if question.role else ""]
    who = _(" · ").join(part for part in chosen if part) or _("All companies")
    companies = ngettext("%(count)d company", "%(count)d companies", whole.accounts)
    people = ngettext("%(count)d person", "%(count)d people", whole.targeted)
    return _("%(who)s (%(companies)s, %(people)s)") % {
        "who": who,
        "companies": companies % {"count": whole.accounts},
        "people": people % {"count": whole.targeted},
    }


def definitions() -> dict[str, str]:
    """What each figure counts, by its key: the page and the sheet say the same."""
    return {
        "targeted": _(
            "Meant for: people of today, by role, whose company's live contract was in a stage of "
            "the page within the period, and who may open it. Our own staff are never counted."
        ),
        "reached": _(
            "Reached: of those, who got a mail that the mail server accepted or a nudge that was "
            "on their screen with a link to it, or who opened the page themselves."
        ),
        "viewed": _(
            "Viewed: of those, with at least 5 seconds of attention in one visit; each person once. "
            "Visitors who are not signed in are not counted."
        ),
        "completed": _(
            "To the end: of the readers, whose lesson was completed within the period, or who had "
            "every part of the article on the screen."
        ),
        "acted": _(
            "Next action: of the readers, whose company produced the fact that proves it within 7 "
            "days of the first view, or who viewed the page it leads to. — where nothing proves it."
        ),
        "left": _(
            "Left the stage: companies that viewed it in the stage and moved on within 20 business "
            "days of that view. One came before the other; that does not make it the cause."
        ),
        "shares": _("Shares of fewer than %(count)d are not shown (—).") % {"count": ENOUGH},
    }
