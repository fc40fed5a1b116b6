"""Whether it is noticed that Streha calls nobody: the self-test, the homeserver's own word, a watchdog elsewhere."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agencies.model import AgencyKind
from alerts.proof import proving
from alerts.proof.rules import Proof
from crypto import webhook_signature
from deploy.demo_linking import DemoLinking
from deploy.demo_network import DemoAccount, populate
from deploy.network import CHECKOUT, PROBER, ROLES, LocalNetwork
from deploy.witness import Witnesses
from tests.acceptance.conftest import Town

pytestmark = [pytest.mark.slow, pytest.mark.long]

ABSENCE_SECONDS = 8
LONG_SECONDS = 120
PROOF_SECONDS = 2
SILENT = "Streha has given no sign of life"


async def proof(network: LocalNetwork) -> Proof:
    async with network.database.reading() as look:
        return await proving.state(look)


async def proven_anew(network: LocalNetwork) -> Proof:
    """Return once a proof came round that began after now."""
    since = network.clock.now()
    async with asyncio.timeout(60):
        while True:
            found = await proof(network)
            if found.begun_at is not None and found.begun_at > since:
                return found
            await asyncio.sleep(0.1)


async def notice_of(network: LocalNetwork, room: str, seconds: float) -> str:
    """Return once the homeserver was left what it is to say in a room after so many seconds."""
    async with asyncio.timeout(60):
        while True:
            async with network.database.reading() as look:
                found = await look.value(
                    "SELECT delay_id FROM absence_notices WHERE room_id = $1 AND seconds = $2", room, seconds
                )
            if found is not None:
                return str(found)
            await asyncio.sleep(0.1)


async def watchdog(network: LocalNetwork, key_file: Path) -> subprocess.CompletedProcess[str]:
    """Look once, from a Python that has nothing installed."""
    command = [sys.executable, "-S", "-m", "deploy.watchdog", network.api_url, "--once"]
    environment = {"WATCHDOG_KEY_FILE": str(key_file), "PATH": os.defpath}
    return await asyncio.to_thread(
        subprocess.run, command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )


async def test_who_calls_nobody_any_more_is_noticed_from_every_side(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text(webhook_signature.new_key())
    settings = {
        "STREHA_PROOF_INTERVAL": str(PROOF_SECONDS),
        "STREHA_ABSENCE_AFTER": str(LONG_SECONDS),
        "STREHA_SWEEP_INTERVAL": "0.5",
        "STREHA_WATCHDOG_KEY_FILE": str(key_file),
    }
    async with (
        LocalNetwork(tmp_path / "town", fast=True, roles=(*ROLES, PROBER), settings=settings) as network,
        Witnesses(network.stack.addresses.homeserver_url, log_file=tmp_path / "witnesses.log") as clients,
    ):
        accounts = await populate(network)
        town = Town(network=network, accounts=accounts, clients=clients, known={}, linking=DemoLinking(network))
        kind = AgencyKind.POLICE
        witness = await town.witness(await _officer(network, accounts, kind))
        room = await town.duty_room(kind)

        # The self-test comes round, again and again, and nobody but the prober is in its room.
        first = await proven_anew(network)
        assert first.took is not None
        assert (await proven_anew(network)).begun_at != first.begun_at

        # A stop in order, short beside the time of silence, changes nothing of what lies at the homeserver.
        before = await notice_of(network, room, LONG_SECONDS)
        await network.stop_role("bots")
        assert await notice_of(network, room, LONG_SECONDS) == before

        # While all is well the homeserver says nothing, however long that lasts.
        short = {"STREHA_ABSENCE_AFTER": str(ABSENCE_SECONDS)}
        await network.start_role("bots", settings=short)
        await notice_of(network, room, ABSENCE_SECONDS)
        await asyncio.sleep(2 * ABSENCE_SECONDS)
        assert not [each for each in witness.messages if SILENT in each.body]
        ran = await watchdog(network, key_file)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "well\n", "")

        # The bot dies: the room hears it of the homeserver, in words that a strict client can read and that ring.
        await network.stop_role("bots", kill=True)
        told = await witness.wait_for(SILENT, room, 60)
        assert witness.user_id in told.mentions
        # The engine goes on, and knows that nothing is proven any more.
        assert (await proof(network)).waiting_since is not None

        # It comes back: it says so once, and silence is told no more.
        await network.start_role("bots", settings=short)
        await witness.wait_for("Streha works again", room, 60)
        await proven_anew(network)
        await asyncio.sleep(2 * ABSENCE_SECONDS)
        assert [SILENT in each.body for each in witness.messages].count(True) == 1
        assert not witness.failures

        # Where nothing answers at all, somebody elsewhere sees it.
        await network.stop_role("api", kill=True)
        ran = await watchdog(network, key_file)
        assert (ran.returncode, ran.stdout, ran.stderr) == (1, "not well: it does not answer\n", "")


async def _officer(network: LocalNetwork, accounts: dict[str, DemoAccount], kind: AgencyKind) -> str:
    """Return the account of somebody who sits at the duty desk of an agency."""
    async with network.database.reading() as look:
        seated = {row["person_id"] for row in await look.rows("SELECT person_id FROM duty_officers")}
    return next(name for name, each in accounts.items() if each.agency.kind is kind and each.person.id in seated)
