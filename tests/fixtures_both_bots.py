"""The fixtures of tests that hold plain nio against our device."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.both_bots import ANA, BORIS, FULL, MALLORY, Both, Ours, answer, event, plain_bot
from tests.clock import MovableClock
from tests.olm_party import Party
from tests.scripted_homeserver import BOT, ScriptedHomeserver, device_of, serving


@pytest.fixture
async def homeserver() -> AsyncIterator[ScriptedHomeserver]:
    async with serving() as scripted:
        scripted.always("/keys/upload", {"one_time_key_counts": FULL})
        yield scripted


@pytest.fixture
async def both(homeserver: ScriptedHomeserver, tmp_path: Path, clock: MovableClock) -> AsyncIterator[Both]:
    async with AsyncExitStack() as resources:
        for name in ("ours", "plain"):
            (tmp_path / name).mkdir()
        device = await resources.enter_async_context(device_of(homeserver, tmp_path / "ours", clock))
        plain = await resources.enter_async_context(plain_bot(tmp_path / "plain", homeserver.url))
        ana, mallory = Party(tmp_path, ANA, "ANA"), Party(tmp_path, MALLORY, "MALLORY")
        for party in (ana, mallory):
            resources.callback(party.store.close)
        made = Both(
            plain=plain,
            ours=Ours(device=device, homeserver=homeserver, clock=clock),
            ana=ana,
            mallory=mallory,
            homeserver=homeserver,
            directory=tmp_path,
        )
        encrypted = event({"algorithm": "m.megolm.v1.aes-sha2"}, "$s0", BOT, "m.room.encryption") | {"state_key": ""}
        members = [
            event({"membership": membership}, f"$m-{user}", user, "m.room.member") | {"state_key": user}
            for user, membership in ((BOT, "join"), (ANA, "join"), (MALLORY, "join"), (BORIS, "invite"))
        ]
        for bot in (made.plain, made.ours):
            await bot.hears(answer("s0", state=[encrypted, *members]))
        yield made
