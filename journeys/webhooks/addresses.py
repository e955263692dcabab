"""Which addresses may be called: the outside world, and hosts that the settings name.

Asked when a receiver is saved, and again of the very address that is connected to: a name may
lead somewhere else by then (OWASP, server-side request forgery).
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from requests_hardened.ip_filter import EXTRA_BLOCKED_NET_RANGES

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadAddress(ValueError):
    """An address that is not called; the sentence says why and what to do."""


def check(url: str) -> None:
    """BadAddress unless `url` is https, and every address of its host is outside."""
    parts = _split(url)
    if is_named(parts.netloc):
        return
    if parts.scheme != "https":
        raise BadAddress(_("Write an address that begins with https://"))
    for address in _addresses(parts):
        if not is_outside(address):
            message = _("“%(host)s” leads into a private network (%(address)s); it is not called")
            raise BadAddress(message % {"host": parts.hostname, "address": address})


def is_named(netloc: str) -> bool:
    """Whether the settings allow this host (with its port) wherever it is."""
    return netloc.lower() in {host.lower() for host in settings.WEBHOOK_HOSTS}


def is_outside(address: Address) -> bool:
    """Whether an address is a public one of a single machine."""
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return is_outside(mapped)
    blocked = any(address in net for net in EXTRA_BLOCKED_NET_RANGES)
    return address.is_global and not address.is_multicast and not blocked


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError as error:
        raise BadAddress(_("“%s” is no address") % url) from error
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise BadAddress(_("Write an address that begins with https://"))
    if parts.username or parts.password:
        raise BadAddress(_("Leave name and password out of the address"))
    return parts


def _addresses(parts: SplitResult) -> list[Address]:
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BadAddress(
            _("“%s” is not known to the domain name system") % parts.hostname
        ) from error
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
