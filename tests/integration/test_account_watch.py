"""The bot looks at its own account: a stranger in it, or another identity, is told; a wrong answer alone is not."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bots.account.identity import DeviceUnsigned
from bots.account.identity_files import IdentityFiles
from bots.device.device import MatrixDevice
from bots.watching import account_watch
from bots.watching.account_watch import AccountWatch
from core import metrics
from core.clock import SystemClock
from crypto import cross_signing
from tests.own_account import BOT, PASSWORD, SECRET, Account, serving
from tests.scraped import counted

PATIENCE_SECONDS = 60


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    async with serving(Account()) as running:
        yield running


@pytest.fixture
async def watch(account: Account, quick_path: Path) -> AsyncIterator[AccountWatch]:
    device = await MatrixDevice.open(
        homeserver_url=account.url, user_id=BOT, password=PASSWORD, directory=quick_path, store_secret=SECRET,
        clock=SystemClock(),
    )  # fmt: skip
    metrics.DEVICES_UNSIGNED.forget()
    yield AccountWatch(device)
    metrics.DEVICES_UNSIGNED.forget()
    await device.close()


def told(logged: io.StringIO) -> list[str]:
    """Return the events written since the last time."""
    events = [json.loads(line)["event"] for line in logged.getvalue().splitlines()]
    logged.seek(0)
    logged.truncate()
    return events


def strangers() -> float | None:
    """Return what the metrics tell, if anything."""
    return counted()(metrics.DEVICES_UNSIGNED.name)


async def test_strangers_in_the_account_are_told(account: Account, watch: AccountWatch, logged: io.StringIO) -> None:
    await watch.look()
    assert (strangers(), told(logged)) == (0, [])
    # Signed in with the password: with keys that nobody has signed, or with none.
    account.devices["GHOST"] = None
    account.devices["SCRIPT"] = {**(account.devices["DEVICE1"] or {}), "device_id": "SCRIPT"}
    await watch.look()
    assert (strangers(), told(logged)) == (2, ["own_devices_unsigned"])
    del account.devices["GHOST"], account.devices["SCRIPT"]
    await watch.look()
    assert (strangers(), told(logged)) == (0, [])


async def test_another_identity_is_told_even_where_it_signs_the_bots_device(
    account: Account, watch: AccountWatch, logged: io.StringIO
) -> None:
    seeds = cross_signing.new_seeds()
    account.published = dict(cross_signing.published_keys(BOT, seeds))
    account.devices["DEVICE1"] = cross_signing.signed(account.devices["DEVICE1"] or {}, BOT, seeds.self_signing)
    assert account.is_signed("DEVICE1")
    await watch.look()
    assert (strangers(), told(logged)) == (1, ["own_identity_replaced", "own_devices_unsigned"])


def after_a_restore(account: Account, directory: Path) -> dict[str, Any]:
    """Return the identity with a new signing key under the same master key, as a restore elsewhere publishes it."""
    master = IdentityFiles(directory / "identity", SECRET).master_seed() or b""
    made = cross_signing.published_keys(BOT, replace(cross_signing.new_seeds(), master=master))
    return {**made, "master_key": account.published["master_key"]}


async def test_a_device_that_a_restore_left_unsigned_makes_room_for_a_signed_one(
    account: Account, watch: AccountWatch, logged: io.StringIO, quick_path: Path
) -> None:
    account.published = after_a_restore(account, quick_path)
    # Once may be somebody's mistake on the way.
    await watch.look()
    assert told(logged) == ["own_devices_unsigned"]
    with pytest.raises(DeviceUnsigned):
        await watch.look()
    assert told(logged) == ["own_device_unsigned"]


async def test_the_bot_ends_with_it(
    account: Account, watch: AccountWatch, quick_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.published = after_a_restore(account, quick_path)
    monkeypatch.setattr(account_watch, "LOOK_AGAIN_SECONDS", 0.0)
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(DeviceUnsigned):
            await watch.run()


async def test_an_unsigned_device_that_is_signed_when_asked_again_goes_on(
    account: Account, watch: AccountWatch, logged: io.StringIO, quick_path: Path
) -> None:
    before, restored = account.published, after_a_restore(account, quick_path)
    for published in (restored, before) * 3:
        account.published = published
        await watch.look()
    assert "own_device_unsigned" not in told(logged)


async def test_a_signature_that_is_only_left_out_ends_nothing(
    account: Account, watch: AccountWatch, logged: io.StringIO
) -> None:
    device = account.devices["DEVICE1"] or {}
    own = {name: each for name, each in device["signatures"][BOT].items() if name == "ed25519:DEVICE1"}
    account.devices["DEVICE1"] = {**device, "signatures": {BOT: own}}
    for _ in range(3):
        await watch.look()
    assert set(told(logged)) == {"own_devices_unsigned"}


async def test_a_wrong_answer_tells_nothing_of_the_account(
    account: Account, watch: AccountWatch, logged: io.StringIO
) -> None:
    await watch.look()
    account.lie = lambda _: {}
    await watch.look()
    account.lie = lambda answer: {name: part for name, part in answer.items() if name == "device_keys"}
    await watch.look()
    assert told(logged) == ["own_account_not_looked_at", "identity_left_out"]
    assert strangers() == 0
