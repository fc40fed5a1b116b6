"""The bot looks at its own account: a stranger in it, or another identity, is told; a wrong answer alone is not."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bots.account_watch import AccountWatch
from bots.device import MatrixDevice
from core import metrics
from core.clock import SystemClock
from crypto import cross_signing
from tests.own_account import BOT, PASSWORD, SECRET, Account, serving
from tests.scraped import counted


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
