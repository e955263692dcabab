"""Rows in the database for the report's tests, out of a naive world or one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from wagtail.models import Page, Site

from content.models import ArticleIndexPage, ArticlePage, HomePage
from journeys.models import (
    Account,
    Contact,
    Event,
    Lifecycle,
    LifecycleVersion,
    Link,
    Membership,
    Message,
    Person,
    Product,
    Stage,
    StageTransition,
    Subscription,
    Template,
    TemplateVersion,
    User,
)
from learning.models import Completion, CourseIndexPage, CoursePage, LessonPage, ViewSession

LONG_AGO = datetime(2026, 1, 5, tzinfo=UTC)
BLOCKS = [{"type": "heading", "value": f"見出し{n}", "id": f"b{n}"} for n in (1, 2, 3)]
STAGES = {"prepare": "準備", "setup": "初期設定", "trial": "試行運用", "adopt": "活用"}


# --- pages ----------------------------------------------------------------------------------------
def site() -> tuple[CourseIndexPage, ArticleIndexPage]:
    """The hub's root with its two lists."""
    home = Page.get_first_root_node().add_child(instance=HomePage(title="ハブ", slug="hub"))
    Site.objects.update_or_create(
        is_default_site=True, defaults={"hostname": "localhost", "root_page": home}
    )
    courses = home.add_child(instance=CourseIndexPage(title="コース", slug="courses"))
    return courses, home.add_child(instance=ArticleIndexPage(title="記事", slug="articles"))


def course(courses: CourseIndexPage, slug: str = "c", **fields: Any) -> CoursePage:
    return courses.add_child(instance=CoursePage(title=slug, slug=slug, **fields))


def lesson(parent: CoursePage, slug: str = "l", **fields: Any) -> LessonPage:
    given = {"next_action_label": "やってみる", "next_action_to": "product:/x", "body": BLOCKS}
    return parent.add_child(instance=LessonPage(title=slug, slug=slug, **given | fields))


def article(articles: ArticleIndexPage, slug: str = "a", **fields: Any) -> ArticlePage:
    given = {"question": slug, "body": BLOCKS}
    return articles.add_child(instance=ArticlePage(title=slug, slug=slug, **given | fields))


def copies(page: Any, count: int) -> list[Any]:
    """More pages beside `page`, written without the tree's own bookkeeping: it is slow."""
    parent, found = page.get_parent(), []
    for n in range(count):
        path = page.path[: -page.steplen] + f"{n + 100:0{page.steplen}d}"
        fields = {f.attname: getattr(page, f.attname) for f in page._meta.concrete_fields}
        fields |= {"id": None, "path": path, "slug": f"{page.slug}-{n}", "translation_key": uuid4()}
        base = Page(**{f.attname: fields[f.attname] for f in Page._meta.concrete_fields})
        base.url_path = f"{parent.url_path}{fields['slug']}/"
        Page.objects.bulk_create([base])
        row = type(page)(**fields | {"page_ptr_id": base.pk, "id": base.pk})
        row.save_base(raw=True)
        found.append(row)
    return found


# --- customers ------------------------------------------------------------------------------------
def vendor(*products: str) -> dict[str, Product]:
    """Products on one route of four stages each."""
    found = {}
    for key in products or ("app",):
        found[key] = product = Product.objects.create(key=key, name=key)
        lifecycle = Lifecycle.objects.create(key=key, name=key, product=product)
        version = LifecycleVersion.objects.create(
            lifecycle=lifecycle, number=1, status="published", document={}, document_hash=key
        )
        for place, (stage, name) in enumerate(STAGES.items()):
            Stage.objects.create(version=version, position=place, key=stage, name=name)
    return found


def account(name: str, **fields: Any) -> Account:
    return Account.objects.create(external_id=name, name=name, **fields)


