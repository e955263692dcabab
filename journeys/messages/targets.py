"""Where a link may lead: targets by name, resolved by the room that owns the page.

A target is written by authors and stored with the message; nothing of it ever comes from a URL (R50).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from journeys.messages.liquid import BadTemplate

#: Reads the part after the colon ("" where there is none) into a URL; None when there is no page.
Resolver = Callable[[str], str | None]
#: (part after the colon, contact ids) → those contacts who may see that page now.
Visibility = Callable[[str, Collection[int]], Collection[int]]

KINDS = ("home", "goal", "roadmap", "lesson", "course", "article", "product")
_resolvers: dict[str, Resolver] = {}
_visible: dict[str, Visibility] = {}


def register_target(kind: str, function: Resolver, visible: Visibility | None = None) -> None:
    """Say at start-up where targets of a kind lead, and who may see the page behind one."""
    if kind not in KINDS:
        raise ValueError(f"unknown kind of target “{kind}”; known are {', '.join(KINDS)}")
    _resolvers[kind] = function
    if visible is not None:
        _visible[kind] = visible


def split(target: str) -> tuple[str, str]:
    """("lesson", "two-steps") of `lesson:two-steps`; ("https", url) of an address."""
    kind, _colon, rest = target.partition(":")
    return ("https", target) if kind in ("https", "http") else (kind, rest)


def check(target: str) -> None:
    """BadTemplate when an author's target can never lead anywhere safe."""
    kind, rest = split(target)
    if kind == "https":
        if not _is_allowed(target):
            raise BadTemplate(
                _("“%s” leads to a host that is not on the list of allowed hosts") % target
            )
    elif kind not in KINDS:
        raise BadTemplate(
            _("“%(target)s” is no target; write one of %(kinds)s or an https address")
            % {"target": target, "kinds": ", ".join(KINDS)}
        )
    elif kind in ("lesson", "course", "article", "product") and not rest:
        raise BadTemplate(_("“%s” needs the page's name after a colon") % target)


def resolve(target: str) -> str:
    """The URL a target leads to now: a path of this site, or an allowed https address.

    The learning site's front page where a target leads nowhere (any more).
    """
    kind, rest = split(target)
    if kind == "https":
        return target if _is_allowed(target) else "/"
    resolver = _resolvers.get(kind)
    url = resolver(rest) if resolver else None
    return url if url and _is_safe(url) else "/"


def hidden(target: str, contact_ids: Collection[int]) -> set[int]:
    """Contacts for whom the page behind a target is not there (PAGE_GONE at the fence)."""
    kind, rest = split(target)
    if kind not in _visible:
        return set()
    return set(contact_ids) - set(_visible[kind](rest, contact_ids))


def allowed_hosts() -> set[str]:
    """Hosts a letter may lead to: our own, the product's, and those named in the settings."""
    own = {
        urlsplit(settings.BASE_URL).netloc,
        urlsplit(settings.PRODUCT_URL).netloc,
    }
    return {host for host in own | set(getattr(settings, "LINK_HOSTS", ())) if host}


def _is_allowed(url: str) -> bool:
    return url_has_allowed_host_and_scheme(url, allowed_hosts(), require_https=True)


def _is_safe(url: str) -> bool:
    """A relative path, or the absolute address of an allowed host."""
    if url.startswith("/") and url_has_allowed_host_and_scheme(url, None):
        return True
    return url_has_allowed_host_and_scheme(url, allowed_hosts())
