"""The bot's identity rehearsed as its runbooks say, at a real homeserver, with a strict client that watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from bots.account.identity import DeviceUnsigned
from bots.device.device import MatrixDevice
from bots.device.received import Received
from bots.watching.identity_care import IdentityCare
from core.clock import SystemClock
from core.settings import Secret, Settings
from crypto import cross_signing
from crypto.paper import Kind
from deploy.stack import LocalStack
from deploy.witness import Message, Witness, Witnesses
from tests.attesting import attest_devices
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow

ENCRYPTION = {
    "type": "m.room.encryption",
    "state_key": "",
    "content": {"algorithm": "m.megolm.v1.aes-sha2"},
}
OTHER_STORE_KEY = Secret("another invented store key, 32 bytes")
WRITTEN_AGAIN_SECONDS = 30.0
numbers = count(1)


async def test_what_is_lost_and_what_people_see(stack: LocalStack, witnesses: Witnesses, tmp_path: Path) -> None:
    settings = await _settings(stack, tmp_path / "bot")
    ana_user = await stack.register(f"restore-ana-{next(numbers)}", "ana-password")
    ana = await witnesses.add(ana_user, ana_user, "ana-password")
    care = IdentityCare(settings, SystemClock())
    async with _opened(settings) as bot:
        room = await _room(bot, ana)
        read = await _spoken(bot, ana, room, "the first device")
        assert (read.shield, read.identity_changed) == ("none", False)
        user, first = bot.user_id, bot.device_id
    master = care.resting().master
    papers = dict(care.seeds())
    assert papers.keys() == {Kind.MASTER, Kind.SIGNING}
    care.take_offline(care.seeds())
    assert (care.resting().master_seed, care.resting().signing_seed) == (False, False)

    # The device is lost. The bot does not speak as somebody whom nobody believes; the signing paper mends it.
    (tmp_path / "bot" / "device").rename(tmp_path / "lost")
    with pytest.raises(DeviceUnsigned):
        async with _opened(settings):
            pass
    await care.sign_device(papers[Kind.SIGNING])
    async with _opened(settings) as bot:
        assert bot.device_id != first
        read = await _spoken(bot, ana, room, "the second device")
        assert (read.shield, read.identity_changed) == ("none", False)

    # The store key is lost, and with it all that rests here. The master paper mends it, on an empty directory.
    settings = replace(settings, matrix_store_key=OTHER_STORE_KEY, matrix_state_directory=tmp_path / "other")
    care = IdentityCare(settings, SystemClock())
    await care.restore(papers[Kind.MASTER])
    async with _opened(settings) as bot:
        read = await _spoken(bot, ana, room, "the third device")
        assert (read.shield, read.identity_changed) == ("none", False)
        own = bot.device_id
    account = await care.account()
    assert account.master == master
    # What signed before signs no more: the two lost devices are nobody's now, and are signed out.
    assert {each.device.device_id for each in account.devices if each.here} == {own}
    assert first in {each.device.device_id for each in account.unsigned}
    assert len(account.unsigned) == 2
    for each in account.unsigned:
        await care.remove_device(each.device.device_id)
    assert [each.device.device_id for each in (await care.account()).devices] == [own]

    # The master paper is lost too: everybody is told, and accepts it, or not.
    care.take_offline(care.seeds())
    await care.make_anew()
    async with _opened(settings) as bot:
        read = await _spoken(bot, ana, room, "another identity")
        assert (read.shield, read.identity_changed) == ("none", True)
        await ana.accept_identity(user)
        read = await _spoken(bot, ana, room, "as it was accepted")
        assert (read.shield, read.identity_changed) == ("none", False)
    assert (await care.account()).master == cross_signing.public_key(care.seeds()[Kind.MASTER])


async def test_a_word_written_while_the_identity_is_made_anew_is_read(
    stack: LocalStack, witnesses: Witnesses, tmp_path: Path
) -> None:
    """Between the new keys and all that follows a strict client must never meet a device that nobody has signed."""
    settings = await _settings(stack, tmp_path / "bot")
    ana_user = await stack.register(f"restore-ana-{next(numbers)}", "ana-password")
    ana = await witnesses.add(ana_user, ana_user, "ana-password")
    care = IdentityCare(settings, SystemClock())
    async with _opened(settings) as bot:
        room = await _room(bot, ana)
        user = bot.user_id
    care.take_offline(care.seeds())
    async with care._changing() as (homeserver, _user):
        with care._machine() as machine:
            await care._identity.make_anew(homeserver, machine, user_id=user, password="a password")
    await ana.meet(user)
    await ana.send(room, "ana: between")
    async with _opened(settings) as bot:
        assert await _is_read(bot, "ana: between")


async def _settings(stack: LocalStack, directory: Path) -> Settings:
    user = await stack.register(f"restored-bot-{next(numbers)}", "a password")
    await stack.lift_rate_limits(user)
    return Settings(
        database_url=Secret("postgresql://nobody@127.0.0.1:1/none"),
        homeserver_url=stack.addresses.homeserver_url,
        matrix_user=user,
        matrix_password=Secret("a password"),
        matrix_store_key=Secret("an invented store key of 32 bytes"),
        matrix_state_directory=directory,
    )


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[MatrixDevice]:
    """Open the device as the bot's process does."""
    device = await MatrixDevice.open(
        homeserver_url=settings.homeserver_url,
        user_id=settings.matrix_user,
        password=settings.matrix_password.reveal(),
        directory=settings.matrix_state_directory,
        store_secret=settings.matrix_store_key.reveal().encode(),
        clock=SystemClock(),
    )
    try:
        yield device
    finally:
        await device.close()


async def _room(bot: MatrixDevice, ana: Witness) -> str:
    """Make a room for both."""
    room = await bot.homeserver.create_room(
        name="Quiet Heron", room_version="11", initial_state=[ENCRYPTION], power_levels={},
        creation_content={"m.federate": False}, invite=[ana.user_id],
    )  # fmt: skip
    await ana.joined(room, bot.user_id)
    return room


async def _is_read(bot: MatrixDevice, words: str) -> bool:
    """Return whether the bot reads these words in time, as soon as it does."""
    with suppress(TimeoutError):
        async with asyncio.timeout(WRITTEN_AGAIN_SECONDS):
            while not any(isinstance(each, Received) and each.body == words for each in bot.pending()):
                await bot.sync_once(1)
            return True
    return False


async def _spoken(bot: MatrixDevice, ana: Witness, room: str, words: str) -> Message:
    """Have each say these words to the other; return what she read. She first: so her client meets the device."""
    async with asyncio.timeout(2 * PATIENCE_SECONDS):
        await ana.send(room, f"ana: {words}")
        while not await _is_read(bot, f"ana: {words}"):
            # A device that nobody had signed for a while gets no key until her client has heard that it is signed now.
            # The bot asks people to write again what it cannot read.
            await ana.send(room, f"ana: {words}")
    await attest_devices(bot, [(ana.user_id, ana.device_id, await ana.session_key())])
    heard, *_again = [each for each in bot.pending() if isinstance(each, Received) and each.body == f"ana: {words}"]
    assert heard.bound
    sharing = await bot.share_keys(room, {ana.user_id})
    assert {user for user, _device in sharing.holders} == {ana.user_id}
    content = {"msgtype": "m.text", "body": f"bot: {words}", "m.mentions": {}}
    await bot.put(bot.encrypt(room, "m.room.message", content))
    return await ana.wait_for(f"bot: {words}", room)
