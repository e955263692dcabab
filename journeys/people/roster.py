"""Everybody a batch of calls is about: read in sets, told in order, written in sets.

    roster = Roster.load(calls, received_at=…, source=…)
    whom = [roster.tell(call) for call in calls]
    roster.read_contracts()
    roster.settle()
    roster.write()

The number of statements does not depend on the number of calls. A person is in one account at a
time; a fact about somebody is about the contact they were when it happened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery

from journeys import db
from journeys.models import Account, Contact, Event, Membership, Person, TraitRepeat
from journeys.people import columns, deliverables
from journeys.people.calls import Call, Kind
from journeys.people.changes import Changes
from journeys.people.deliverables import Delivered
from journeys.people.persons import Persons
from journeys.people.reserved import IDENTITY
from journeys.people.stays import Stays, fit_roles, role_spans
from journeys.people.subscriptions import Contracts
from journeys.people.traits import ROLES, Traits

STAYED = ""  # among the names of a TraitRepeat: a group call named the account


class Whom(NamedTuple):
    """Who a call is about. `account` is the one it names, else the contact's of that time."""

    account: Account | None
    contact: Contact | None


class Roster:
    def __init__(self, received_at: datetime, source: str) -> None:
        self.received_at = received_at
        self.changes = Changes()
        self.traits = Traits(received_at, source, self.changes)
        self.contracts = Contracts(self.changes, self.traits)
        self.persons = Persons(received_at, self.changes)
        self.accounts: dict[str, Account] = {}
        self.contacts: defaultdict[str, list[Contact]] = defaultdict(list)
        self.stays: dict[str, Stays] = {}
        self.role_rows: defaultdict[UUID, list[Membership]] = defaultdict(list)
        self.placed: dict[UUID, Contact] = {}  # had no account, have one now
        self.restayed: dict[UUID, Contact] = {}  # whose time in an account is another now
        self.named: list[tuple[Account, Call]] = []  # accounts whose contracts a call names
        self.concerned: dict[UUID, Account] = {}  # accounts whose contracts must be read

    # --- reading ------------------------------------------------------------------------------
    @classmethod
    def load(
        cls, calls: Iterable[Call], *, received_at: datetime, source: str, locked: bool = False
    ) -> Self:
        """Read whom the calls name by four SELECTs; `locked` keeps other writers off them."""
        roster = cls(received_at, source)
        said = list(calls)
        users = {name for c in said for name in (c.user_id, c.previous_id) if name}
        found = Contact.objects.filter(user_id__in=users).select_related("person").order_by("pk")
        contacts = list(db.hold(found) if locked else found) if users else []
        roster.contracts.locked = locked
        roster._read_accounts({c.account for c in said if c.account}, contacts, locked)
        moves = [c.at for c in said if c.kind is Kind.GROUP and c.user_id]
        roster._read_stays(users, contacts, min(moves, default=None))
        return roster

    def _read_accounts(self, names: set[str], contacts: Sequence[Contact], locked: bool) -> None:
        ids = {contact.account_id for contact in contacts if contact.account_id}
        if not names and not ids:
            return
        found = Account.objects.filter(Q(external_id__in=names) | Q(pk__in=ids)).order_by("pk")
        self.accounts = {
            account.external_id: account for account in (db.hold(found) if locked else found)
        }
        by_key = {account.pk: account for account in self.accounts.values()}
        for contact in contacts:
            if contact.account_id:
                contact.account = by_key[contact.account_id]

    def _read_stays(
        self, users: set[str], contacts: Sequence[Contact], since: datetime | None
    ) -> None:
        persons: dict[int, Person] = {}
        by_key = {contact.pk: contact for contact in contacts}
        for contact in contacts:
            contact.person = persons.setdefault(contact.person.pk, contact.person)
            self.contacts[contact.user_id].append(contact)
        stays: defaultdict[str, list[Membership]] = defaultdict(list)
        rows = Membership.objects.filter(contact_id__in=by_key) if by_key else ()
        for row in rows:
            row.contact = by_key[row.contact_id]
            row.account = row.contact.account or row.account
            if row.role:
                self.role_rows[row.contact.uid].append(row)
            else:
                stays[row.contact.user_id].append(row)
        told: defaultdict[UUID, list[datetime]] = defaultdict(list)
        for pk, names, moment in _told(by_key, since):
            if STAYED in names:
                told[by_key[pk].uid].append(moment)
        for user in users:
            self.stays[user] = Stays(stays[user], self.changes.set, self.received_at, told)

    # --- telling ------------------------------------------------------------------------------
    def tell(self, call: Call) -> Whom:
        """Find or begin whom the call is about, and note what it says of them."""
        account = self._account(call.account) if call.account else None
        contact = self._contact(call, account) if call.user_id else None
        whom = Whom(account or (contact.account if contact else None), contact)
        for one in whom:
            if one is not None:
                self.seen(one, call.at)
        if call.kind is Kind.GROUP and account:
            self.traits.say(account, call.traits, call.at)
            if "subscriptions" in call.traits:
                self.named.append((account, call))
                self.concerned[account.uid] = account
        elif call.kind is Kind.IDENTIFY and contact:
            self._identified(call, contact)
        elif call.kind is Kind.ALIAS and contact:
            self._same_human(call.previous_id, contact)
        return whom

    def _account(self, name: str) -> Account:
        if (account := self.accounts.get(name)) is None:
            account = self.accounts[name] = self.changes.add(Account(external_id=name))
        return account

    def _contact(self, call: Call, account: Account | None) -> Contact:
        known = self.contacts[call.user_id]
        if not known:
            self._begin(call.user_id, Person())
        stays = self.stays[call.user_id]
        if account is None:
            return stays.at(call.at).contact if stays else known[0]
        if call.kind is Kind.GROUP:
            return self._enter(call, account)
        if not stays or (call.at < stays.first.from_at and not stays.reach_back(account, call.at)):
            return self._enter(call, account)
        home = next((one for one in known if one.account is account), None)
        return home or stays.at(call.at).contact

    def _begin(self, user_id: str, person: Person) -> Contact:
        if person._state.adding and person not in self.changes.new[Person]:
            self.changes.add(person)
        contact = Contact(user_id=user_id, person=person)
        self.contacts[user_id].append(contact)
        return self.changes.add(contact)  # type: ignore[no-any-return]

    def _enter(self, call: Call, account: Account) -> Contact:
        """The contact of this user in this account, from the call's moment at the latest."""
        known, stays = self.contacts[call.user_id], self.stays[call.user_id]
        contact = next((c for c in known if c.account in (None, account)), None)
        if contact is None:
            contact = self._begin(call.user_id, known[-1].person)
            former = stays.at(call.at).contact if stays else known[0]
            self.traits.inherit(contact, former, call.at, IDENTITY)
        if contact.account is None:
            self.changes.set(contact, account=account)
            self.placed[contact.uid] = contact
            self.seen(account, contact.known_since or call.at)
        if call.kind is Kind.GROUP:
            said = TraitRepeat(of="contact", names=[STAYED], occurred_at=call.at)
            self.changes.ledger.append((contact, said))
        for row in stays.enter(contact, account, call.at):
            self.changes.add(row)
        for one in known:
            self.changes.set(one, is_current=one is stays.last.contact)
            self.restayed[one.uid] = one
        return contact

    def _identified(self, call: Call, contact: Contact) -> None:
        self.traits.say(contact, call.traits, call.at)
        told = set(IDENTITY) & call.traits.keys()
        if told and not contact.is_current:
            later = self.stays[call.user_id].last
            self.traits.inherit(later.contact, contact, later.from_at, told)

    def _same_human(self, user_id: str, contact: Contact) -> None:
        for former in self.contacts.get(user_id, ())[:1]:
            everybody = [one for known in self.contacts.values() for one in known]
            self.persons.join(contact, former.person, everybody)

    def seen(self, noun: Account | Contact, moment: datetime) -> None:
        """Something is known of an account or contact since `moment`, at the latest."""
        since = columns.earliest(noun.known_since, moment)
        if self.changes.set(noun, known_since=since) and isinstance(noun, Account):
            self.concerned[noun.uid] = noun

    # --- settling -----------------------------------------------------------------------------
    def settle(self) -> None:
        """Work out what all that was said makes of the nouns. `read_contracts` comes before."""
        roles = {c.uid: c for c, traits, _at in self._about_contacts() if set(ROLES) & set(traits)}
        roles |= {uid: c for uid, c in self.restayed.items() if self._has_roles(c)}
        self.traits.settle(roles_of=roles.values())
        before = self._fit_columns()
        self.contracts.date()
        mailed = {uid: self.traits.subjects[uid] for uid in before} | self.placed
        everybody = [one for known in self.contacts.values() for one in known]
        contacts = [one for one in mailed.values() if isinstance(one, Contact)]
        self.persons.settle(contacts, everybody, before)
        deliverables.fit(self.traits, self.changes)
        for contact in roles.values():
            self._fit_roles(contact)

    def read_contracts(self, facts: Sequence[Delivered] = ()) -> None:
        """Read the contracts concerned; note what group calls and delivered things say of them."""
        self.contracts.open([*self.concerned.values(), *(fact.account for fact in facts)])
        for account, call in self.named:
            self.contracts.name(account, call.traits, call.at)
        for fact in (*deliverables.missed(self.contracts.begun, self.placed), *facts):
            for contract in self.contracts.live(fact.account, fact.product):
                self.traits.say(contract, {deliverables.trait(fact.key): fact.state}, fact.at)

    def _about_contacts(self) -> Iterable[tuple[Contact, Iterable[str], datetime]]:
        return [said for said in self.traits.said if isinstance(said[0], Contact)]  # type: ignore[misc]

    def _has_roles(self, contact: Contact) -> bool:
        return bool(self.role_rows[contact.uid]) or bool(set(ROLES) & set(contact.traits))

    def _fit_columns(self) -> dict[UUID, str]:
        """Bring the columns up to date; the former address of each contact whose e-mail changed."""
        before: dict[UUID, str] = {}
        accounts: list[tuple[Account, set[str]]] = []
        for uid, names in self.traits.changed.items():
            subject = self.traits.subjects[uid]
            if isinstance(subject, Contact):
                if "email" in names:
                    before[uid] = subject.email
                columns.of_contact(subject, names, self.changes)
            elif isinstance(subject, Account):
                accounts.append((subject, names))
            else:
                columns.of_subscription(subject, names, self.changes)
        columns.of_accounts(accounts, self.changes)
        return before

    def _fit_roles(self, contact: Contact) -> None:
        if contact.account is None:
            return
        wanted = role_spans(self.traits.roles(contact), self.stays[contact.user_id].of(contact))
        rows = self.role_rows[contact.uid]
        for row in fit_roles(contact, rows, wanted, self.changes.set, self.received_at):
            self.changes.add(row)

    def write(self) -> None:
        """Write it all. Needs a transaction.

        Facts of a contact that had no account go to the one it has now; they count as received
        now, for nobody could have judged by them before (contracts 1.11).
        """
        self.changes.write()
        self.persons.write()
        if placed := [contact.pk for contact in self.placed.values()]:
            homeless = Event.objects.filter(contact_id__in=placed, account=None)
            home = Contact.objects.filter(pk=OuterRef("contact_id")).values("account_id")[:1]
            homeless.update(account_id=Subquery(home), received_at=self.received_at)


def _told(
    contact_ids: Collection[int], since: datetime | None
) -> Iterable[tuple[int, list[str], datetime]]:
    """What was repeated about contacts after a moment; one SELECT, none without a moment."""
    if since is None or not contact_ids:
        return ()
    rows = TraitRepeat.objects.filter(
        of="contact", subject_id__in=contact_ids, occurred_at__gt=since
    )
    return rows.values_list("subject_id", "names", "occurred_at")
