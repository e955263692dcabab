"""A customer's own log-in, for wider rights than a letter's link gives."""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction

from journeys.models import Contact, Person, User


@transaction.atomic
def log_in_of(contact: Contact, now: datetime) -> User | None:
    """The log-in of a contact's person, made when there is none; None without an address.

    It carries no right by itself: signing in needs the code that goes to the address. An address
    that a member of staff signs in with is never a customer's.
    """
    person = contact.person
    if person.user is not None:
        return person.user
    if not contact.email:
        return None
    user = User.objects.filter(email__iexact=contact.email).first()
    if user is None:
        user = User.objects.create_user(contact.email.lower())
        last, _space, first = contact.name.partition(" ")
        User.objects.filter(pk=user.pk).update(last_name=last, first_name=first)
        user.refresh_from_db()
    if user.is_staff:
        return None
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    if not Person.objects.filter(user=user).exists():
        Person.objects.filter(pk=person.pk).update(user=user)
    return user