def contact(
    of: Account, user_id: str, *roles: str, is_staff: bool = False, **fields: Any
) -> Contact:
    """A current contact of an account, a member since long ago, with roles since then."""
    user = User.objects.create_user(f"{user_id}@x.example", is_staff=True) if is_staff else None
    person = Person.objects.create(name=user_id, user=user)
    found = Contact.objects.create(
        user_id=user_id, account=of, person=person, **{"name": user_id, **fields}
    )
    for role in ("", *roles):
        member(found, role)
    return found


def member(
    of: Contact, role: str, since: datetime = LONG_AGO, until: datetime | None = None
) -> None:
    assert of.account is not None
    Membership.objects.create(
        contact=of, account=of.account, role=role, from_at=since, received_at=since, to_at=until,
        ended_received_at=until,
    )  # fmt: skip


def subscription(of: Account, product: Product, *moves: tuple[str, datetime]) -> Subscription:
    """A live contract that moved through these stages at these moments."""
    version = LifecycleVersion.objects.get(lifecycle__product=product)
    stage = version.stages.get(key=moves[-1][0]) if moves else None
    found = Subscription.objects.create(account=of, product=product, version=version, stage=stage)
    for number, (to_stage, moment) in enumerate(moves, 1):
        move(found, number, to_stage, moment)
    return found


def move(
    of: Subscription, number: int, to_stage: str, moment: datetime, corrects: int | None = None
) -> StageTransition:
    return StageTransition.objects.create(
        subscription=of, account_id=of.account_id, version_id=of.version_id or 0, seq=number,
        to_stage=to_stage, effective_at=moment, decided_at=moment, cause="criteria",
        corrects=corrects,
    )  # fmt: skip


# --- what happened --------------------------------------------------------------------------------
def view(
    by: Contact | None, page: Any, moment: datetime, active_ms: int = 20_000, **fields: Any
) -> ViewSession:
    kind = "lesson" if isinstance(page, LessonPage) else "article"
    return ViewSession.objects.create(
        contact=by, account_id=by.account_id if by else None, kind=kind, page_id=page.pk,
        page_key=page.translation_key, active_ms=active_ms, started_at=moment, last_seen_at=moment,
        **fields,
    )  # fmt: skip


def completed(by: Contact, page: LessonPage, moment: datetime) -> Completion:
    return Completion.objects.create(
        contact=by, account_id=by.account_id, kind="lesson", page_key=page.translation_key,
        course_key=page.course.translation_key, source="reading", completed_at=moment,
    )  # fmt: skip


def mail(to: Contact, target: str, moment: datetime, state: str = "accepted") -> Message:
    found = Message.objects.create(
        key=f"mail/{uuid4()}", channel="email", account_id=to.account_id, contact=to,
        person=to.person, category="guidance", state=state, planned_at=moment, due_at=moment,
        settled_at=moment,
    )  # fmt: skip
    Link.objects.create(message=found, target=target)
    return found


def nudge(to: Contact, target: str, shown_at: datetime | None) -> Message:
    template, _made = Template.objects.get_or_create(
        key=target, defaults={"channel": "nudge", "name": target}
    )
    version, _made = TemplateVersion.objects.get_or_create(
        template=template, number=1,
        defaults={"status": "published", "document_hash": target, "compiled": {},
                  "document": {"button": {"label": "読む", "to": target}}},
    )  # fmt: skip
    return Message.objects.create(
        key=f"nudge/{uuid4()}", channel="nudge", account_id=to.account_id, contact=to,
        person=to.person, category="guidance", state="shown" if shown_at else "planned",
        planned_at=LONG_AGO, due_at=LONG_AGO, shown_at=shown_at, template_version=version,
    )  # fmt: skip


def fact(
    name: str, moment: datetime, of: Account | None, by: Contact | None = None, **properties: Any
) -> Event:
    return Event.objects.create(
        name=name, occurred_at=moment, received_at=moment, account=of, contact=by,
        properties=properties,
    )  # fmt: skip
