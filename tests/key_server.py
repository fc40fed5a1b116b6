"""The part of a homeserver that keys go through, small and in the test's hands: slow, broken or lying as it is told.

People's devices here are bare vodozemac accounts, so that what they can open does not depend on the code that
is tested.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import vodozemac
from aiohttp import web

from crypto import cross_signing

OLM = "m.olm.v1.curve25519-aes-sha2"


class PersonDevice:
    """Somebody's device, as published. Whoever made it may have lied about its keys."""

    def __init__(
        self, user_id: str, device_id: str, seeds: cross_signing.SigningSeeds | None, *, curve25519: str = ""
    ) -> None:
        self.user_id = user_id
        self.device_id = device_id
        self.account = vodozemac.Account()
        # The identity that has signed the device, and whether the device has signed that one too.
        self.seeds = seeds
        self.vouches = seeds is not None
        self.curve25519 = curve25519 or self.account.curve25519_key.to_base64()
        self._sessions: list[vodozemac.Session] = []
        # Those that it has begun itself; from then on it can open nothing else.
        self._begun: list[vodozemac.Session] = []
        keys = {
            f"curve25519:{device_id}": self.curve25519,
            f"ed25519:{device_id}": self.account.ed25519_key.to_base64(),
        }
        document = self.sign({"user_id": user_id, "device_id": device_id, "algorithms": [], "keys": keys})
        self.published = cross_signing.signed(document, user_id, seeds.self_signing) if seeds else document

    @property
    def session_key(self) -> bytes:
        """The device's own public key, as its client shows it."""
        return cross_signing.decode_unpadded(self.account.ed25519_key.to_base64())

    @property
    def address(self) -> tuple[str, str]:
        """The device's name."""
        return self.user_id, self.device_id

    def sign(self, document: dict[str, Any]) -> dict[str, Any]:
        """Return an object signed by the device."""
        signature = self.account.sign(cross_signing.signing_bytes(document)).to_base64()
        return cross_signing.with_signature(document, self.user_id, self.device_id, signature)

    def one_time_key(self) -> dict[str, Any]:
        """Return a new one-time key as a homeserver hands it out."""
        self.account.mark_keys_as_published()
        self.account.generate_one_time_keys(1)
        ((name, key),) = self.account.one_time_keys.items()
        return {f"signed_curve25519:{name}": self.sign({"key": key.to_base64()})}

    def begins_anew(self, user_id: str, curve25519: str, ed25519: str, one_time_key: str) -> dict[str, Any]:
        """Return an empty message through a new session, as a client writes it that could not open the last one."""
        own, other = vodozemac.Curve25519PublicKey.from_base64(curve25519), one_time_key
        session = self.account.create_outbound_session(own, vodozemac.Curve25519PublicKey.from_base64(other))
        payload = {
            "sender": self.user_id, "sender_device": self.device_id, "recipient": user_id,
            "recipient_keys": {"ed25519": ed25519}, "keys": {"ed25519": self.account.ed25519_key.to_base64()},
            "type": "m.dummy", "content": {},
        }  # fmt: skip
        kind, ciphertext = session.encrypt(json.dumps(payload).encode()).to_parts()
        self._begun.append(session)
        box = {"type": kind, "body": base64.b64encode(ciphertext).decode().rstrip("=")}
        content = {"algorithm": OLM, "sender_key": self.curve25519, "ciphertext": {curve25519: box}}
        return {"type": "m.room.encrypted", "sender": self.user_id, "content": content}

    def opens(self, content: dict[str, Any]) -> dict[str, Any] | None:
        """Return what a one-to-one message says to this device; nothing where it cannot be opened."""
        box = content["ciphertext"].get(self.account.curve25519_key.to_base64())
        if box is None:
            return None
        message = vodozemac.AnyOlmMessage.from_parts(box["type"], base64.b64decode(box["body"] + "=="))
        pre_key = message.to_pre_key()
        if self._begun:
            return None if pre_key is not None else self._opens_through_its_own(message)
        if pre_key is None:
            return None
        for session in self._sessions:
            if session.session_id == pre_key.session_id():
                payload: dict[str, Any] = json.loads(session.decrypt(message))
                return payload
        sender_key = vodozemac.Curve25519PublicKey.from_base64(content["sender_key"])
        try:
            session, plaintext = self.account.create_inbound_session(sender_key, pre_key)
        except vodozemac.SessionCreationException:
            return None
        self._sessions.append(session)
        opened: dict[str, Any] = json.loads(plaintext)
        return opened

    def _opens_through_its_own(self, message: vodozemac.AnyOlmMessage) -> dict[str, Any] | None:
        for session in self._begun:
            with suppress(vodozemac.OlmDecryptionException):
                payload: dict[str, Any] = json.loads(session.decrypt(message))
                return payload
        return None


