"""A vendor with one letter, and customers it is about to reach: rows made directly, no engine."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

from journeys.messages import compiling
from journeys.models import (
    Account,
    Address,
    Contact,
    Enrollment,
    Journey,
    JourneyVersion,
    Lifecycle,
    LifecycleVersion,
    Message,
    Person,
    Persona,
    Product,
    Stage,
    Subscription,
    Template,
    TemplateVersion,
    Topic,
    User,
)
from journeys.permission import normalise_address

#: Monday 2026-05-11 10:00 in Tokyo.
NOW = datetime(2026, 5, 11, 1, 0, tzinfo=UTC)
_count = itertools.count(1)

PERSONA = {
    "key": "mizusawa",
    "name": "水沢 真帆",
    "title": "カスタマーサクセス責任者",
    "organisation": "シメビワークス",
    "from_email": "onboarding@mail.shimebi.example",
    "reply_to": "csm@shimebi.example",
    "hours": "平日 9–18時",
    "phone": "03-0000-0000",
    "legal_name": "株式会社シメビワークス",
    "postal_address": "〒101-0000 東京都千代田区架空町1-2-3",
    "complaints_to": "support@shimebi.example・03-0000-0000",
}
LETTER: dict[str, Any] = {
    "key": "m01",
    "channel": "email",
    "name": "M01",
    "topic": "onboarding",
    "persona": "mizusawa",
    "next_action": "成功指標を登録する",
    "subject": "成功指標を登録する（期限 {{ stage_due }}）",
    "preview": "2つの数だけお聞かせください。",
    "body": "お願いしたいことは**1つだけ**です。\n\n- いまの日数\n- 目標の日数",
    "button": {"label": "登録する（約2分）", "to": "goal"},
    "closing": "担当の{{ owner_name }}（{{ owner_hours }}・{{ owner_phone }}）がお答えします。",
}


def persona(**changes: Any) -> Persona:
    return Persona.objects.get_or_create(key="mizusawa", defaults=PERSONA | changes)[0]


def topic(category: str = "guidance") -> Topic:
    key = {"guidance": "onboarding", "promotional": "tips", "transactional": "contract"}[category]
    names = {"onboarding": "導入の手順", "tips": "活用のヒント", "contract": "契約のお知らせ"}
    defaults = {"name": names[key], "category": category}
    return Topic.objects.get_or_create(key=key, defaults=defaults)[0]


def template(category: str = "guidance", **changes: Any) -> TemplateVersion:
    document = LETTER | {"topic": topic(category).key} | changes
    compiled = compiling.compile_email(document, persona())
    key = f"{document['key']}-{next(_count)}"
    made = Template.objects.create(key=key, channel="email", name=document["name"])
    return TemplateVersion.objects.create(
        template=made, number=1, status="published", document=document,
        document_hash=key, compiled=compiled, published_at=NOW,
    )  # fmt: skip


def stage() -> Stage:
    product, _made = Product.objects.get_or_create(key="app", defaults={"name": "シメビ請求書"})
    lifecycle, _made = Lifecycle.objects.get_or_create(
        key="route", defaults={"name": "順路", "product": product}
    )
    version, _made = LifecycleVersion.objects.get_or_create(
        lifecycle=lifecycle, number=1, defaults={"status": "published", "document": {}}
    )
    return Stage.objects.get_or_create(
        version=version, key="prepare",
        defaults={"position": 0, "name": "準備", "limit": "5bd", "completes_onboarding": True},
    )[0]  # fmt: skip


def customer(name: str = "岡野 里美", email: str = "", **person: Any) -> Contact:
    """A contact of a company of its own, with owner and contract."""
    number = next(_count)
    owner, _made = User.objects.get_or_create(
        email="csm@shimebi.example",
        defaults={"last_name": "滝本", "first_name": "航", "hours": "平日 9–18時",
                  "phone": "03-0000-0000", "is_staff": True},
    )  # fmt: skip
    account = Account.objects.create(
        external_id=f"acc{number}", name="株式会社みなと製菓", owner=owner
    )
    human = Person.objects.create(name=name, **person)
    address = email or f"okano{number}@minato.example"
    reach(human, address)
    here = stage()
    Subscription.objects.create(
        account=account, product=here.version.lifecycle.product, version=here.version, stage=here,
        stage_due_on=date(2026, 5, 18), started_at=NOW, stage_entered_at=NOW,
    )  # fmt: skip
    return Contact.objects.create(
        user_id=f"u{number}", account=account, person=human, name=name, email=address,
        department="管理部", title="主任",
    )  # fmt: skip


def reach(person: Person, address: str) -> None:
    Address.objects.create(
        person=person, channel="email", value=address, normalised=normalise_address(address),
        from_at=NOW,
    )  # fmt: skip


def journey(**program: Any) -> JourneyVersion:
    made, _made = Journey.objects.get_or_create(key="j1", defaults={"name": "オンボーディング"})
    number = made.versions.count() + 1
    return JourneyVersion.objects.create(
        journey=made, number=number, status="published", document={}, document_hash=str(number),
        program={"goal": None, "exit_when": None} | program,
    )  # fmt: skip


def enrolled(contact: Contact, version: JourneyVersion | None = None) -> Enrollment:
    """In the journey, waiting for its message."""
    assert contact.account is not None
    subscription = Subscription.objects.get(account=contact.account)
    version = version or journey()
    return Enrollment.objects.create(
        journey=version.journey, version=version, account=contact.account, contact=contact,
        subscription=subscription, subject_key=f"{contact.uid}", bucket=0.5, step_id="m01",
        waiting_for="message", step_at=NOW, entered_at=NOW,
    )  # fmt: skip


def message(
    contact: Contact | None = None, version: TemplateVersion | None = None, **changes: Any
) -> Message:
    """A released e-mail to a contact in a journey."""
    contact = contact or customer()
    version = version or template()
    live = Enrollment.objects.filter(contact=contact, status="in").first()
    enrollment = changes.pop("enrollment", None) or live or enrolled(contact)
    fields: dict[str, Any] = {
        "key": f"j/j1/{next(_count)}",
        "channel": "email",
        "account_id": contact.account_id,
        "contact": contact,
        "person": contact.person,
        "subscription_id": enrollment.subscription_id,
        "enrollment_id": enrollment.pk,
        "journey_key": "j1",
        "version": 1,
        "step_id": "m01",
        "template_version": version,
        "topic": version.document["topic"],
        "category": version.compiled.get("category", "guidance"),
        "state": "planned",
        "planned_at": NOW,
        "due_at": NOW,
        "expires_at": NOW + timedelta(days=7),
        "released_at": NOW,
        "to_address": contact.email,
    }
    return Message.objects.create(**(fields | changes))
