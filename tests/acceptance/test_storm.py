"""Whatever dies, hangs, refuses or is stepped while people press: all read every alert, once, and nobody else."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence

import pytest

from tests.acceptance.conftest import Town
from tests.acceptance.siege import besieged
from tests.acceptance.storm import Storm, gathered
from tests.acceptance.storm_plan import Fault, planned

pytestmark = [pytest.mark.slow, pytest.mark.long]

# Longer than everybody waits for what is lost: what is missing is told by name.
LONGEST_RUN_SECONDS = 900
# Among the plans of so many seeds are some that together meet every fault.
DOZEN = 12
RUNS = int(os.environ.get("STORM_RUNS", "0"))
# So many towns at once, in a process each (`-n`), share the seeds: each run's account stands alone.
TOWNS = max(1, min(int(os.environ.get("STORM_TOWNS", "1")), RUNS))
FIRST = int(os.environ.get("STORM_FIRST_SEED", "0"))


def seeds() -> Sequence[int]:
    """Return the seeds that are asked for; without such a wish the fewest that together meet every fault."""
    if RUNS:
        return range(FIRST, FIRST + RUNS)
    found: list[int] = []
    missing = set(Fault)
    while missing:
        found.append(max(range(DOZEN), key=lambda seed: len(missing & faults(seed))))
        missing -= faults(found[-1])
    return found


def faults(seed: int) -> set[Fault]:
    """Return what befalls the town in the run of a seed."""
    return {stroke.fault for stroke in planned(seed).strokes}


@pytest.fixture
async def storm(town: Town) -> AsyncIterator[Storm]:
    async with besieged(town) as siege:
        yield await gathered(siege)


@pytest.mark.parametrize("share", range(TOWNS))
async def test_in_a_storm_everybody_reads_every_alert_once_and_nobody_else_does(storm: Storm, share: int) -> None:
    loop, mine = asyncio.get_running_loop(), seeds()[share::TOWNS]
    for seed in mine:
        began, before = loop.time(), len(storm.account.late)
        # What hangs is a fault too, and must not hang everything else.
        async with asyncio.timeout(LONGEST_RUN_SECONDS):
            await storm.run(planned(seed))
        took = f"seed {seed}, {loop.time() - began:.0f} s, read after {max(storm.account.late[before:]):.1f} s"
        # Shown with -s, from several processes too, and when it fails.
        print(f"{took}: {storm.account.told()}", file=sys.stderr, flush=True)  # noqa: T201
    assert storm.account.faultless, storm.account.told()
    assert storm.account.alerts >= storm.account.runs == len(mine)


def test_the_same_seed_plans_the_same_and_a_dozen_meet_every_fault() -> None:
    assert planned(7) == planned(7)
    assert set().union(*map(faults, range(DOZEN))) == set(Fault)
