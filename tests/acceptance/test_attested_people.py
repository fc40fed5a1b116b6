"""A bot that goes by the signed directory believes the identities that administrators attested, and no others.

The town is its own: from its founding on rows alone are not enough for anybody in it.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from agencies.attestation import code_of, read_session_key
from alerts.vocabulary import Through
from core.errors import InvalidInput
from deploy import demo_vault
from deploy.demo_attesting import DemoAttesting
from deploy.demo_linking import DemoLinking, Linked
from deploy.demo_network import populate
from deploy.network import LocalNetwork
from deploy.witness import Witnesses
from tests.acceptance.conftest import Town
from tests.acceptance.newcomers import newcomer
from tests.waiting import until

pytestmark = pytest.mark.slow


async def test_only_an_attested_identity_is_believed_and_another_one_needs_a_code(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        network = await stack.enter_async_context(LocalNetwork(tmp_path / "town", fast=True))
        accounts = await populate(network)
        clients = Witnesses(network.stack.addresses.homeserver_url, log_file=tmp_path / "witnesses.log")
        await stack.enter_async_context(clients)
        town = Town(network=network, accounts=accounts, clients=clients, known={}, linking=DemoLinking(network))
        zora = await newcomer(town, "zora")
        await town.witness("petar")
        person = town.person(zora.account)
        founded = await demo_vault.found(network, accounts)
        await network.go_by(founded.fingerprint)
        attesting = DemoAttesting(network, accounts, founded)
        # The demo attests whom it has linked; an administrator does so by command.
        told: list[Linked] = []
        async with asyncio.TaskGroup() as tasks:
            both = {each: accounts[each] for each in ("ana", "sara")}
            watching = tasks.create_task(town.linking.watch(both, told.append, attesting))
            await until(
                lambda: {each.name for each in told if each.attested} >= {town.person(each).name for each in both}
            )
            watching.cancel()

        # Linked by the rows, which were enough before there was a directory.
        await zora.link(zora.client)
        await zora.is_refused()
        assert await attesting.attest(accounts[zora.account])
        view, ring = await zora.rings_at(zora.client)
        assert (view.alert.raised_through, view.alert.raised_by) == (Through.CHANNEL, person.id)
        await zora.client.wait_for(lambda each: each.event_id == ring.event_id, zora.room)
        await zora.end()

        # The homeserver shows another identity, and the rows follow it: the directory does not.
        before = len(zora.ana.messages)
        await zora.client.reset_identity()
        await zora.coordinator_is_told(before)
        await zora.link(zora.client)
        await zora.is_refused()
        with pytest.raises(InvalidInput, match="first 16"):
            await attesting.attest(accounts[zora.account])
        await zora.is_refused()
        code = code_of(read_session_key(await zora.client.session_key()))
        assert await attesting.attest(accounts[zora.account], code)
        view, ring = await zora.rings_at(zora.client)
        assert (view.alert.raised_through, view.alert.raised_by) == (Through.CHANNEL, person.id)
        await zora.client.wait_for(lambda each: each.event_id == ring.event_id, zora.room)
        await zora.end()