class KeyServer:
    """Answers key queries and claims, and keeps what is sent to devices."""

    def __init__(self) -> None:
        self.url = ""
        self.devices: dict[str, dict[str, PersonDevice]] = defaultdict(dict)
        self.identities: dict[str, cross_signing.SigningSeeds] = {}
        # Who is said to have no identity, in answers that are whole otherwise.
        self.hidden: set[str] = set()
        # What a device's next one-time keys are instead of good ones.
        self.bad_keys: dict[tuple[str, str], Any] = {}
        self.sent: list[tuple[str, tuple[str, str], dict[str, Any]]] = []
        self.asked: Counter[str] = Counter()
        # Endpoints that answer 503, and those that do not answer until they are set free.
        self.failing: set[str] = set()
        self.hanging: set[str] = set()
        self.free = asyncio.Event()
        # What was put into rooms: transaction ids and contents, of failed attempts too.
        self.puts: list[tuple[str, dict[str, Any]]] = []
        # Under which transaction ids anything was sent to devices, and what; of failed attempts too.
        self.sends: list[tuple[str, dict[str, Any]]] = []
        # Who has joined which room.
        self.joined: dict[str, set[str]] = defaultdict(set)
        # What it was asked to send later, by name: the room and the content. Nothing is sent by itself here.
        self.left: dict[str, tuple[str, dict[str, Any]]] = {}
        self.put_off: list[str] = []
        # For how long it says that it keeps events, and whether it does so.
        self.longest_delay_ms = 86_400_000
        self.sends_at_once = False

    def person(self, name: str) -> str:
        """Give somebody an identity; return the user."""
        user_id = name if name.startswith("@") else f"@{name}:streha.example"
        self.identities[user_id] = cross_signing.new_seeds()
        return user_id

    def device(self, user_id: str, device_id: str, *, signed: bool = True, curve25519: str = "") -> PersonDevice:
        """Publish a device."""
        made = PersonDevice(user_id, device_id, self.identities[user_id] if signed else None, curve25519=curve25519)
        self.devices[user_id][device_id] = made
        return made

    def keys_for(self, device: PersonDevice) -> list[dict[str, Any]]:
        """Return the room keys that were sent to a device and that it can open."""
        opened = [device.opens(content) for kind, address, content in self.sent if address == device.address
                  and kind == "m.room.encrypted"]  # fmt: skip
        return [each["content"] for each in opened if each is not None and each["type"] == "m.room_key"]

    def refusals_for(self, device: PersonDevice) -> list[str]:
        """Return the codes with which a device was told that it gets no key."""
        return [content["code"] for kind, address, content in self.sent
                if address == device.address and kind == "m.room_key.withheld"]  # fmt: skip

    async def query(self, request: web.Request) -> web.Response:
        """Answer `/keys/query`."""
        wanted = (await request.json())["device_keys"]
        shown = [user for user in wanted if user not in self.hidden]
        published = {user: cross_signing.published_keys(user, self.identities[user]) for user in shown}
        return web.json_response(
            {
                "device_keys": {
                    user: {name: device.published for name, device in self.devices[user].items()} for user in wanted
                },
                "master_keys": {user: self._vouched(user, keys["master_key"]) for user, keys in published.items()},
                "self_signing_keys": {user: keys["self_signing_key"] for user, keys in published.items()},
            }
        )

    def _vouched(self, user: str, master: dict[str, Any]) -> dict[str, Any]:
        """Return an identity with the signatures of the devices that vouch for it."""
        for device in self.devices[user].values():
            if device.vouches and device.seeds is self.identities[user]:
                master = device.sign(master)
        return master

    async def claim(self, request: web.Request) -> web.Response:
        """Answer `/keys/claim`."""
        wanted = (await request.json())["one_time_keys"]
        keys = {
            user: {
                name: self.bad_keys[user, name]
                if (user, name) in self.bad_keys
                else self.devices[user][name].one_time_key()
                for name in devices
            }
            for user, devices in wanted.items()
        }
        return web.json_response({"one_time_keys": keys})

    async def members(self, request: web.Request) -> web.Response:
        """Answer `/joined_members`."""
        return web.json_response({"joined": {user: {} for user in self.joined[request.match_info["room"]]}})

    async def put(self, request: web.Request) -> web.Response:
        """Answer a PUT of an event, now or later."""
        if "org.matrix.msc4140.delay" in request.query and not self.sends_at_once:
            delay_id = f"later-{request.match_info['transaction']}"
            self.left[delay_id] = request.match_info["room"], await request.json()
            return web.json_response({"delay_id": delay_id})
        return web.json_response({"event_id": f"${request.match_info['transaction']}"})

    async def capabilities(self, _request: web.Request) -> web.Response:
        """Tell whether events are kept to be sent later."""
        kept = {"max_delay_ms": self.longest_delay_ms, "max_scheduled": 100}
        return web.json_response({"capabilities": {"org.matrix.msc4140.delayed_events": kept}})

    async def delayed(self, request: web.Request) -> web.Response:
        """Put one event off, or never send it."""
        delay_id, action = request.match_info["delay"], (await request.json())["action"]
        if delay_id not in self.left:
            return web.json_response({"errcode": "M_NOT_FOUND"}, status=404)
        if action == "restart":
            self.put_off.append(delay_id)
        else:
            del self.left[delay_id]
        return web.json_response({})

    async def all_delayed(self, _request: web.Request) -> web.Response:
        """Name everything that is to be sent later."""
        return web.json_response({"delayed_events": [{"delay_id": each} for each in self.left]})

    async def send(self, request: web.Request) -> web.Response:
        """Answer `/sendToDevice`."""
        for user, devices in (await request.json())["messages"].items():
            self.sent += [(request.match_info["kind"], (user, name), content) for name, content in devices.items()]
        return web.json_response({})


