"""A member who means it ill: a real account, a real signed device, real sessions, and no scruples.

Owns what such a person can do with nothing but the rights of a member: write encrypted messages of any content,
share any room key under any name, publish devices that are not theirs. Built on the cryptographic library
alone, not on the bot's own parts, so that what those forbid themselves can be done here.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import Any, Self
from urllib.parse import quote

import aiohttp
import vodozemac

from crypto import cross_signing

CLIENT = "/_matrix/client/v3"
OLM = "m.olm.v1.curve25519-aes-sha2"
MEGOLM = "m.megolm.v1.aes-sha2"
numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """A device as it is published."""

    user_id: str
    device_id: str
    ed25519: str
    curve25519: str


@dataclass(slots=True, kw_only=True, eq=False)
class EvilMember:
    """One signed-in device of such a person."""

    url: str
    http: aiohttp.ClientSession
    user_id: str
    device_id: str
    token: str
    password: str
    account: vodozemac.Account = field(default_factory=vodozemac.Account)
    seeds: cross_signing.SigningSeeds = field(default_factory=cross_signing.new_seeds)
    _since: str | None = None
    _sessions: dict[tuple[str, str], vodozemac.Session] = field(default_factory=dict)

    @classmethod
    async def sign_in(cls, url: str, http: aiohttp.ClientSession, user_id: str, password: str, **lies: str) -> Self:
        """Sign in, give the account an identity, and let it sign the device, which may be described with lies."""
        login = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": user_id},
            "password": password,
        }
        async with http.post(f"{url}{CLIENT}/login", json=login, raise_for_status=True) as answer:
            signed_in = await answer.json()
        self = cls(
            url=url,
            http=http,
            user_id=signed_in["user_id"],
            device_id=signed_in["device_id"],
            token=signed_in["access_token"],
            password=password,
        )
        await self.call("POST", "/keys/device_signing/upload", self.identity())
        await self.publish(self.device_keys(**lies))
        await self.offer_keys()
        return self

    @property
    def curve25519(self) -> str:
        """The device's identity key."""
        return self.account.curve25519_key.to_base64()

    @property
    def ed25519(self) -> str:
        """The device's fingerprint key."""
        return self.account.ed25519_key.to_base64()

    async def call(self, method: str, path: str, content: Any = None) -> dict[str, Any]:
        """Ask the homeserver for something; wait where it says that it was asked too often."""
        headers = {"Authorization": f"Bearer {self.token}"}
        while True:
            async with self.http.request(method, f"{self.url}{CLIENT}{path}", json=content, headers=headers) as answer:
                said: dict[str, Any] = await answer.json()
                if answer.status != HTTPStatus.TOO_MANY_REQUESTS:
                    assert answer.status == 200, (path, answer.status, said)
                    return said
            await asyncio.sleep(float(said["retry_after_ms"]) / 1000)

    # Devices ----------------------------------------------------------------------------------------

    def device_keys(self, **lies: str) -> dict[str, Any]:
        """Describe the device, signed by itself and by its owner; `curve25519` may be anybody's."""
        device_id = self.device_id
        document = {
            "algorithms": [OLM, MEGOLM],
            "device_id": device_id,
            "user_id": self.user_id,
            "keys": {
                f"curve25519:{device_id}": lies.get("curve25519", self.curve25519),
                f"ed25519:{device_id}": self.ed25519,
            },
        }
        document = cross_signing.with_signature(document, self.user_id, device_id, self._sign(document))
        return cross_signing.signed(document, self.user_id, self.seeds.self_signing)

    def identity(self) -> dict[str, Any]:
        """Return the keys of the identity, as a client publishes them: the device has signed the master key."""
        keys = cross_signing.published_keys(self.user_id, self.seeds)
        master = keys["master_key"]
        signature = self._sign(master)
        return keys | {"master_key": cross_signing.with_signature(master, self.user_id, self.device_id, signature)}

    async def publish(self, device_keys: Mapping[str, Any]) -> None:
        """Publish a device; the homeserver takes it for the one that is signed in."""
        await self.call("POST", "/keys/upload", {"device_keys": device_keys})
        signatures = {self.user_id: {device_keys["device_id"]: device_keys}}
        said = await self.call("POST", "/keys/signatures/upload", signatures)
        assert not said.get("failures"), said

    async def offer_keys(self, number: int = 20) -> None:
        """Publish one-time keys, signed as every client demands."""
        self.account.generate_one_time_keys(number)
        offered = {}
        for name, key in self.account.one_time_keys.items():
            document = {"key": key.to_base64()}
            signature = self._sign(document)
            signed = cross_signing.with_signature(document, self.user_id, self.device_id, signature)
            offered[f"signed_curve25519:{name}"] = signed
        self.account.mark_keys_as_published()
        await self.call("POST", "/keys/upload", {"one_time_keys": offered})

    async def devices_of(self, user_id: str) -> list[Addressee]:
        """Return somebody's published devices."""
        said = await self.call("POST", "/keys/query", {"device_keys": {user_id: []}})
        return [
            Addressee(
                user_id=user_id,
                device_id=device_id,
                ed25519=keys["keys"][f"ed25519:{device_id}"],
                curve25519=keys["keys"][f"curve25519:{device_id}"],
            )
            for device_id, keys in said["device_keys"].get(user_id, {}).items()
        ]

    def _sign(self, document: Mapping[str, Any]) -> str:
        return self.account.sign(cross_signing.signing_bytes(document)).to_base64()

    # One-to-one messages ----------------------------------------------------------------------------

    async def one_time_key_of(self, device: Addressee) -> str:
        """Take a one-time key of a device."""
        wanted = {"one_time_keys": {device.user_id: {device.device_id: "signed_curve25519"}}}
        said = await self.call("POST", "/keys/claim", wanted)
        (key,) = said["one_time_keys"][device.user_id][device.device_id].values()
        return str(key["key"])

    async def meet(self, device: Addressee) -> vodozemac.Session:
        """Start a session with a device."""
        key = vodozemac.Curve25519PublicKey.from_base64(await self.one_time_key_of(device))
        theirs = vodozemac.Curve25519PublicKey.from_base64(device.curve25519)
        session = self.account.create_outbound_session(theirs, key)
        self._sessions[device.user_id, device.device_id] = session
        return session

    async def sealed(self, device: Addressee, kind: str, content: Any, **lies: Any) -> dict[str, Any]:
        """Encrypt a message to one device; any part of what surrounds it may be a lie."""
        if (device.user_id, device.device_id) not in self._sessions:
            await self.meet(device)
        payload = {
            "sender": self.user_id,
            "sender_device": self.device_id,
            "keys": {"ed25519": self.ed25519},
            "recipient": device.user_id,
            "recipient_keys": {"ed25519": device.ed25519},
            "type": kind,
            "content": content,
            **lies,
        }
        session = self._sessions[device.user_id, device.device_id]
        return boxed(session, self.curve25519, device, json.dumps(payload).encode())

    async def tell(self, device: Addressee, kind: str, content: Any) -> None:
        """Hand a message to one device, as it is."""
        messages = {"messages": {device.user_id: {device.device_id: content}}}
        await self.call("PUT", f"/sendToDevice/{kind}/evil-{self.device_id}-{next(numbers)}", messages)

    async def heard(self) -> list[dict[str, Any]]:
        """Return what came in one-to-one messages since the last time, opened."""
        since = f"&since={quote(self._since)}" if self._since else ""
        said = await self.call("GET", f"/sync?timeout=1000{since}")
        self._since = said["next_batch"]
        opened = []
        for event in said.get("to_device", {}).get("events", []):
            with suppress(KeyError, ValueError):
                opened.append(self._opened(event["content"]))
        return opened

    def _opened(self, content: Any) -> dict[str, Any]:
        box = content["ciphertext"][self.curve25519]
        message = vodozemac.AnyOlmMessage.from_parts(box["type"], _decoded(box["body"]))
        first = message.to_pre_key()
        if first is None:
            raise ValueError("only first messages are read here")
        theirs = vodozemac.Curve25519PublicKey.from_base64(content["sender_key"])
        _session, plaintext = self.account.create_inbound_session(theirs, first)
        opened: dict[str, Any] = json.loads(plaintext)
        return opened

    # Rooms ------------------------------------------------------------------------------------------

    async def join(self, room_id: str) -> None:
        """Accept an invitation."""
        await self.call("POST", f"/rooms/{quote(room_id)}/join", {})

    async def put(self, room_id: str, kind: str, content: Any) -> str:
        """Send an event as it is, encrypted or not."""
        path = f"/rooms/{quote(room_id)}/send/{kind}/evil-{self.device_id}-{next(numbers)}"
        return str((await self.call("PUT", path, content))["event_id"])

    async def share(
        self, session: vodozemac.GroupSession, room_id: str, device: Addressee, **lies: Any
    ) -> dict[str, Any]:
        """Give a device the key of a room session; return what was handed to it."""
        sealed = await self.sealed(device, "m.room_key", room_key(session, room_id), **lies)
        await self.tell(device, "m.room.encrypted", sealed)
        return sealed

    def said(self, session: vodozemac.GroupSession, room_id: str, body: Any, **content: Any) -> dict[str, Any]:
        """Seal a room message; `content` is added to what is inside."""
        inside = {"msgtype": "m.text", "body": body, **content}
        plaintext = {"type": "m.room.message", "room_id": room_id, "content": inside}
        return {
            "algorithm": MEGOLM,
            "ciphertext": session.encrypt(json.dumps(plaintext).encode()).to_base64(),
            "device_id": self.device_id,
            "sender_key": self.curve25519,
            "session_id": session.session_id,
        }


def room_key(session: vodozemac.GroupSession, room_id: str) -> dict[str, Any]:
    """Return the content with which the key of a room session is shared."""
    return {
        "algorithm": MEGOLM,
        "room_id": room_id,
        "session_id": session.session_id,
        "session_key": session.session_key.to_base64(),
    }


def boxed(session: vodozemac.Session, sender_key: str, device: Addressee, plaintext: bytes) -> dict[str, Any]:
    """Return the content of a one-to-one message with this plaintext, whatever it is."""
    kind, ciphertext = session.encrypt(plaintext).to_parts()
    body = base64.b64encode(ciphertext).decode().rstrip("=")
    return {
        "algorithm": OLM,
        "sender_key": sender_key,
        "ciphertext": {device.curve25519: {"type": kind, "body": body}},
    }


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))
