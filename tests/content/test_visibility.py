"""Who may read what (R61): audience, product and role."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from content.visibility import audiences_of, may_read, meant_for


@dataclass(frozen=True)
class Somebody:
    audience: str = "customer"
    roles: frozenset[str] = field(default_factory=frozenset)
    products: frozenset[str] = frozenset({"app"})
    stages: frozenset[str] = field(default_factory=frozenset)


@dataclass
class Leaf:
    audience: str = "customer"
    roles: tuple[str, ...] = ()
    products: tuple[str, ...] = ()


ADMIN = Somebody(roles=frozenset({"admin"}))
ROLELESS = Somebody()
PUBLIC = Somebody(audience="public", products=frozenset())
STAFF = Somebody(audience="internal", products=frozenset())


@pytest.mark.parametrize(
    ("reader", "page", "opens"),
    [
        (PUBLIC, Leaf("public"), True),
        (PUBLIC, Leaf("public", roles=("admin",)), True),  # there, a role is no door
        (PUBLIC, Leaf("customer"), False),
        (PUBLIC, Leaf("internal"), False),
        (ADMIN, Leaf("customer"), True),
        (ADMIN, Leaf("customer", roles=("admin", "approver")), True),
        (ADMIN, Leaf("customer", roles=("approver",)), False),
        (ADMIN, Leaf("customer", products=("other",)), False),
        (ADMIN, Leaf("customer", products=("app", "other")), True),
        (ADMIN, Leaf("internal"), False),
        (ROLELESS, Leaf("customer", roles=("approver",)), True),  # not known is not another
        (STAFF, Leaf("internal", roles=("admin",), products=("other",)), True),
    ],
)
def test_a_page_opens_to_its_audience_product_and_role_and_to_staff(reader, page, opens):
    assert may_read(page, reader) is opens


def test_an_unknown_audience_sees_only_what_is_public():
    assert audiences_of(Somebody(audience="partner")) == ("public",)


def test_a_page_is_meant_for_its_roles_or_for_everybody():
    assert [meant_for(Leaf(roles=roles), ADMIN) for roles in ((), ("admin",), ("approver",))] == [
        True,
        True,
        False,
    ]
