"""Sets, not loops: the report costs the same for one customer, three and three hundred."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from learning.engagement.companies import companies
from tests.learning.engagement import build
from tests.learning.engagement.conftest import NOW

SEEN = NOW - timedelta(days=2)
STATEMENTS = 13
OF_THE_LIST = 3


@pytest.mark.parametrize("count", [1, 3, 300])
def test_the_report_costs_thirteen_statements_however_many_customers_there_are(hub, count):
    for number in range(count):
        contact = hub.admin(hub.company(f"c{number}"), f"u{number}")
        build.view(contact, hub.lesson, SEEN)
        build.mail(contact, "article:error", SEEN)
        build.fact("deliverable.changed", NOW, contact.account, deliverable="route")
    hub.report()  # the addresses of sites are kept from here on

    with CaptureQueriesContext(connection) as queries:
        found = hub.report()
    assert (len(queries), found.whole.acted.part) == (STATEMENTS, count)

    with CaptureQueriesContext(connection) as queries:
        companies(found, hub.line(), seen=True, with_names=True)
    assert len(queries) == OF_THE_LIST + STATEMENTS


@pytest.mark.parametrize("count", [1, 3, 300])
def test_the_report_costs_thirteen_statements_however_many_pages_there_are(hub, count):
    contact = hub.admin()
    for page in [*build.copies(hub.lesson, count), *build.copies(hub.article, count)]:
        build.view(contact, page, SEEN)
    hub.report()

    with CaptureQueriesContext(connection) as queries:
        found = hub.report()
    assert (len(queries), len(found.lines)) == (STATEMENTS, 2 * count + 2)
