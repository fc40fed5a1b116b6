"""A device that its owner has not signed, as a plain bot has, and the poison that one can send."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import vodozemac

from bots.device.device import MatrixDevice
from bots.keys.key_directory import KeyDirectory
from bots.keys.sharing import KeySharing
from bots.olm.olm_machine import OLM, OlmMachine
from bots.olm.olm_store import OlmStore
from bots.olm.room_sessions import RoomSessions
from bots.wire.homeserver import Homeserver
from core.clock import SystemClock
from tests.attesting import attest_all
from tests.device_world import ENCRYPTION, SECRET, World


@dataclass(kw_only=True)
class Unsigned:
    """A device with encryption, but without its owner's signature, as a plain bot has."""

    machine: OlmMachine
    directory: KeyDirectory
    sessions: RoomSessions
    sharing: KeySharing

    async def gives_key(self, room_id: str, bot: MatrixDevice) -> None:
        """Give a room's key to the bot, whoever it may be."""
        await self.sharing.refresh([bot.user_id])
        attest_all(self.directory, [bot.user_id])
        await self.sharing.share({room_id: {bot.user_id}})


async def unsigned_device(
    world: World, directory: Path, user_id: str, device_id: str, homeserver: Homeserver
) -> Unsigned:
    directory.mkdir()  # noqa: ASYNC240 (a test may wait for its disk)
    store = OlmStore(user_id, device_id, directory, SECRET)
    world.resources.callback(store.close)
    machine = OlmMachine(user_id, device_id, store)
    await homeserver.upload_keys(machine.keys_to_publish(0, fallback_needed=True))
    machine.keys_published()
    keys = KeyDirectory(store, machine.device_store, SystemClock())
    sessions = RoomSessions(store, SystemClock(), device_id, machine.curve25519)
    sharing = KeySharing(homeserver, machine, keys, sessions)
    return Unsigned(machine=machine, directory=keys, sessions=sessions, sharing=sharing)


async def unsigned_in_room(world: World, bot: MatrixDevice, directory: Path) -> tuple[Unsigned, Homeserver, str, str]:
    """Return an unsigned device in a room that the bot made, its homeserver, its user and the room."""
    user_id, password = await world.account("plain")
    script, device_id = await world.signed_in(user_id, password)
    plain = await unsigned_device(world, directory, user_id, device_id, script)
    room_id = await bot.homeserver.create_room(
        name="Quiet Heron",
        room_version="11",
        initial_state=[ENCRYPTION],
        power_levels={},
        creation_content={},
        invite=[user_id],
    )
    await script.join(room_id)
    return plain, script, user_id, room_id


def poison(bot: MatrixDevice, mallory: Unsigned) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield to-device events that a client may not choke on."""
    me = bot.curve25519

    def sealed(body: object, kind: object = 0, sender_key: object = mallory.machine.curve25519) -> dict[str, Any]:
        return {"algorithm": OLM, "sender_key": sender_key, "ciphertext": {me: {"type": kind, "body": body}}}

    account, foreign = vodozemac.Account(), vodozemac.Account()
    foreign.generate_one_time_keys(1)
    (one_time_key,) = foreign.one_time_keys.values()
    key = vodozemac.Curve25519PublicKey.from_base64(me)
    unknown = account.create_outbound_session(key, one_time_key).encrypt(b"{}").to_parts()[1]
    body = base64.b64encode(unknown).decode().rstrip("=")
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    yield "m.room.encrypted", sealed(body, 0, account.curve25519_key.to_base64())
    bodies: tuple[Any, ...] = ("", "!", "AAAA", body[:40], body + "A", 7, None, [], {}, "A" * 20_000)
    for bad in bodies:
        for kind in (0, 1):
            yield "m.room.encrypted", sealed(bad, kind)
    kinds: tuple[Any, ...] = (2, -1, "0", None, [])
    for kind in kinds:
        yield "m.room.encrypted", sealed(body, kind)
    sender_keys: tuple[Any, ...] = ("", "short", 5, None, [], "A" * 43)
    for sender_key in sender_keys:
        yield "m.room.encrypted", sealed(body, 0, sender_key)
    contents: tuple[Mapping[str, Any], ...] = (
        {},
        {"algorithm": OLM},
        {"algorithm": []},
        {"algorithm": OLM, "ciphertext": []},
        {"a": deep},
    )
    for content in contents:
        yield "m.room.encrypted", content
    yield "m.room_key", {"algorithm": 5}
    yield "m.room_key_request", {"action": "request", "body": {}, "request_id": 5}
    yield "m.key.verification.start", {"from_device": 3}
    yield "m.room_key.withheld", {"code": []}