@asynccontextmanager
async def key_server() -> AsyncIterator[KeyServer]:
    """Run one."""
    server = KeyServer()

    @web.middleware
    async def as_told(request: web.Request, handler: Any) -> web.StreamResponse:
        name = handler.__name__
        server.asked[name] += 1
        if name == "put":
            server.puts.append((request.match_info["transaction"], await request.json()))
        if name == "send":
            server.sends.append((request.match_info["transaction"], await request.json()))
        if name in server.hanging:
            await server.free.wait()
        if name in server.failing:
            return web.json_response({"errcode": "M_UNKNOWN"}, status=503)
        answer: web.StreamResponse = await handler(request)
        return answer

    app = web.Application(middlewares=[as_told])
    app.router.add_post("/_matrix/client/v3/keys/query", server.query)
    app.router.add_post("/_matrix/client/v3/keys/claim", server.claim)
    app.router.add_get("/_matrix/client/v3/rooms/{room}/joined_members", server.members)
    app.router.add_put("/_matrix/client/v3/rooms/{room}/send/{kind}/{transaction}", server.put)
    app.router.add_get("/_matrix/client/v3/capabilities", server.capabilities)
    app.router.add_get("/_matrix/client/unstable/org.matrix.msc4140/delayed_events", server.all_delayed)
    app.router.add_post("/_matrix/client/unstable/org.matrix.msc4140/delayed_events/{delay}", server.delayed)
    app.router.add_put("/_matrix/client/v3/sendToDevice/{kind}/{transaction}", server.send)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        server.url = f"http://{host}:{port}"
        yield server
    finally:
        server.free.set()
        await runner.cleanup()
