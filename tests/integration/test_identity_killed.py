"""SIGKILL at every step of the care for the bot's identity: repeated, it comes to the same end, and nobody notices."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Protocol

import pytest

from bots.account.credentials import Credentials
from bots.account.identity import MASTER_SEED_FILE
from bots.account.identity_files import IdentityFiles
from core.clock import SystemClock
from crypto import cross_signing
from tests.own_account import SECRET, Account, serving

CARER = Path(__file__).with_name("killed_identity.py")
PATIENCE_SECONDS = 60


class Care(Protocol):
    """Cares for the identity as it is told; tells how it ended and how many steps it came to."""

    def __call__(self, at: int, act: str, directory: Path, seed: bytes = b"") -> Awaitable[tuple[str, int]]: ...


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    async with serving(Account()) as running:
        yield running


@pytest.fixture
async def care(account: Account) -> AsyncIterator[Care]:
    """Return what cares for the identity and dies at the n-th step; with 0 it lives."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(CARER), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    answers, orders = process.stdout, process.stdin

    async def order(at: int, act: str, directory: Path, seed: bytes = b"") -> tuple[str, int]:
        told = {"at": at, "act": act, "url": account.url, "directory": str(directory), "seed": seed.hex()}
        orders.write(json.dumps(told).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_SECONDS):
            ended, crossed = json.loads(await answers.readline())
        return ended, crossed

    try:
        yield order
    finally:
        orders.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await process.wait()


async def test_a_first_start_killed_anywhere(account: Account, care: Care, quick_path: Path) -> None:
    async def start(at: int) -> int:
        account.published, account.devices, account.uploads = {}, {}, []
        directory = quick_path / f"bot-{at}"
        ended, crossed = await care(at, "start", directory)
        assert ended == ("killed" if at else "done")
        seen = account.master
        if at:
            assert (await care(0, "start", directory))[0] == "done"
        # Whatever others saw before, they see after; it is the one whose seed is here, and nobody needed the password.
        assert seen in {None, account.master}
        assert account.master == cross_signing.public_key(_seed_in(directory))
        assert all("auth" not in each for each in account.uploads)
        _is_signed(account, directory)
        return crossed

    for at in range(1, 1 + await start(0)):
        await start(at)


@pytest.mark.parametrize("act", ["restore", "replace"])
async def test_keys_made_anew_killed_anywhere(account: Account, care: Care, quick_path: Path, act: str) -> None:
    await care(0, "start", quick_path / "bot")
    seed, before = _seed_in(quick_path / "bot"), _copy_of(account)
    IdentityFiles(quick_path / "bot" / "identity", SECRET).take_offline(SystemClock().now())

    async def again(at: int) -> int:
        account.published, account.devices = deepcopy(before)
        master, directory = account.master, quick_path / f"bot-{at}"
        shutil.copytree(quick_path / "bot", directory)
        ended, crossed = await care(at, act, directory, seed)
        assert ended == ("killed" if at else "done")
        seen = account.master
        # Whoever looks between any two steps sees a device that is signed, and so goes on giving it the rooms' keys.
        assert account.is_signed(Credentials(directory / "device", SECRET).load()[1]), at
        if at:
            # What was kept is not given up for what may not be published: the bot can start as it was, or as it is now.
            shutil.copytree(directory, quick_path / f"left-{at}")
            assert (await care(0, "start", quick_path / f"left-{at}"))[0] == "done", at
            assert account.master == seen
            repeated, _ = await care(0, act, directory, seed)
            if repeated == "refused":
                # There is a new identity already, and its seed is here: the bot does the rest at its start.
                assert act == "replace"
                repeated, _ = await care(0, "start", directory)
            assert repeated == "done", at
        assert seen in {master, account.master}
        assert (account.master == master) == (act == "restore")
        if act == "replace":
            assert account.master == cross_signing.public_key(_seed_in(directory))
        _is_signed(account, directory)
        assert not [each for each in (directory / "identity").iterdir() if each.name.endswith(".next")]
        return crossed

    for at in range(1, 1 + await again(0)):
        await again(at)


