"""One relay and three nurseries for all storms of a run: starting Django is what takes long."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import rig as rigs
from tests.faults.rig import Nursery, Rig


@pytest.fixture(scope="session")
def running(
    django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Rig, list[Nursery]]]:
    with rigs.rig(tmp_path_factory.mktemp("storm")) as rig, rigs.nurseries(rig) as slots:
        yield rig, slots


@pytest.fixture
def rig(running: tuple[Rig, list[Nursery]]) -> Rig:
    running[0].begin_anew()
    return running[0]


@pytest.fixture
def slots(running: tuple[Rig, list[Nursery]]) -> list[Nursery]:
    return running[1]
