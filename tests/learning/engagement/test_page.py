"""R79: marketing's page, for who may read it, in both languages and in every state."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from journeys import clock
from journeys.models import User
from tests.learning.engagement import build

pytestmark = pytest.mark.django_db
RIGHT = "view_engagement"


def staff(client, *codenames: str) -> User:
    user = User.objects.create_user("m@vendor.example", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return user


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.parametrize("name", ["engagement", "engagement_sheet"])
def test_without_the_right_nobody_reads_it(client, hub, name):
    staff(client, "view_viewsession")
    response = client.get(reverse(name))
    assert response.status_code == 403
    assert "コンテンツの成果は開けません" in text_of(response)


@pytest.mark.parametrize("name", ["engagement", "engagement_sheet"])
def test_customers_and_strangers_are_sent_to_sign_in(client, hub, name):
    assert client.get(reverse(name)).status_code == 302
    client.force_login(User.objects.create_user("customer@x.example"))
    assert client.get(reverse(name)).status_code in (302, 403)


def test_a_row_goes_from_whom_it_is_meant_for_to_the_stages_exit(client, hub):
    now = clock.now()
    company = build.account("みなと製菓")
    moves = [("setup", now - timedelta(days=9)), ("trial", now - timedelta(hours=1))]
    build.subscription(company, hub.product, *moves)
    contact = build.contact(company, "岡野", "admin")
    build.view(contact, hub.lesson, now - timedelta(days=3))
    build.completed(contact, hub.lesson, now - timedelta(days=2))
    build.fact("deliverable.changed", now - timedelta(days=1), company, deliverable="route")

    staff(client, RIGHT)
    text = text_of(client.get(reverse("engagement")))
    row = text[text.index("レッスン・初期設定・管理者") :]
    assert row.startswith("レッスン・初期設定・管理者 1 1 1 — 1 — 1名 ルートを確定する 1／1社")


def test_filters_narrow_the_page_and_the_sheet_alike(client, hub):
    hub.admin()
    staff(client, RIGHT)
    page = client.get(reverse("engagement"), {"kind": "article"})
    table = client.get(reverse("engagement_sheet"), {"kind": "article"})
    assert [min(row["line"].item.slugs) for row in page.context["rows"]] == ["error"]
    assert table.content.decode().count("\r\n") == 3


def test_a_page_leads_to_the_companies_that_have_not_viewed_it(client, hub):
    owner = User.objects.create_user("t@vendor.example", last_name="滝本", is_staff=True)
    hub.admin(hub.company("北斗ビル", owner=owner), "古賀", title="総務課長")
    seen = hub.admin(hub.company("みなと製菓"), "岡野")
    build.view(seen, hub.lesson, clock.now())

    staff(client, RIGHT)
    item = {"item": str(hub.lesson.translation_key)}
    not_seen = text_of(client.get(reverse("engagement"), item))
    assert "対象 2社のうち 1社" in not_seen
    assert "北斗ビル 1名 初期設定 まだ届いていない 滝本" in not_seen
    assert "古賀" not in not_seen  # names are for who may read contacts
    seen = text_of(client.get(reverse("engagement"), item | {"seen": "yes"}))
    assert "みなと製菓 1名 初期設定 自分で開いた まだ決まっていません" in seen


def test_who_may_read_contacts_sees_whom_to_call(client, hub):
    hub.admin(hub.company("北斗ビル"), "古賀", title="総務課長")
    staff(client, RIGHT, "view_contact")
    response = client.get(reverse("engagement"), {"item": str(hub.lesson.translation_key)})
    assert "北斗ビル 総務課長 古賀 初期設定" in text_of(response)


@pytest.mark.parametrize("item", ["nonsense", "6a2c2f0e-9d5c-4a0b-8f5a-0d8a6f1f7b11"])
def test_an_unknown_page_has_no_companies(client, hub, item):
    staff(client, RIGHT)
    assert client.get(reverse("engagement"), {"item": item}).context["companies"] is None


def test_without_any_page_it_says_what_will_be_here(client):
    staff(client, RIGHT)
    response = client.get(reverse("engagement"))
    assert "レッスンも記事も、まだありません" in text_of(response)


def test_a_choice_without_pages_leads_back_to_all(client, hub):
    staff(client, RIGHT)
    response = client.get(reverse("engagement"), {"stage": "trial", "kind": "lesson"})
    assert "この条件に合うページはありません" in text_of(response)


def test_unreadable_days_are_said(client, hub):
    staff(client, RIGHT)
    response = client.get(reverse("engagement"), {"from": "<b>"})
    assert "日付を読めませんでした" in text_of(response)


def test_it_speaks_english(client, hub):
    staff(client, RIGHT)
    client.cookies["django_language"] = "en"
    text = text_of(client.get(reverse("engagement")))
    assert "There is nobody these pages are meant for" in text
    assert re.findall("[ぁ-ん]+", re.sub("日本語|初期設定|ルートを確定する", "", text)) == []


def test_the_sheet_is_a_download_that_nobody_keeps(client, hub):
    staff(client, RIGHT)
    response = client.get(reverse("engagement_sheet"), {"from": "2026-06-01", "to": "2026-06-30"})
    assert response["Content-Disposition"] == (
        'attachment; filename="content-engagement_2026-06-01_2026-06-30.csv"'
    )
    assert "no-store" in response["Cache-Control"]
    assert response.content.startswith(b"\xef\xbb\xbf")


def test_reading_is_all_one_can_do_there(client, hub):
    staff(client, RIGHT)
    assert client.post(reverse("engagement")).status_code == 405


@pytest.mark.parametrize(
    ("role", "status"),
    [("marketing", 200), ("cs_ops", 200), ("csm", 200), ("admin", 200), ("sales", 403)],
)
def test_the_roles_that_work_with_content_read_it(client, hub, role, status):
    user = staff(client)
    user.groups.set(Group.objects.filter(name=role))
    response = client.get(reverse("engagement"))
    assert response.status_code == status
    menu = [
        item["link"] for group in response.context["sidebar_navigation"] for item in group["items"]
    ]
    assert (reverse("engagement") in menu) == (status == 200)
