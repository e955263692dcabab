"""Other names a contact goes by: anonymous ids, and user ids that were merged into it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from journeys.models import Alias, Contact

ANONYMOUS = "anonymous"
MERGED_USER = "user"


def behind(anonymous_ids: Iterable[str], user_ids: Iterable[str]) -> dict[tuple[str, str], str]:
    """{(kind, name): user id} of the names that mean another user id; at most one SELECT.

    User ids are also asked for as anonymous ones: an alias may have named one before it was used.
    """
    users = sorted(set(user_ids))
    cookies = sorted({*anonymous_ids, *users})
    wanted = Q(kind=ANONYMOUS, value__in=cookies)
    if users:
        wanted |= Q(kind=MERGED_USER, value__in=users)
    rows = Alias.objects.filter(wanted) if cookies else Alias.objects.none()
    return {
        (kind, value): user
        for kind, value, user in rows.values_list("kind", "value", "contact__user_id")
    }


def known_as(user_id: str) -> Contact | None:
    """The current contact of a user id, also of one that was merged into another; two SELECTs."""
    found = Contact.objects.filter(user_id=user_id, is_current=True)
    merged = Contact.objects.filter(aliases__kind=MERGED_USER, aliases__value=user_id)
    return found.select_related("person").first() or merged.select_related("person").first()
