"""Whatever dies, hangs, refuses or is stepped while people press: all read every alert, once, and nobody else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from tests.acceptance.conftest import Town
from tests.acceptance.siege import besieged
from tests.acceptance.storm import Fault, Storm, gathered, planned

pytestmark = pytest.mark.slow

# Longer than everybody waits for what is lost: what is missing is told by name.
LONGEST_RUN_SECONDS = 900
RUNS = int(os.environ.get("STORM_RUNS", "12"))
FIRST = int(os.environ.get("STORM_FIRST_SEED", "0"))


@pytest.fixture
async def storm(town: Town) -> AsyncIterator[Storm]:
    async with besieged(town) as siege:
        yield await gathered(siege)


async def test_in_a_storm_everybody_reads_every_alert_once_and_nobody_else_does(storm: Storm) -> None:
    for seed in range(FIRST, FIRST + RUNS):
        # What hangs is a fault too, and must not hang everything else.
        async with asyncio.timeout(LONGEST_RUN_SECONDS):
            await storm.run(planned(seed))
        print(f"seed {seed}: {storm.account.told()}", flush=True)  # noqa: T201 (shown with -s, and when it fails)
    assert storm.account.faultless, storm.account.told()
    assert storm.account.alerts >= RUNS


def test_the_same_seed_plans_the_same_and_a_dozen_meet_every_fault() -> None:
    assert planned(7) == planned(7)
    assert {stroke.fault for seed in range(12) for stroke in planned(seed).strokes} == set(Fault)
