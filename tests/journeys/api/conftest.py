from __future__ import annotations

import pytest

from tests.doors import Door


@pytest.fixture
def door(db: None) -> Door:
    return Door()
