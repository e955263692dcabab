"""Where a target leads on this site: home, goal, roadmap, lesson:SLUG, course:SLUG, article:SLUG."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.urls import reverse

from content.models import ArticlePage
from content.visibility import CUSTOMER, Reader
from journeys.messages import targets as house
from journeys.models import Contact, Membership, Subscription
from learning.models import CoursePage, LessonPage, with_courses

DOORS = ("home", "goal", "roadmap")
PAGES: dict[str, Any] = {"lesson": LessonPage, "course": CoursePage, "article": ArticlePage}


@dataclass(frozen=True)
class Addressee:
    """A customer's person as a page's audience sees them."""

    audience: str = CUSTOMER
    roles: frozenset[str] = field(default_factory=frozenset)
    products: frozenset[str] = field(default_factory=frozenset)
    stages: frozenset[str] = field(default_factory=frozenset)


def pages(kind: str, slugs: Iterable[str]) -> dict[str, Any]:
    """Live pages of a kind by slug, without their bodies; 1 query, for lessons 2."""
    rows = PAGES[kind].objects.live().filter(slug__in=set(slugs)).order_by("-path")
    rows = rows.defer_streamfields()
    return {page.slug: page for page in (with_courses(rows) if kind == "lesson" else rows)}


def urls(targets: Iterable[str], reader: Reader) -> dict[str, str]:
    """Address of each target that `reader` may open; one query a kind of page.

    A target that leads nowhere, or to a page that is not this reader's, is left out.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    found: dict[str, str] = {}
    for target in {target for target in targets if target}:
        kind, rest = house.split(target)
        if kind in PAGES:
            wanted[kind].add(rest)
        elif kind in DOORS:
            found[target] = reverse(f"learning:{kind}")
        elif (url := house.resolve(target)) != "/":
            found[target] = url
    for kind, slugs in wanted.items():
        for slug, page in pages(kind, slugs).items():
            if page.is_open_to(reader) and (url := page.get_url()):
                found[f"{kind}:{slug}"] = url
    return found


def register() -> None:
    """Tell the house where this site's targets are and for whom; called once at start-up."""
    for name in DOORS:
        house.register_target(name, _door(name))
    for kind in PAGES:
        house.register_target(kind, _address(kind), _readers(kind))
    house.register_target("product", _in_product)


def _door(name: str) -> Callable[[str], str]:
    return lambda _rest: reverse(f"learning:{name}")


def _in_product(path: str) -> str | None:
    """A page of the vendor's product, whose address is a setting."""
    return f"{settings.PRODUCT_URL}/{path.lstrip('/')}" if settings.PRODUCT_URL else None


def _address(kind: str) -> Callable[[str], str | None]:
    def address(slug: str) -> str | None:
        page = pages(kind, [slug]).get(slug)
        return page.get_url() if page else None

    return address


def _readers(kind: str) -> Callable[[str, Collection[int]], set[int]]:
    def readers(slug: str, contact_ids: Collection[int]) -> set[int]:
        page = pages(kind, [slug]).get(slug)
        if page is None:
            return set()
        return {pk for pk, one in addressees(contact_ids).items() if page.is_open_to(one)}

    return readers


def addressees(contact_ids: Collection[int]) -> dict[int, Addressee]:
    """What decides which pages contacts may read: roles held and products subscribed to; 3 queries."""
    accounts = dict(
        Contact.objects.filter(pk__in=contact_ids, is_current=True).values_list("pk", "account_id")
    )
    roles: dict[int, set[str]] = defaultdict(set)
    held = Membership.objects.filter(contact__in=accounts, to_at=None).exclude(role="")
    for contact, role in held.values_list("contact_id", "role"):
        roles[contact].add(role)
    products: dict[int, set[str]] = defaultdict(set)
    live = Subscription.objects.filter(account__in=set(accounts.values()), ended_at=None)
    for account, product in live.values_list("account_id", "product__key"):
        products[account].add(product)
    return {
        pk: Addressee(roles=frozenset(roles[pk]), products=frozenset(products[account or 0]))
        for pk, account in accounts.items()
    }
