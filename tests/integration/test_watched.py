"""What a watchdog is told, and nobody else; and what it tells, of a served API that works, fails and is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from core import heartbeat
from core.settings import Secret, Settings
from crypto import webhook_signature
from deploy.watchdog import LOOKS, REPEATED_AFTER, Watchdog, signed, telling
from tests.carried import KEY as GATEWAY_KEY
from tests.carried import far_gateway
from tests.clock import MovableClock
from tests.people import Network
from tests.served import ServedApi, serve_api

KEY = webhook_signature.new_key()
SECRET = webhook_signature.read_key(KEY)


@pytest.fixture
async def api(network: Network, settings: Settings, tmp_path: Path) -> AsyncIterator[ServedApi]:
    async with serve_api(network, replace(settings, watchdog_key=Secret(KEY)), tmp_path) as served:
        yield served


def machine_time(clock: MovableClock) -> int:
    return int((clock.now() - clock.offset).timestamp())


async def all_well(network: Network) -> None:
    """Let everything have given a sign this moment."""
    now = network.clock.now()
    for role in ("engine", "bots"):
        await heartbeat.beat(network.database, role, now)
    async with network.database.transaction() as tx:
        await tx.run("INSERT INTO proofs (id, begun_at, proven_at) VALUES (gen_random_uuid(), $1, $1)", now)


async def test_who_signs_is_told_ages_and_nothing_else(api: ServedApi, clock: MovableClock) -> None:
    ask = signed(SECRET, "one", machine_time(clock), b"")
    assert (await api.ask("GET", "/proofz", headers=ask)).json == {
        "proof": None, "failing": False, "engine": None, "bots": None,
    }  # fmt: skip
    await all_well(api.network)
    clock.move(timedelta(minutes=2))
    told = (await api.ask("GET", "/proofz", headers=signed(SECRET, "two", machine_time(clock), b""))).json
    assert told.keys() == {"proof", "failing", "engine", "bots"}
    for part in ("proof", "engine", "bots"):
        assert 120 <= told[part] < 180


async def test_for_everybody_else_there_is_no_such_page(api: ServedApi, clock: MovableClock) -> None:
    now = machine_time(clock)
    other = webhook_signature.read_key(webhook_signature.new_key())
    absent = await api.ask("GET", "/nothing")
    for headers in (
        {},
        signed(other, "one", now, b""),
        signed(SECRET, "one", now - 301, b""),
        {**signed(SECRET, "one", now, b""), "webhook-id": "two"},
        {**signed(SECRET, "one", now, b""), "webhook-timestamp": "yesterday"},
        {"webhook-id": "one", "webhook-timestamp": str(now)},
    ):
        refused = await api.ask("GET", "/proofz", headers=headers)
        problem, wanted = refused.require_problem(404), absent.require_problem(404)
        assert {**problem, "incident": None} == {**wanted, "incident": None}


async def test_without_a_key_there_is_no_such_page_either(
    network: Network, settings: Settings, clock: MovableClock, tmp_path: Path
) -> None:
    async with serve_api(network, settings, tmp_path) as api:
        for key in (SECRET, b""):
            headers = signed(key, "one", machine_time(clock), b"")
            (await api.ask("GET", "/proofz", headers=headers)).require_problem(404)


async def test_it_tells_after_two_bad_looks_and_again_until_it_is_taken_and_once_when_all_is_well(
    network: Network, settings: Settings, clock: MovableClock, tmp_path: Path
) -> None:
    """By the webhooks that a gateway takes, whose key is another."""
    moment = float(machine_time(clock))
    told: list[bool] = []
    taken = True

    def tell(well: bool) -> bool:  # noqa: FBT001 (the watchdog's)
        told.append(well)
        return taken

    async with serve_api(network, replace(settings, watchdog_key=Secret(KEY)), tmp_path) as api:
        await all_well(network)
        dog = Watchdog(api.url, SECRET, tell, now=lambda: moment)
        assert (await asyncio.to_thread(dog.round)).wrong == ()
        assert told == []
    # Nobody answers any more.
    taken = False
    for _ in range(LOOKS):
        assert told == []
        assert (await asyncio.to_thread(dog.round)).wrong == ("it does not answer",)
    assert told == [False]
    # It was not taken: it is told again at once, and from then on only after a while.
    taken = True
    for _ in range(3):
        await asyncio.to_thread(dog.round)
    assert told == [False, False]
    moment += REPEATED_AFTER
    await asyncio.to_thread(dog.round)
    assert told == [False, False, False]
    async with serve_api(network, replace(settings, watchdog_key=Secret(KEY)), tmp_path) as api:
        dog._url = api.url + "/proofz"
        for _ in range(2):
            # The signature is of now, not of when it was told last.
            moment = float(machine_time(clock))
            assert (await asyncio.to_thread(dog.round)).wrong == ()
    assert told == [False, False, False, True]


async def test_what_it_tells_is_a_webhook_that_a_gateway_takes(clock: MovableClock) -> None:
    key = webhook_signature.read_key(GATEWAY_KEY)
    async with far_gateway(clock) as far:
        tell = telling(far.url, key, None, now=lambda: clock.now().timestamp())
        assert await asyncio.to_thread(tell, False)
        assert await asyncio.to_thread(tell, True)
        assert [each["well"] for each in far.taken] == [False, True]
        # Without the key nobody takes it.
        other = telling(far.url, SECRET, None, now=lambda: clock.now().timestamp())
        assert not await asyncio.to_thread(other, True)
    assert not await asyncio.to_thread(tell, True)
