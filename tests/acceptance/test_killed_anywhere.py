"""SIGKILL at any await between a panic and its delivery: nothing is lost and nothing arrives twice."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from agencies.model import AgencyKind
from alerts.model import StandDownReason
from deploy.witness import Witness
from tests.acceptance.conftest import Town, rings

pytestmark = pytest.mark.slow

KILLABLE = Path(__file__).with_name("killable.py")
# One panic crosses the process's border about a hundred times; every ninth of these moments is tried.
CROSSINGS = range(2, 110, 9)
LEASES_OVER = timedelta(seconds=35)


async def test_the_bot_killed_at_any_await_loses_nothing_and_repeats_nothing(town: Town, tmp_path: Path) -> None:
    case = await town.open_case()
    room, duty_room = await town.channel(case), await town.duty_room(AgencyKind.POLICE)
    sara, ana, petar = await town.witness("sara"), await town.witness("ana"), await town.witness("petar")
    for witness, joined in ((sara, room), (ana, room), (petar, duty_room)):
        await witness.joined(joined)

    died = 0
    for crossing in CROSSINGS:
        await town.network.stop_role("bots")
        mark = tmp_path / f"armed-{crossing}"
        trapped = (sys.executable, str(KILLABLE), str(crossing), str(mark), "bots")
        await town.network.start_role("bots", command=trapped)
        before = {witness: len(witness.messages) for witness in (ana, petar)}
        mark.touch()
        await sara.send(room, "panic")
        died += await _killed_in_time(town)
        await town.network.stop_role("bots", kill=True)
        town.network.move_clock(LEASES_OVER)
        await town.network.start_role("bots")

        for witness, place in ((ana, room), (petar, duty_room)):
            await witness.wait_for(rings, place, after=before[witness])
            await witness.wait_for("ALERT", place, after=before[witness])
        alert = (await town.alerts.open_for(town.person("petar"), [case.core.id]))[0].alert
        await town.alerts.acknowledge(town.person("petar"), alert.id)
        await town.alerts.stand_down(town.person("petar"), alert.id, StandDownReason.FALSE_ALARM)
        for witness, place in ((ana, room), (petar, duty_room)):
            await witness.wait_for("false alarm", place, after=before[witness])
            _said_once(witness, place, before[witness])
    assert died >= len(CROSSINGS) // 2, "the trap hardly ever closed: it proves nothing"
    assert not ana.failures
    assert not petar.failures


async def _killed_in_time(town: Town) -> bool:
    """Wait until the trapped process is dead, or has evidently done everything without stepping on the trap."""
    for _ in range(60):
        if not town.network.role_is_running("bots"):
            return True
        await asyncio.sleep(0.05)
    return False


def _said_once(witness: Witness, room: str, before: int) -> None:
    bodies = [
        each.body for each in witness.messages[before:] if each.room_id == room and each.sender != witness.user_id
    ]
    alarming = [body for body in bodies if "alert, open the app" in body or "ALERT" in body]
    assert len(alarming) == 2, alarming
    assert len(set(bodies)) == len(bodies), bodies
