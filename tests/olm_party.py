"""A device with its store, to meet, write to and read another; everything real but the network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

from bots.keys.key_directory import KeyDirectory
from bots.keys.published_keys import PublishedDevice
from bots.olm.olm_machine import OlmMachine
from bots.olm.olm_store import OlmStore
from bots.olm.room_sessions import RoomSessions, Sealed
from core.clock import SystemClock
from crypto import cross_signing
from tests.attesting import attest_all
from tests.key_server import PersonDevice

SECRET = b"an invented store key of 32 bytes"
ROOM = "!room:streha.example"


class Met(Protocol):
    """Whoever can be written to."""

    @property
    def published(self) -> PublishedDevice: ...

    def one_time_key(self) -> dict[str, Any]: ...


class Party:
    """One device with its store."""

    def __init__(self, directory: Path, user_id: str, device_id: str) -> None:
        self.directory = directory / device_id
        self.directory.mkdir(parents=True, exist_ok=True)
        self.store = OlmStore(user_id, device_id, self.directory, SECRET)
        self.machine = OlmMachine(user_id, device_id, self.store)
        self.sessions = RoomSessions(self.store, SystemClock(), device_id, self.machine.curve25519)
        self._published = PublishedDevice(
            user_id=user_id,
            device_id=device_id,
            ed25519=self.machine.ed25519,
            curve25519=self.machine.curve25519,
            cross_signed=True,
        )

    @property
    def published(self) -> PublishedDevice:
        """What the others know of this device."""
        return self._published

    def one_time_key(self) -> dict[str, Any]:
        """Return one key as a homeserver would hand it out."""
        keys = self.machine.keys_to_publish(0, fallback_needed=False)["one_time_keys"]
        self.machine.keys_published()
        name = next(iter(keys))
        return {name: keys[name]}

    def meet(self, other: Met) -> None:
        with self.store.transaction():
            assert self.machine.start_session(other.published, other.published.device_id, other.one_time_key())

    def writes(self, other: Met, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        with self.store.transaction():
            sealed = self.machine.write_to(other.published, kind, content)
        return {"type": "m.room.encrypted", "sender": self.published.user_id, "content": sealed}

    def reads(self, event: Any) -> None:
        with self.store.transaction():
            self.machine.read_to_device(event)
            self.machine.save_account()

    def room_key(self) -> dict[str, Any]:
        present = {("@somebody:streha.example", "THEIRS"): "key"}
        session = self.sessions.for_sharing(ROOM, present)
        session.shared = True
        return {
            "algorithm": "m.megolm.v1.aes-sha2",
            "room_id": ROOM,
            "session_id": session.session_id,
            "session_key": session.session_key,
        }

    def says(self, body: str, kind: str = "m.room.message") -> Sealed:
        return self.sessions.encrypt(ROOM, kind, {"msgtype": "m.text", "body": body})

    def hears(self, sealed: Sealed, event_id: str, room_id: str = ROOM) -> str:
        with self.store.transaction():
            opened = self.machine.room_keys.read(room_id, event_id, json.loads(sealed.content))
        return str(opened.content["body"])

    def restarted(self) -> Party:
        self.store.close()
        return Party(self.directory.parent, self.published.user_id, self.published.device_id)


def begin_anew(device: PersonDevice, machine: OlmMachine, *, said_of: str = "") -> None:
    """Let the bot take in what somebody's device writes through a new session, as whoever's the homeserver says."""
    keys = machine.keys_to_publish(0, fallback_needed=False)["one_time_keys"]
    machine.keys_published()
    key = next(iter(keys.values()))["key"]
    event = device.begins_anew(machine.user_id, machine.curve25519, machine.ed25519, key)
    with machine.store.transaction():
        machine.read_to_device({**event, "sender": said_of or device.user_id})
        machine.save_account()


def published(bot: Party, *people: Party) -> KeyDirectory:
    """Let the bot know these people's devices, each signed by its owner, and everybody linked."""
    directory = KeyDirectory(bot.store, bot.machine.device_store, SystemClock())
    answer: dict[str, dict[str, Any]] = {"device_keys": {}, "master_keys": {}, "self_signing_keys": {}}
    for party in people:
        user_id, device_id, seeds = party.published.user_id, party.published.device_id, cross_signing.new_seeds()
        keys = cross_signing.published_keys(user_id, seeds)
        answer["master_keys"][user_id] = keys["master_key"]
        answer["self_signing_keys"][user_id] = keys["self_signing_key"]
        signed = cross_signing.signed(party.machine.device_keys, user_id, seeds.self_signing)
        answer["device_keys"][user_id] = {device_id: signed}
    users = [party.published.user_id for party in people]
    directory.learn(answer, users, directory.asking())
    attest_all(directory, users)
    return directory
