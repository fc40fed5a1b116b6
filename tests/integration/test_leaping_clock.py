"""A clock that leaps erases nothing: not at once, not by leaping again, and not once it is set back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import awake
from core.awake import ENOUGH, LEAP, STRETCH
from core.database import Database
from core.settings import Settings
from safety_plans.retention import AFTER_THE_END
from server.engine import Engine
from streha.doctor.database_checks import DatabaseChecks
from streha.doctor.findings import Note
from tests.clock import MovableClock
from tests.integration.test_retention import KNOWN, SEALED, acts, closed, left
from tests.opened import Opened

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_vault")

DAY = timedelta(days=1)
YEAR = 365 * DAY


class Engines:
    """Engines at work: one round that may erase, or a day of noting that they are there."""

    def __init__(self, database: Database, clock: MovableClock, settings: Settings) -> None:
        self._database, self._clock, self._settings = database, clock, settings

    async def round(self) -> None:
        """Do a round of an engine that has just begun: it looks at once for what is over."""
        await Engine(self._database, self._clock, self._settings).sweep()

    async def work(self, time: timedelta) -> None:
        """Be at work for a while."""
        for _ in range(time // STRETCH):
            self._clock.move(STRETCH)
            await awake.note(self._database, self._clock)

    async def doctor(self) -> None:
        """Ask what is wrong; raises Note where there is something to say."""
        await DatabaseChecks(self._database, self._clock, self._settings).leaped()


@pytest.fixture
def engines(database: Database, clock: MovableClock, settings: Settings) -> Engines:
    return Engines(database, clock, settings)


def logged(caplog: pytest.LogCaptureFixture, event: str) -> int:
    """Return how often an event was logged."""
    return sum(getattr(each, "streha_event", None) == event for each in caplog.records)


async def test_a_leap_erases_nothing_and_neither_does_another_or_the_way_back(
    opened: Opened, database: Database, clock: MovableClock, engines: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    await closed(opened, clock, keep=90 * DAY)
    await engines.round()
    await engines.work(ENOUGH)
    await engines.doctor()
    before = await left(database, *SEALED, "risk_levels", "compartment_members")
    assert all(before[each] for each in ("vault_contents", "vault_wraps", "risk_levels", "compartment_members"))

    for further in (YEAR, 10 * YEAR, LEAP, ENOUGH, -11 * YEAR - LEAP - ENOUGH):
        clock.move(further)
        await engines.round()
        assert await left(database, *before) == before
        with pytest.raises(Note):
            await engines.doctor()
    # The two that nobody can tell from a pause are none.
    assert logged(caplog, "time_leaped") == 3
    assert logged(caplog, "sweep_failed") == 0

    # It is what it was, and goes on without anybody: what is over then is erased, and nothing else.
    await engines.work(ENOUGH)
    await engines.round()
    await engines.doctor()
    assert await left(database, *before) == before
    for _ in range(AFTER_THE_END // LEAP):
        clock.move(LEAP)
        await engines.round()
    assert await acts(database) == ["case_forgotten"]
    assert set((await left(database, *KNOWN)).values()) == {0}
    assert logged(caplog, "time_leaped") == 3


async def test_where_engines_were_away_for_long_it_is_erased_after_a_day_at_work(
    opened: Opened, database: Database, clock: MovableClock, engines: Engines
) -> None:
    until = await closed(opened, clock, keep=90 * DAY)
    await engines.round()
    await engines.work(ENOUGH)
    clock.set(until + timedelta(seconds=1))
    await engines.round()
    await engines.work(ENOUGH - STRETCH)
    await engines.round()
    assert await acts(database) == []
    await engines.work(STRETCH)
    for _ in range(2):
        await engines.round()
    assert set(await acts(database)) == {"case_forgotten", "vault_erased", "members_forgotten"}


async def test_nothing_is_erased_on_the_first_day(
    opened: Opened, database: Database, clock: MovableClock, engines: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await closed(opened, clock, keep=DAY)
    # As if the upgrade that brought this came now.
    clock.move(YEAR)
    await engines.round()
    assert await acts(database) == []
    assert (logged(caplog, "erasing_waits"), logged(caplog, "time_leaped")) == (1, 0)
    # Nothing leaped: there is nothing to say.
    await engines.doctor()
    await engines.work(ENOUGH)
    await engines.round()
    assert "vault_erased" in await acts(database)
