"""The vendor's own people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.db import transaction

from journeys.models import User

ROLES = ("cs_ops", "csm", "marketing", "sales", "partner", "admin")


@transaction.atomic
def invite_staff(
    *,
    email: str,
    last_name: str = "",
    first_name: str = "",
    role: str = "",
    title: str = "",
    hours: str = "",
    phone: str = "",
    now: datetime,
) -> User:
    """Make (or bring up to date) a member of staff who signs in by a code sent to `email`.

    `role` is the only one of ROLES they hold afterwards; ValueError for another word. The address
    counts as verified: whoever invites vouches for it (R101).
    """
    if role and role not in ROLES:
        raise ValueError(f"{role} is none of the roles {', '.join(ROLES)}")
    about: dict[str, Any] = {
        "last_name": last_name,
        "first_name": first_name,
        "title": title,
        "hours": hours,
        "phone": phone,
        "is_staff": True,
        "is_active": True,
    }
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        user = User.objects.create_user(email, **about)
    else:
        User.objects.filter(pk=user.pk).update(**about)
        user.refresh_from_db()
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    if role:
        user.groups.set([Group.objects.get_or_create(name=role)[0]])
    return user
