"""The active bot is killed: a standby on a directory of its own goes on, warm, and nothing is lost or said twice."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from agencies.model import AgencyKind
from alerts.vocabulary import StandDownReason
from bots.account.lease import LEASE
from tests.acceptance.conftest import Town, rings
from tests.acceptance.crossings import EVERY, TELLING_OF_ALERT, trapped
from tests.waiting import PATIENCE_SECONDS, until

pytestmark = pytest.mark.slow

HELP = "drill: an exercise"


@pytest.mark.parametrize("crossing", TELLING_OF_ALERT if EVERY else TELLING_OF_ALERT[-1:])
async def test_a_standby_takes_over_warm_wherever_the_active_bot_died(
    town: Town, tmp_path: Path, crossing: str
) -> None:
    armed = tmp_path / "armed"
    await town.network.stop_role("bots")
    await town.network.start_role("bots", command=trapped(crossing, armed, "bots"))
    case = await town.open_case()
    room, duty_room = await town.channel(case), await town.duty_room(AgencyKind.POLICE)
    sara, ana, petar = await town.witness("sara"), await town.witness("ana"), await town.witness("petar")
    for witness, place in ((sara, room), (ana, room), (petar, duty_room)):
        await witness.joined(place)
    async with _standby(town, tmp_path / "standby"):
        before = {witness: len(witness.messages) for witness in (ana, petar)}
        # Two bots hear this, one answers.
        await sara.send(room, "help")
        await ana.wait_for(HELP, room, after=before[ana])
        await asyncio.to_thread(armed.touch)
        await sara.send(room, "panic")
        await until(lambda: not town.network.role_is_running("bots"))
        await town.network.stop_role("bots", kill=True)
        town.network.move_clock(LEASE + timedelta(seconds=1))
        for witness, place in ((ana, room), (petar, duty_room)):
            await witness.wait_for(rings, place, PATIENCE_SECONDS, after=before[witness])
            await witness.wait_for("ALERT", place, PATIENCE_SECONDS, after=before[witness])

        # It hears as well as it speaks, with keys that people gave it while it stood by.
        petar_heard = len(petar.messages)
        # By its name: other stories may have left alerts open for the same desk.
        await petar.send(duty_room, f"ack {case.core.codename}")
        await petar.wait_for(lambda message: town.person("petar").name in message.body, duty_room, after=petar_heard)
        (view,) = await town.alerts.open_for(town.person("petar"), [case.core.id])
        await town.alerts.stand_down(town.person("petar"), view.alert.id, StandDownReason.FALSE_ALARM)
        for witness, place in ((ana, room), (petar, duty_room)):
            await witness.wait_for("false alarm", place, PATIENCE_SECONDS, after=before[witness])
            said = [
                each for each in witness.messages[before[witness] :]
                if each.room_id == place and each.sender not in {sara.user_id, petar.user_id}
            ]  # fmt: skip
            assert len([each for each in said if rings(each)]) == 1
            bodies = [each.body for each in said]
            assert len(set(bodies)) == len(bodies), bodies
            # What it sealed itself is said once: to nobody is it a newcomer.
            assert len([body for body in bodies if "false alarm" in body]) == 1
            assert {each.shield for each in said} == {"none"}
        assert not [each for each in (*ana.failures, *petar.failures) if each.room_id in {room, duty_room}]


@asynccontextmanager
async def _standby(town: Town, directory: Path) -> AsyncIterator[None]:
    """Start a standby with nothing but a copy of the identity, and wait until it is warm."""
    shutil.copytree(town.network.directory / "bot" / "identity", directory / "identity")
    output = town.network.directory / "logs" / f"{directory.name}.log"
    command = (sys.executable, "-m", "streha", "run", "--role", "bots")
    settings = {"STREHA_MATRIX_STATE_DIRECTORY": str(directory)}
    # One of an earlier story wrote here too.
    written = output.stat().st_size if output.exists() else 0
    await town.network.start_role(directory.name, command=command, settings=settings)
    try:
        await _says(output, "standby_warm", after=written)
        yield
    finally:
        await town.network.stop_role(directory.name)
        await town.network.start_role("bots")


async def _says(output: Path, event: str, *, after: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while f'"{event}"'.encode() not in (await asyncio.to_thread(output.read_bytes))[after:]:  # noqa: ASYNC110 (another process writes)
            await asyncio.sleep(0.05)
