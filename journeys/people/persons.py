"""One human behind several user ids: found by the same e-mail in two accounts, or by alias."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Case, Value, When

from journeys.models import Address, Consent, Contact, Person
from journeys.people.changes import Changes
from journeys.permission import normalise_address

EMAIL = "email"


class Persons:
    """Finds the persons of a batch's contacts, and gives them their addresses."""

    def __init__(self, received_at: datetime, changes: Changes) -> None:
        self.received_at = received_at
        self.changes = changes
        self.known: dict[int, Person] = {}
        self.merged: dict[int, Person] = {}  # a written person's key -> who it turned out to be
        self.holders: defaultdict[str, list[Contact]] = defaultdict(list)
        self.live: dict[tuple[UUID, str], Address] = {}

    def settle(
        self, contacts: Iterable[Contact], mine: Sequence[Contact], before: Mapping[UUID, str]
    ) -> None:
        """`contacts` have a new e-mail or account, `mine` are all contacts of this batch.

        `before`: the address a contact had, by its uid, where it was another.
        """
        found = list(contacts)
        spelt = {one.uid: _spelt(one.email) for one in found}
        spelt_before = {uid: _spelt(email) for uid, email in before.items()}
        self._read({*spelt.values(), *spelt_before.values()} - {""}, mine)
        for contact in found:
            if normal := spelt[contact.uid]:
                self._reached_at(contact, normal, mine)
            if (left := spelt_before.get(contact.uid, "")) and left != normal:
                self._leave(contact, left)

    def _reached_at(self, contact: Contact, normal: str, mine: Iterable[Contact]) -> None:
        holders = self.holders[normal]
        for other in holders:
            if contact.account and other.account and self._is_one_human(contact, holders, other):
                older, newer = (
                    (other, contact) if not other.person._state.adding else (contact, other)
                )
                self.join(newer, older.person, mine)
                break
        if contact not in holders:
            holders.append(contact)
        key = (contact.person.uid, normal)
        if key not in self.live:
            self.live[key] = self.changes.add(
                Address(
                    person=contact.person,
                    channel=EMAIL,
                    value=contact.email,
                    normalised=normal,
                    from_at=self.received_at,
                )
            )

    def _is_one_human(self, contact: Contact, holders: list[Contact], other: Contact) -> bool:
        """A mailbox that two people of one account share says nothing about who they are."""
        return other.person != contact.person and not any(
            one.account == contact.account
            for one in holders
            if one.person == other.person and one.user_id != contact.user_id
        )

    def _leave(self, contact: Contact, normal: str) -> None:
        """Nobody is reached at an address that none of a person's contacts has any more."""
        holders = [one for one in self.holders[normal] if one.uid != contact.uid]
        address = self.live.get((contact.person.uid, normal))
        if address is not None and all(one.person != contact.person for one in holders):
            self.changes.set(address, to_at=self.received_at)

    def _read(self, addresses: set[str], mine: Iterable[Contact]) -> None:
        """Who is reached at these addresses now."""
        by_key = {contact.pk: contact for contact in mine if contact.pk}
        self.known.update((c.person.pk, c.person) for c in by_key.values())
        if not addresses:
            return
        found = Address.objects.filter(channel=EMAIL, normalised__in=addresses, to_at=None)
        for address in found.select_related("person").order_by("pk"):
            address.person = self.known.setdefault(address.person.pk, address.person)
            self.live[address.person.uid, address.normalised] = address
        persons = {address.person.pk for address in self.live.values()}
        if not persons:
            return
        others = Contact.objects.filter(person_id__in=persons)
        for row in others.select_related("account", "person").order_by("pk"):
            normal = _spelt(row.email)
            if normal in addresses:
                contact = by_key.get(row.pk, row)
                contact.person = self.known.setdefault(contact.person.pk, contact.person)
                self.holders[normal].append(contact)

    def join(self, contact: Contact, person: Person, mine: Iterable[Contact]) -> None:
        """`contact` and whoever shares its person turn out to be `person`."""
        former = contact.person
        if former == person:
            return
        for one in mine:
            if one.person == former:
                self.changes.set(one, person=person)
        if former._state.adding:
            self.changes.new[Person].remove(former)
            self._hand_over_addresses(former, person)
        else:
            self.merged[former.pk] = person
            self.changes.changed[Person].pop(former.pk, None)

    def _hand_over_addresses(self, former: Person, person: Person) -> None:
        """Addresses noted for somebody who never gets a row of their own."""
        for address in [a for a in self.changes.new[Address] if a.person is former]:
            if self.live.setdefault((person.uid, address.normalised), address) is address:
                address.person = person
            else:
                self.changes.new[Address].remove(address)

    def write(self) -> None:
        """After the rows are written: the stricter consent wins, everything else moves over."""
        absorb({loser: self._in_the_end(loser) for loser in self.merged}, self.received_at)

    def _in_the_end(self, pk: int) -> int:
        while pk in self.merged:
            pk = self.merged[pk].pk
        return pk


def absorb(winners: Mapping[int, int], now: datetime) -> None:
    """Merge persons: what refers to a key of `winners` refers to its value from now on.

    Live consents to one topic: a "no" stays, the other is closed. Needs a transaction.
    """
    if not winners:
        return
    Consent.objects.filter(pk__in=list(_weaker_consents(winners))).update(to_at=now)
    moved = Case(*(When(person_id=old, then=Value(new)) for old, new in winners.items()))
    for relation in Person._meta.related_objects:
        if relation.field.name == "person":
            model: Any = relation.related_model
            model.objects.filter(person_id__in=winners).update(person_id=moved)
    _move_logins(winners)
    Person.objects.filter(pk__in=winners).delete()


def _weaker_consents(winners: Mapping[int, int]) -> Iterator[int]:
    """Of two live answers of what is now one human, the one that gives way."""
    people = winners.keys() | set(winners.values())
    kept: set[tuple[int, str]] = set()
    live = Consent.objects.filter(person_id__in=people, to_at=None)
    for pk, person, topic in live.order_by("answer", "pk").values_list("pk", "person_id", "topic"):
        key = (winners.get(person, person), topic)
        if key in kept:
            yield pk
        kept.add(key)


def _move_logins(winners: Mapping[int, int]) -> None:
    """A log-in goes over where the other has none."""
    logins = dict(
        Person.objects.filter(pk__in=winners).exclude(user=None).values_list("pk", "user")
    )
    Person.objects.filter(pk__in=logins).update(user=None)
    for loser, user in logins.items():
        Person.objects.filter(pk=winners[loser], user=None).update(user=user)


def _spelt(email: str) -> str:
    return normalise_address(email)[:254] if email else ""
