"""A new link on request: a short letter of our own, to the address on file and to no other."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import transaction

from journeys.messages import compiling, rendering
from journeys.messages.links import GOOD_FOR, uid_of
from journeys.models import Address, Contact, Link, Message, Persona, Topic
from journeys.permission import address_hash, normalise_address

MOST = 5
WITHIN = timedelta(minutes=5)
TOPIC = Topic(key="link", name="リンクの再送", category=Message.Category.TRANSACTIONAL)
LETTER: dict[str, Any] = {
    "channel": "email",
    "topic": "link",
    "subject": "新しいリンクをお送りします",
    "preview": "パスワードなしで開けます。",
    "body": "ご依頼により、新しいリンクをお送りします。\n\n"
    "お心当たりのないときは、このメールを破棄してください。開かなければ何も起こりません。",
    "button": {"label": "開く", "to": "home"},
    "en": {
        "subject": "Your new link",
        "preview": "It opens without a password.",
        "body": "Here is the new link you asked for.\n\n"
        "If you did not ask for it, ignore this e-mail. Nothing happens unless it is opened.",
        "button": {"label": "Open"},
    },
}


def send_to_address(address: str, now: datetime) -> bool:
    """A link to the home of whoever has this address, if anybody has; False: asked too often.

    Counted before anybody is looked up, so that the answer says nothing about who is known.
    """
    normalised = normalise_address(address)
    if not _may_ask(normalised):
        return False
    rows = Address.objects.filter(channel="email", to_at=None, normalised=normalised)
    contacts = Contact.objects.filter(is_current=True, person__in=rows.values("person"))
    contact = contacts.order_by("-pk").first()
    if contact is not None:
        _plan(contact, "home", now, address=address)
    return True


def send_new_link(contact: Contact, target: str, now: datetime) -> bool:
    """A letter with a new link to `target`, to the contact's address; False: asked too often."""
    address = Address.objects.filter(person=contact.person_id, channel="email", to_at=None).first()
    if address is None:
        return True
    if not _may_ask(address.normalised):
        return False
    _plan(contact, target, now, address=address.value)
    return True


def _may_ask(normalised: str) -> bool:
    """At most five letters in five minutes to one address."""
    key = f"new-link/{address_hash(normalised)}"
    cache.add(key, 0, timeout=WITHIN.total_seconds())
    try:
        return cache.incr(key) <= MOST
    except ValueError:  # it ran out between the two
        return True


def _plan(contact: Contact, target: str, now: datetime, *, address: str) -> None:
    """Write the message, released: the sender takes it with its next pass."""
    persona = _persona(contact)
    if persona is None or _asked_lately(contact, now) >= MOST:
        return
    message = Message(
        uid=uuid.uuid4(),
        key=f"manual/new-link/{contact.person.uid}/{now.isoformat()}/{uuid.uuid4().hex[:8]}",
        channel="email",
        account_id=contact.account_id,
        contact=contact,
        person=contact.person,
        topic="",
        category=Message.Category.TRANSACTIONAL,
        critical=True,
        at_once=True,
        state=Message.State.PLANNED,
        planned_at=now,
        due_at=now,
        released_at=now,
        expires_at=now + timedelta(hours=1),
        to_address=address,
    )
    own = {"compiled": compiling.compile_email(LETTER, persona, topic=TOPIC)}
    message.frozen = own
    message.frozen = own | rendering.freeze(message, now)
    with transaction.atomic():
        message.save(force_insert=True)
        # The row that is there already wins over the letter's own target.
        Link.objects.create(
            uid=uid_of(message, 0), message=message, position=0, target=target,
            expires_at=now + GOOD_FOR,
        )  # fmt: skip


def _asked_lately(contact: Contact, now: datetime) -> int:
    mine = Message.objects.filter(person=contact.person_id, planned_at__gt=now - WITHIN)
    return mine.filter(key__startswith="manual/new-link/").count()


def _persona(contact: Contact) -> Persona | None:
    """Whoever wrote to this person last; else the first who signs letters."""
    last = (
        Message.objects.filter(person=contact.person_id, template_version__isnull=False)
        .select_related("template_version")
        .order_by("-planned_at")
        .first()
    )
    document = last.template_version.document if last and last.template_version else {}
    known = Persona.objects.filter(key=document.get("persona") or "").first()
    return known or Persona.objects.order_by("pk").first()
