"""What a piece of work makes and changes, written by one statement a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import models

from journeys import db
from journeys.models import (
    Account,
    Address,
    Alias,
    Contact,
    Deliverable,
    Membership,
    Person,
    Product,
    Subscription,
    TraitChange,
    TraitRepeat,
)

# What is referred to comes first.
TABLES: Sequence[type[models.Model]] = (
    Person,
    Account,
    Product,
    Contact,
    Subscription,
    Deliverable,
    Membership,
    Address,
    Alias,
)
KNOWN_BY_UID = (Person, Account, Contact, Subscription, Deliverable)


class Changes:
    """New rows, changed columns, and the trait ledger of nouns that may not have a key yet."""

    def __init__(self) -> None:
        self.new: defaultdict[type[models.Model], list[Any]] = defaultdict(list)
        self.changed: defaultdict[type[models.Model], dict[int, Any]] = defaultdict(dict)
        self.columns: defaultdict[type[models.Model], set[str]] = defaultdict(set)
        self.ledger: list[tuple[Any, TraitChange | TraitRepeat]] = []

    def __bool__(self) -> bool:
        """Whether anything already written must change, or a noun begins. Mere repeats do not."""
        return (
            any(self.new.values())
            or any(self.changed.values())
            or any(isinstance(row, TraitChange) for _subject, row in self.ledger)
        )

    def add(self, row: Any) -> Any:
        self.new[type(row)].append(row)
        return row

    def set(self, row: Any, **values: Any) -> bool:
        """Set columns; whether one of them was another."""
        names = [name for name, value in values.items() if getattr(row, name) != value]
        for name in names:
            setattr(row, name, values[name])
        if names and row.pk is not None:
            self.changed[type(row)][row.pk] = row
            self.columns[type(row)].update(row._meta.get_field(name).attname for name in names)
        return bool(names)

    def write(self) -> None:
        """Write it all. Needs a transaction."""
        for model in TABLES:
            if model is Contact:
                self._leave_first()
            for row in self.new[model]:
                _take_keys(row)
            self._update(model)
            self._insert(model)
        self._write_ledger()

    def _leave_first(self) -> None:
        """A user id is free for the next contact once the one before is no longer current."""
        if "is_current" in self.columns[Contact]:
            rows = self.changed[Contact].values()
            db.update(
                Contact,
                [{"id": row.pk, "is_current": False} for row in rows if not row.is_current],
            )

    def _update(self, model: type[models.Model]) -> None:
        names = sorted(self.columns[model])
        rows = [self.changed[model][pk] for pk in sorted(self.changed[model])]
        for row in rows:
            _take_keys(row)
        db.update(model, [{"id": row.pk} | {n: getattr(row, n) for n in names} for row in rows])

    def _insert(self, model: type[models.Model]) -> None:
        rows = self.new[model]
        if model is Product:
            Product.objects.bulk_create(rows)
        elif model in KNOWN_BY_UID:
            db.insert_known(rows)
        else:
            db.insert(rows)

    def _write_ledger(self) -> None:
        changes: list[TraitChange] = []
        repeats: list[TraitRepeat] = []
        for subject, row in self.ledger:
            row.subject_id = subject.pk
            if isinstance(row, TraitChange):
                row.account_id = subject.pk if row.of == "account" else subject.account_id
                changes.append(row)
            else:
                repeats.append(row)
        db.insert(changes)
        db.insert(repeats)


def _take_keys(row: models.Model) -> None:
    """The keys of the rows it refers to, which may just have been written."""
    for name, other in list(row._state.fields_cache.items()):
        if isinstance(row._meta.get_field(name), models.ForeignKey):
            setattr(row, name, other)
