"""Two bots that hear the same: one as nio's documentation makes it, and ours."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nio import (  # type: ignore[import-untyped]  # nio ships no types
    AsyncClient,
    AsyncClientConfig,
    ErrorResponse,
    RoomMessageText,
    SyncResponse,
)
from nio.responses import KeysUploadResponse  # type: ignore[import-untyped]  # as above

from bots.device.device import PATIENCE_FOR_KEYS, MatrixDevice
from bots.device.received import Received
from bots.keys.published_keys import PublishedDevice
from bots.olm.olm_machine import OlmMachine
from crypto import cross_signing
from tests.attesting import attestation, by_user
from tests.clock import MovableClock
from tests.olm_party import ROOM, Party
from tests.scripted_homeserver import BOT, ScriptedHomeserver

ANA, BORIS, MALLORY = "@ana:streha.example", "@boris:streha.example", "@mallory:streha.example"
FULL = {"signed_curve25519": 50}


def answer(place: str, *, to_device: Any = (), timeline: Any = (), **more: Any) -> dict[str, Any]:
    """Return an answer to a sync in the shape that nio demands."""
    limited = more.pop("limited", False)
    prev_batch = more.pop("prev_batch", "p")
    joined = {
        "state": {"events": more.pop("state", [])},
        "timeline": {"events": list(timeline), "limited": limited, "prev_batch": prev_batch},
        "ephemeral": {"events": []},
        "account_data": {"events": []},
    }
    rooms = {"join": {ROOM: joined, **more.pop("beside", {})}, "invite": {}, "leave": {}}
    return {
        "next_batch": place,
        "rooms": rooms,
        "to_device": {"events": list(to_device)},
        "presence": {"events": []},
        "device_lists": {"changed": [], "left": []},
        "device_one_time_keys_count": FULL,
        **more,
    }


def event(content: Mapping[str, Any] | bytes, event_id: str, sender: str = ANA, kind: str = "m.room.encrypted") -> Any:
    body = json.loads(content) if isinstance(content, bytes) else content
    return {"type": kind, "sender": sender, "event_id": event_id, "origin_server_ts": 1, "content": body}


@dataclass(kw_only=True)
class Plain:
    """A bot as nio's own documentation makes it."""

    client: Any
    said: list[tuple[str, str, bool]] = field(default_factory=list)

    @property
    def published(self) -> PublishedDevice:
        keys = self.client.olm.account.identity_keys
        return PublishedDevice(
            user_id=BOT, device_id="BOT", ed25519=keys["ed25519"], curve25519=keys["curve25519"], cross_signed=True
        )

    def one_time_key(self) -> dict[str, Any]:
        self.client.olm.uploaded_key_count = 0
        name, key = next(iter(self.client.olm.share_keys()["one_time_keys"].items()))
        self.client.olm.handle_response(KeysUploadResponse(0, 50))
        return {name: key}

    async def hears(self, whole: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
        """Take an answer in; return what reaches the bot: who, what, and whether it came encrypted."""
        self.said.clear()
        response = SyncResponse.from_dict(dict(whole))
        if isinstance(response, ErrorResponse):
            raise TypeError("nio cannot read the answer")
        await self.client.receive_response(response)
        return list(self.said)


@asynccontextmanager
async def plain_bot(directory: Path, url: str = "http://127.0.0.1:9") -> AsyncIterator[Plain]:
    client = AsyncClient(url, BOT, "BOT", str(directory), AsyncClientConfig(store_sync_tokens=True))
    client.user_id, client.access_token = BOT, "a-token"
    client.load_store()
    bot = Plain(client=client)

    async def heard(_room: Any, message: Any) -> None:
        bot.said.append((message.sender, message.body, message.decrypted))

    client.add_event_callback(heard, RoomMessageText)
    try:
        yield bot
    finally:
        await client.close()
        client.store.database.close()


@dataclass(kw_only=True)
class Ours:
    """Our device, and the homeserver that it asks."""

    device: MatrixDevice
    homeserver: ScriptedHomeserver
    clock: MovableClock

    @property
    def machine(self) -> OlmMachine:
        return self.device._machine

    @property
    def published(self) -> PublishedDevice:
        return PublishedDevice(
            user_id=BOT,
            device_id="BOT",
            ed25519=self.machine.ed25519,
            curve25519=self.machine.curve25519,
            cross_signed=True,
        )

    def one_time_key(self) -> dict[str, Any]:
        keys = self.machine.keys_to_publish(0, fallback_needed=False)["one_time_keys"]
        self.machine.keys_published()
        return dict([next(iter(keys.items()))])

    async def hears(self, whole: Mapping[str, Any]) -> list[Received]:
        """Take an answer in; return the messages that are handed over."""
        self.homeserver.always("/sync", whole)
        await self.device.sync_once(0)
        self.clock.move(PATIENCE_FOR_KEYS)
        arrivals = [arrival for arrival in self.device.pending() if isinstance(arrival, Received)]
        for arrival in arrivals:
            self.device.done(arrival.event_id)
        return arrivals


@dataclass(kw_only=True)
class Both:
    """Both bots, and two people who write to them."""

    plain: Plain
    ours: Ours
    ana: Party
    mallory: Party
    homeserver: ScriptedHomeserver
    directory: Path


def key_and_panic(sender: Party, bot: Plain | Ours, event_id: str = "$panic") -> tuple[Any, Any]:
    sender.sessions.rotate(ROOM)
    sender.meet(bot)
    return sender.writes(bot, "m.room_key", sender.room_key()), event(sender.says("panic").content, event_id)


async def known(both: Both) -> None:
    """Let our device ask for Ana's and Mallory's devices, each signed by its owner, who is linked."""
    signed_by_their_owners(both, both.ana, both.mallory)
    await both.ours.device._sharing.refresh([ANA, MALLORY])


def sealed(bot: Plain | Ours, message: Any, sender_key: str, sender: str = MALLORY) -> Any:
    kind, ciphertext = message.to_parts()
    box = {"type": kind, "body": base64.b64encode(ciphertext).decode().rstrip("=")}
    content = {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": sender_key,
               "ciphertext": {bot.published.curve25519: box}}  # fmt: skip
    return {"type": "m.room.encrypted", "sender": sender, "content": content}


def signed_by_their_owners(both: Both, *parties: Party, linked: bool = True) -> None:
    """Let these people's devices be signed by their owners, and our device know whose identity is confirmed."""
    confirmed = []
    keys = keys_of(*parties) | {"master_keys": {}, "self_signing_keys": {}}
    for party in parties:
        user_id, seeds = party.published.user_id, cross_signing.new_seeds()
        own = cross_signing.published_keys(user_id, seeds)
        keys["master_keys"][user_id], keys["self_signing_keys"][user_id] = own["master_key"], own["self_signing_key"]
        device_id = party.published.device_id
        signed = cross_signing.signed(party.machine.device_keys, user_id, seeds.self_signing)
        keys["device_keys"][user_id][device_id] = signed
        confirmed.append(attestation(user_id, cross_signing.public_key(seeds.master)))
    both.homeserver.always("/keys/query", keys)
    if linked:
        both.ours.device.attest(by_user(*confirmed))


def keys_of(*parties: Party) -> dict[str, Any]:
    devices = {party.published.user_id: {party.published.device_id: party.machine.device_keys} for party in parties}
    return {"device_keys": devices, "failures": {}}
