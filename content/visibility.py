"""Who may read a page. `content` never asks who is there: the reader comes in as an argument."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

PUBLIC, CUSTOMER, INTERNAL = "public", "customer", "internal"


class Reader(Protocol):
    """What a page has to know of whoever looks at it (config.visitors.Visitor is one)."""

    @property
    def audience(self) -> str: ...

    @property
    def roles(self) -> frozenset[str]: ...

    @property
    def products(self) -> frozenset[str]: ...

    @property
    def stages(self) -> frozenset[str]: ...


P = TypeVar("P")


def audiences_of(reader: Reader) -> tuple[str, ...]:
    """The audiences whose pages this reader may see: staff see all, the public only its own."""
    return {
        INTERNAL: (PUBLIC, CUSTOMER, INTERNAL),
        CUSTOMER: (PUBLIC, CUSTOMER),
    }.get(reader.audience, (PUBLIC,))


def may_read(page: Any, reader: Reader) -> bool:
    """Whether `page` (anything with audience, roles, products) is open to `reader` (R61).

    On a public page roles only say whom it is written for. On a customer page they are a door: it
    opens to whoever has one of them. Somebody none of whose roles is known yet is let in: a
    missing role is missing knowledge, not another role. Products are always a door.
    """
    if page.audience not in audiences_of(reader):
        return False
    if reader.audience == INTERNAL or page.audience == PUBLIC:
        return True
    has_product = not page.products or bool(reader.products & set(page.products))
    has_role = not page.roles or not reader.roles or bool(reader.roles & set(page.roles))
    return has_product and has_role


def readable(pages: Iterable[P], reader: Reader) -> list[P]:
    """The pages of `pages` that are open to `reader`, in their order."""
    return [page for page in pages if may_read(page, reader)]


def meant_for(page: Any, reader: Reader) -> bool:
    """Whether the page is written for one of the reader's roles (or for everybody)."""
    return not page.roles or bool(reader.roles & set(page.roles))