async def test_a_restore_on_an_empty_machine_killed_anywhere(account: Account, care: Care, quick_path: Path) -> None:
    await care(0, "start", quick_path / "bot")
    seed, before, master = _seed_in(quick_path / "bot"), _copy_of(account), account.master

    async def restore(at: int) -> int:
        account.published, account.devices = deepcopy(before)
        directory = quick_path / f"bot-{at}"
        ended, crossed = await care(at, "restore", directory, seed)
        assert ended == ("killed" if at else "done")
        _nobody_meets_it_unsigned(account, before[1])
        if at:
            assert (await care(0, "restore", directory, seed))[0] == "done"
        assert account.master == master
        _is_signed(account, directory)
        return crossed

    for at in range(1, 1 + await restore(0)):
        await restore(at)


async def test_a_new_device_killed_anywhere_while_it_is_signed(account: Account, care: Care, quick_path: Path) -> None:
    await care(0, "start", quick_path / "bot")
    before, master = _copy_of(account), account.master
    files = IdentityFiles(quick_path / "bot" / "identity", SECRET)
    kept = files.kept()
    assert kept is not None
    assert kept.self_signing is not None
    signing_seed = kept.self_signing
    files.take_offline(SystemClock().now())

    async def sign(at: int) -> int:
        account.published, account.devices = deepcopy(before)
        directory = quick_path / f"bot-{at}"
        shutil.copytree(quick_path / "bot" / "identity", directory / "identity")
        ended, crossed = await care(at, "sign-device", directory, signing_seed)
        assert ended == ("killed" if at else "done")
        _nobody_meets_it_unsigned(account, before[1])
        if at:
            assert (await care(0, "sign-device", directory, signing_seed))[0] == "done"
        # From now on it starts by itself.
        assert (await care(0, "start", directory))[0] == "done"
        assert account.master == master
        _is_signed(account, directory)
        return crossed

    for at in range(1, 1 + await sign(0)):
        await sign(at)


async def test_seeds_taken_offline_killed_anywhere(care: Care, quick_path: Path) -> None:
    await care(0, "start", quick_path / "bot")

    async def take(at: int) -> int:
        directory = quick_path / f"bot-{at}"
        shutil.copytree(quick_path / "bot", directory)
        ended, crossed = await care(at, "seed-offline", directory)
        assert ended == ("killed" if at else "done")
        files = IdentityFiles(directory / "identity", SECRET)
        kept = files.kept()
        assert kept is not None
        if at and (kept.self_signing is not None or files.master_seed_files()):
            assert (await care(0, "seed-offline", directory))[0] == "done"
        kept = files.kept()
        assert kept is not None
        assert kept.self_signing is None
        assert kept.offline_at is not None
        assert not files.master_seed_files()
        assert (await care(0, "start", directory))[0] == "done"
        return crossed

    for at in range(1, 1 + await take(0)):
        await take(at)


def _seed_in(directory: Path) -> bytes:
    return base64.b64decode((directory / "identity" / MASTER_SEED_FILE).read_bytes())


def _copy_of(account: Account) -> tuple[dict[str, Any], dict[str, Any]]:
    return deepcopy((account.published, account.devices))


def _nobody_meets_it_unsigned(account: Account, before: Mapping[str, Any]) -> None:
    """See as others do that a new device, where it has keys at all, is signed: so nobody keeps a room's key from it."""
    shown = [name for name, keys in account.devices.items() if keys is not None and name not in before]
    assert all(account.is_signed(each) for each in shown), shown


def _is_signed(account: Account, directory: Path) -> None:
    """See as others do that the device that works here is signed below the published master key."""
    _user, device_id, _token = Credentials(directory / "device", SECRET).load()
    assert account.is_signed(device_id)
    kept = IdentityFiles(directory / "identity", SECRET).kept()
    assert kept is not None
    assert (kept.master, kept.signing) == (account.master, account.signing)
