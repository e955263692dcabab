from __future__ import annotations

import pytest

from journeys.models import Contact
from tests import cast


@pytest.fixture
def anna(db: None) -> Contact:
    """Administrator of a customer whose contract began this morning."""
    cast.open_vendor()
    return cast.customer("anna")


@pytest.fixture
def bert(anna: Contact) -> Contact:
    """Administrator of another customer."""
    return cast.customer("bert")
