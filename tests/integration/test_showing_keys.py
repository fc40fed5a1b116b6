"""Who can read what is said next, as the members of a case are shown it; and nobody else."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from bots.account.lease import Lease
from bots.statements import SQL
from core.key_holders import CHANNEL, KeyState
from tests.commands import streha
from tests.served import ServedApi

pytest_plugins = ("tests.fixtures_api",)


async def told(api: ServedApi, target_id: UUID, person_id: UUID, device: str, state: KeyState, ago: int | None) -> None:
    """Let the bot have told something of one device."""
    now = api.network.clock.now()
    seen = None if ago is None else now - timedelta(minutes=ago)
    async with api.network.database.transaction() as tx:
        await tx.run(SQL["keep_key_holder"], "compartment", target_id, person_id, device, state, now, seen)


async def test_members_are_shown_the_best_of_each_others_devices(api: ServedApi) -> None:
    scene = await api.network.scene()
    core = scene.case.core.id
    now = api.network.clock.now()
    await told(api, core, scene.coordinator.id, "PHONE", KeyState.HOLDS, 3)
    await told(api, core, scene.coordinator.id, "TABLET", KeyState.WITHHELD, 1)
    await told(api, core, scene.member.id, "", KeyState.NOT_JOINED, None)
    # Somebody of whom the bot has not heard yet that they have left.
    await told(api, core, scene.stranger.id, "PHONE", KeyState.HOLDS, 1)
    token, path = await api.token(scene.deputy), f"/api/cases/{scene.case.id}/keys"

    # Nobody knows while no bot is active.
    assert (await api.ask("GET", path, token=token)).json == {"channels": [{"compartment": str(core), "members": []}]}
    await Lease(api.network.database, api.network.clock).acquire()
    ((shown,),) = (await api.ask("GET", path, token=token)).json.values()
    seen_at = (now - timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    assert sorted(shown["members"], key=lambda each: str(each["state"])) == [
        {"person": str(scene.coordinator.id), "state": "holds", "seen_at": seen_at},
        {"person": str(scene.member.id), "state": "not_joined", "seen_at": None},
    ]
    (await api.ask("GET", path, token=await api.token(scene.stranger))).require_problem(404)


async def test_a_smaller_circle_is_shown_to_its_own_members_only(api: ServedApi) -> None:
    scene = await api.network.scene()
    circle = await api.network.cases.open_compartment(scene.coordinator, scene.case.id, [])
    await Lease(api.network.database, api.network.clock).acquire()
    await told(api, circle.id, scene.coordinator.id, "PHONE", KeyState.GIVEN, None)
    path = f"/api/cases/{scene.case.id}/keys"
    inside = (await api.ask("GET", path, token=await api.token(scene.coordinator))).json["channels"]
    outside = (await api.ask("GET", path, token=await api.token(scene.member))).json["channels"]
    assert {each["compartment"] for each in inside} == {str(scene.case.core.id), str(circle.id)}
    assert {each["compartment"] for each in outside} == {str(scene.case.core.id)}


async def test_whoever_has_a_part_in_the_case_can_wake_the_bot(api: ServedApi) -> None:
    scene = await api.network.scene()
    woken, listens = asyncio.Event(), asyncio.Event()
    database = api.network.database
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(database.listen_to({CHANNEL: woken.set, "streha_listens": listens.set}))
        while not listens.is_set():
            async with database.transaction() as tx:
                await tx.wake("streha_listens")
            await asyncio.sleep(0.02)
        # Whoever listens is woken once at the beginning.
        woken.clear()
        path = f"/api/cases/{scene.case.id}/keys"
        (await api.ask("POST", path, token=await api.token(scene.stranger))).require_problem(404)
        assert not woken.is_set()
        key = {"STREHA_KEY_FILE": str(api.key_path(scene.member))}
        assert (await streha("case", "keys", scene.case.codename, "--now", environment=key)).code == 0
        async with asyncio.timeout(60):
            await woken.wait()
        listening.cancel()


@pytest.mark.parametrize("state", list(KeyState))
async def test_the_command_has_words_for_every_state(api: ServedApi, state: KeyState) -> None:
    scene = await api.network.scene()
    key = {"STREHA_KEY_FILE": str(api.key_path(scene.coordinator))}
    dark = await streha("case", "keys", scene.case.codename, environment=key)
    assert (dark.code, dark.err) == (0, "")
    assert "Nobody can tell now" in dark.out
    await Lease(api.network.database, api.network.clock).acquire()
    await told(api, scene.case.core.id, scene.member.id, "PHONE", state, 3)
    ran = await streha("case", "keys", scene.case.codename, environment=key)
    assert (ran.code, ran.err) == (0, "")
    assert scene.member.name in ran.out
    assert "unknown" not in ran.out
    as_json = (await streha("case", "keys", scene.case.codename, "--json", environment=key)).json
    ((channel,),) = as_json.values()
    assert [each["state"] for each in channel["members"]] == [state]
