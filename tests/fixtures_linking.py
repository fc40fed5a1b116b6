"""A shelter with somebody to link and two who may confirm; what it is used with stands in `tests.linked`."""

from __future__ import annotations

import pytest

from agencies.model import Role
from tests.linked import Shelter
from tests.people import Network


@pytest.fixture
async def shelter(network: Network) -> Shelter:
    office = await network.office()
    first, second = [await network.person(office.agency, Role.ADMINISTRATOR) for _ in range(2)]
    return Shelter(office=office, worker=office.worker, administrator=first, other_administrator=second)
