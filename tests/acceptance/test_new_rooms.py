"""After a break-in at the bot: the runbook walked to its end, with what people see in strict clients."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from core.ids import new_id
from deploy.demo_linking import DemoLinking
from deploy.demo_network import populate
from deploy.network import LocalNetwork
from deploy.witness import Witnesses
from tests.acceptance.conftest import Town, rings
from tests.commands import streha

pytestmark = [pytest.mark.slow, pytest.mark.long]


async def test_after_a_break_in_everybody_moves_into_the_rooms_of_a_new_bot(tmp_path: Path) -> None:
    async with (
        LocalNetwork(tmp_path / "town", fast=True, roles=("bots",)) as network,
        Witnesses(network.stack.addresses.homeserver_url, log_file=tmp_path / "witnesses.log") as clients,
    ):
        accounts = await populate(network)
        town = Town(network=network, accounts=accounts, clients=clients, known={}, linking=DemoLinking(network))
        case = await town.open_case()
        old, people = await town.channel(case), [await town.witness("ana"), await town.witness("sara")]
        ana, sara = people
        for each in people:
            await each.joined(old, ana.user_id, sara.user_id)
        stolen = await _sign_in(network)
        await network.stop_role("bots")

        # A new password signs everybody out who had the old one; a machine that nobody has been in, with new keys.
        anew = {
            "STREHA_MATRIX_PASSWORD": "a-password-that-nobody-has-stolen",
            "STREHA_MATRIX_STORE_KEY": "a-store-key-that-nobody-has-stolen-yet",
            "STREHA_MATRIX_STATE_DIRECTORY": str(tmp_path / "new machine"),
        }
        await _change_password(network, anew["STREHA_MATRIX_PASSWORD"])
        environment = {**network.environment(), **anew}
        for words in (("identity", "replace", "--yes"), ("rooms", "renew", "--all", "--yes")):
            ran = await streha(*words, environment=environment)
            assert (ran.code, ran.err) == (0, ""), words
        await network.start_role("bots", settings=anew)

        # Everybody is asked into new rooms; in the old one nobody is left, and whoever stole its keys least of all.
        new = await town.channel(case)
        assert new != old
        for each in people:
            await each.joined(new, ana.user_id, sara.user_id)
            await each.wait_for("This room is not used any more", old)
            await each.left(old)
        assert await _status(network, stolen, old) == 401
        before = len(ana.messages)
        await town.alerts.raise_(town.person("sara"), case.core.id, new_id())
        await ana.wait_for(rings, new, after=before)
        await ana.wait_for("ALERT", new, after=before)
        # Who was linked to their account still is: the bot obeys them, and they read what it answers.
        await sara.send(new, "help")
        await sara.wait_for("Write one of these", new)
        listed = await streha("rooms", "list", "--json", environment=environment)
        (channel,) = [each for each in listed.json if each["name"] == case.codename]
        assert (channel["room"], channel["settled"]) == (new, True)


def _url(network: LocalNetwork, path: str) -> str:
    return f"{network.stack.addresses.homeserver_url}/_matrix/client/v3/{path}"


def _proof(network: LocalNetwork) -> dict[str, object]:
    settings = network.environment()
    return {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": settings["STREHA_MATRIX_USER"]},
        "password": settings["STREHA_MATRIX_PASSWORD"],
    }


async def _sign_in(network: LocalNetwork) -> dict[str, str]:
    """Sign in with the bot's own password, as whoever took it can."""
    async with (
        aiohttp.ClientSession(raise_for_status=True) as http,
        http.post(_url(network, "login"), json=_proof(network)) as answer,
    ):
        return {"Authorization": f"Bearer {(await answer.json())['access_token']}"}


async def _change_password(network: LocalNetwork, password: str) -> None:
    headers = await _sign_in(network)
    body = {"new_password": password, "logout_devices": True, "auth": _proof(network)}
    async with aiohttp.ClientSession(raise_for_status=True, headers=headers) as http:
        for path, content in (("account/password", body), ("logout", {})):
            async with http.post(_url(network, path), json=content):
                pass


async def _status(network: LocalNetwork, headers: dict[str, str], room: str) -> int:
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.get(_url(network, f"rooms/{room}/joined_members")) as answer,
    ):
        return answer.status
