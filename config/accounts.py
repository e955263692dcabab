"""One door: staff and customers sign in with a code sent to their address; nobody signs up."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import RequestLoginCodeForm
from django.http import HttpRequest

from journeys import clock, people
from journeys.models import Contact, User
from journeys.permission import normalise_address


class Accounts(DefaultAccountAdapter):
    """People are invited or identified by the product; there is no open sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Staff to the admin, customers to their home."""
        user: Any = request.user
        return "/admin/" if user.is_authenticated and user.is_staff else "/"

    def format_email_subject(self, subject: str) -> str:
        """The subject as it is written: no site's name in brackets before it."""
        return subject


class RequestCode(RequestLoginCodeForm):
    """Sends a code also to a customer's person who has never signed in: they get a log-in now."""

    _user: User | None

    def clean_email(self) -> str:
        email: str = super().clean_email()
        if email and self._user is None:
            self._user = log_in_for(email)
        return email


def log_in_for(email: str) -> User | None:
    """The log-in of the current contact reached at this address, made if there is none; else None.

    Holding the log-in proves nothing: the code that goes to the address does. Of several people
    who share a mailbox the first one's is taken; after signing in they say who they are.
    """
    contact = (
        Contact.objects.filter(
            is_current=True,
            account__isnull=False,
            person__addresses__channel="email",
            person__addresses__to_at=None,
            person__addresses__normalised=normalise_address(email),
        )
        .select_related("person")
        .order_by("pk")
        .first()
    )
    return people.log_in_of(contact, clock.now()) if contact else None
