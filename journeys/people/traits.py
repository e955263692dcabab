"""What is said about accounts, contacts and contracts becomes dated changes and the cache.

All statements of a batch are settled together: what the database knows about them is read by at
most three SELECTs, however many they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from journeys.models import Account, Contact, Subscription, TraitChange, TraitRepeat
from journeys.people.changes import Changes
from journeys.people.timeline import Timeline

Subject = Account | Contact | Subscription
Key = tuple[UUID, str]
ROLES = ("role", "roles")
LONG_AGO = datetime.min.replace(tzinfo=UTC)
OF: Mapping[type, TraitChange.Of] = {
    Account: TraitChange.Of.ACCOUNT,
    Contact: TraitChange.Of.CONTACT,
    Subscription: TraitChange.Of.SUBSCRIPTION,
}


class Traits:
    """The statements of one batch, and the timelines they are told to."""

    def __init__(self, received_at: datetime, source: str, changes: Changes) -> None:
        self.received_at = received_at
        self.source = source
        self.changes = changes
        self.said: list[tuple[Subject, Mapping[str, Any], datetime]] = []
        self.inherited: list[tuple[Contact, Contact, datetime, Collection[str]]] = []
        self.subjects: dict[UUID, Subject] = {}
        self.timelines: dict[Key, Timeline] = {}
        self.changed: defaultdict[UUID, set[str]] = defaultdict(set)

    def say(self, subject: Subject, traits: Mapping[str, Any], moment: datetime) -> None:
        if traits:
            self.subjects[subject.uid] = subject
            self.said.append((subject, traits, moment))

    def inherit(
        self, contact: Contact, former: Contact, moment: datetime, names: Collection[str]
    ) -> None:
        """`contact` begins with what `former` was called, unless it says otherwise itself."""
        self.subjects[contact.uid] = contact
        self.subjects[former.uid] = former
        self.inherited.append((contact, former, moment, names))

    def settle(self, *, roles_of: Iterable[Contact] = ()) -> None:
        """Tell everything that was said to the timelines; fills the ledger and the caches."""
        keys = set(self._keys())
        for contact in roles_of:
            self.subjects[contact.uid] = contact
            keys.update((contact.uid, name) for name in ROLES)
        self._read(keys)
        for subject, traits, moment in self.said:
            self._tell(subject, traits, moment)
        for contact, former, moment, names in self.inherited:
            self._hand_down(contact, former, moment, names)
        for uid, names in self.changed.items():
            self._refresh(self.subjects[uid], names)

    def _keys(self) -> Iterator[Key]:
        for subject, traits, _moment in self.said:
            yield from ((subject.uid, name) for name in traits)
        for contact, former, _moment, names in self.inherited:
            yield from ((one.uid, name) for one in (contact, former) for name in names)

    # --- reading what is known ------------------------------------------------------------------
    def _read(self, keys: set[Key]) -> None:
        """Timelines: whole where somebody speaks of the past or of roles, else the cache."""
        saved = {key for key in keys if not self.subjects[key[0]]._state.adding}
        by_row: dict[tuple[str, int], UUID] = {
            (OF[type(subject)], subject.pk): uid
            for uid, subject in self.subjects.items()
            if not subject._state.adding
        }
        late, repeats = self._late(saved, by_row)
        late |= {key for key in saved if key[1] in ROLES}
        for uid, name in keys:
            cached = self.subjects[uid].traits.get(name)
            known = cached is not None and (uid, name) not in late
            self.timelines[uid, name] = Timeline([(LONG_AGO, cached)] if known else [])
        if late:
            rows = self._rows(TraitChange.objects.all(), late, named=True)
            for of, pk, name, moment, value in rows.order_by("occurred_at", "id").values_list(
                "of", "subject_id", "name", "occurred_at", "value"
            ):
                if (key := (by_row[of, pk], name)) in late:
                    self.timelines[key].changes.append((moment, value))
        for key, moments in repeats.items():
            self.timelines[key].repeats = sorted(moments)

    def _late(
        self, keys: set[Key], by_row: Mapping[tuple[str, int], UUID]
    ) -> tuple[set[Key], dict[Key, list[datetime]]]:
        """Of which keys something later is known already, and when they were repeated."""
        repeats: defaultdict[Key, list[datetime]] = defaultdict(list)
        moments = [*(said[2] for said in self.said), *(one[2] for one in self.inherited)]
        if not keys or not moments:
            return set(), repeats
        first = min(moments)
        changes = TraitChange.objects.filter(occurred_at__gt=first)
        later = {
            (by_row[of, pk], name)
            for of, pk, name in self._rows(changes, keys, named=True)
            .values_list("of", "subject_id", "name")
            .distinct()
        }
        again = TraitRepeat.objects.filter(occurred_at__gt=first)
        for of, pk, names, moment in self._rows(again, keys, named=False).values_list(
            "of", "subject_id", "names", "occurred_at"
        ):
            for key in {(by_row[of, pk], name) for name in names} & keys:
                repeats[key].append(moment)
        return (later & keys) | repeats.keys(), repeats

    def _rows(self, rows: QuerySet[Any], keys: set[Key], *, named: bool) -> QuerySet[Any]:
        ids: defaultdict[str, set[int]] = defaultdict(set)
        names: defaultdict[str, set[str]] = defaultdict(set)
        for uid, name in keys:
            subject = self.subjects[uid]
            ids[OF[type(subject)]].add(subject.pk)
            names[OF[type(subject)]].add(name)
        wanted = Q(pk=None)
        for of, pks in ids.items():
            of_these = Q(of=of, subject_id__in=sorted(pks))
            wanted |= of_these & Q(name__in=sorted(names[of])) if named else of_these
        return rows.filter(wanted)

    # --- telling ------------------------------------------------------------------------------
    def _tell(self, subject: Subject, traits: Mapping[str, Any], moment: datetime) -> None:
        again = [
            name for name, value in traits.items() if not self._one(subject, name, value, moment)
        ]
        if again:
            row = TraitRepeat(of=OF[type(subject)], names=sorted(again), occurred_at=moment)
            self.changes.ledger.append((subject, row))

    def _one(self, subject: Subject, name: str, value: Any, moment: datetime) -> bool:
        """Tell one value; whether it was news."""
        made = self.timelines[subject.uid, name].say(moment, value)
        for at, what in made:
            row = TraitChange(
                of=OF[type(subject)],
                name=name,
                value=what,
                occurred_at=at,
                received_at=self.received_at,
                source=self.source,
            )
            self.changes.ledger.append((subject, row))
        if made:
            self.changed[subject.uid].add(name)
        return bool(made)

    def _hand_down(
        self, contact: Contact, former: Contact, moment: datetime, names: Collection[str]
    ) -> None:
        for name in names:
            value = self.timelines[former.uid, name].at(moment)
            if value is not None and self.timelines[contact.uid, name].at(moment) is None:
                self._one(contact, name, value, moment)

    def _refresh(self, subject: Subject, names: set[str]) -> None:
        """The noun's cache: each trait as it stands last."""
        traits = dict(subject.traits)
        for name in sorted(names):
            if (value := self.timelines[subject.uid, name].last) is None:
                traits.pop(name, None)
            else:
                traits[name] = value
        self.changes.set(subject, traits=traits)

    def roles(self, contact: Contact) -> list[tuple[datetime, list[str]]]:
        """The dated lists of roles, by `role` and `roles` alike. After `settle(roles_of=…)`."""
        said = [
            (moment, number, _as_list(value))
            for number, name in enumerate(ROLES)
            for moment, value in self.timelines[contact.uid, name].changes
        ]
        return [(moment, names) for moment, _number, names in sorted(said)]


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])
