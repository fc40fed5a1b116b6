"""One account at a small homeserver in the test's hands: what concerns the bot's own keys, as Synapse does it.

It asks for the password where keys that are there would be replaced, refuses what the master key has not signed, and
can be told to show something else than the truth.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bots.device.device import MatrixDevice
from bots.wire.homeserver import Homeserver
from core.clock import SystemClock
from core.settings import Secret, Settings
from crypto import cross_signing
from deploy import ports

BOT = "@streha:streha.localhost"
PASSWORD = "an invented password"
SECRET = b"an invented store key of 32 bytes"
FLOWS = {"flows": [{"stages": ["m.login.password"]}], "session": "s"}
CLIENT = "/_matrix/client/v3"

Answer = dict[str, Any]


@dataclass(slots=True)
class Account:
    """The account, and how its homeserver behaves."""

    url: str = ""
    # By name, as they were uploaded: master_key, self_signing_key, user_signing_key.
    published: Answer = field(default_factory=dict)
    devices: dict[str, Answer | None] = field(default_factory=dict)
    # What is shown in place of the truth.
    lie: Callable[[Answer], Answer] | None = None
    # Whether it takes identities; else it fails.
    publishing: bool = True
    # Whether it limits how fast its accounts send.
    limiting: bool = False
    uploads: list[Answer] = field(default_factory=list)
    asked_for_password: int = 0
    requests: list[str] = field(default_factory=list)
    made: int = 0

    @property
    def master(self) -> str | None:
        """The public master key as others see it."""
        return cross_signing.key_in(self.published.get("master_key"), BOT, "master")

    @property
    def signing(self) -> str | None:
        """The self-signing key as others see it, where the master key has signed it."""
        return cross_signing.self_signing_key(
            BOT, self.published.get("master_key"), self.published.get("self_signing_key")
        )

    def is_signed(self, device_id: str) -> bool:
        """Tell whether others see this device as signed by its owner."""
        return self.signing is not None and cross_signing.is_signed(self.devices.get(device_id), BOT, self.signing)

    def truth(self) -> Answer:
        """Return what a good homeserver answers about the account."""
        keys = {f"{name}s": {BOT: key} for name, key in self.published.items()}
        with_keys = {name: device for name, device in self.devices.items() if device is not None}
        return {"device_keys": {BOT: with_keys}, "failures": {}, **keys}

    # Requests ---------------------------------------------------------------------------------------

    async def login(self, request: web.Request) -> web.Response:
        """Sign a new device in."""
        if (await request.json())["password"] != PASSWORD:
            return web.json_response({"errcode": "M_FORBIDDEN"}, status=403)
        self.made += 1
        self.devices[f"DEVICE{self.made}"] = None
        return web.json_response(
            {"user_id": BOT, "device_id": f"DEVICE{self.made}", "access_token": f"token-DEVICE{self.made}"}
        )

    async def whoami(self, request: web.Request) -> web.Response:
        """Say whose token it is."""
        return web.json_response({"user_id": BOT, "device_id": _device_of(request)})

    async def make_room(self, _request: web.Request) -> web.Response:
        """Refuse the version of a room, or the pace."""
        if self.limiting:
            return web.json_response({"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 100}, status=429)
        return web.json_response({"errcode": "M_UNSUPPORTED_ROOM_VERSION"}, status=400)

    async def sync(self, _request: web.Request) -> web.Response:
        """There is no news."""
        return web.json_response({"next_batch": "s1"})

    async def upload(self, request: web.Request) -> web.Response:
        """Take a device's keys."""
        device = (await request.json()).get("device_keys")
        if device is not None:
            self.devices[device["device_id"]] = device
        return web.json_response({"one_time_key_counts": {"signed_curve25519": 50}})

    async def query(self, _request: web.Request) -> web.Response:
        """Answer whose keys are whose."""
        truth = self.truth()
        return web.json_response(truth if self.lie is None else self.lie(truth))

    async def publish(self, request: web.Request) -> web.Response:
        """Take an identity; another one than is there only with the password."""
        content = await request.json()
        if not self.publishing:
            return web.json_response({"errcode": "M_UNKNOWN"}, status=503)
        self.uploads.append(content)
        keys = {name: key for name, key in content.items() if name != "auth"}
        if all(_bare(self.published.get(name)) == _bare(key) for name, key in keys.items()):
            return web.json_response({})
        if self.published and content.get("auth", {}).get("password") != PASSWORD:
            self.asked_for_password += 1
            return web.json_response(FLOWS, status=401)
        after = {**self.published, **keys}
        master = cross_signing.key_in(after.get("master_key"), BOT, "master")
        if not all(cross_signing.is_signed(keys[name], BOT, master or "") for name in keys.keys() - {"master_key"}):
            return web.json_response({"errcode": "M_INVALID_SIGNATURE"}, status=400)
        self.published = after
        return web.json_response({})

    async def sign(self, request: web.Request) -> web.Response:
        """Take signatures on devices and on the master key."""
        for name, signed in (await request.json())[BOT].items():
            if self.devices.get(name) is not None:
                if not cross_signing.is_signed(signed, BOT, self.signing or ""):
                    return web.json_response({"failures": {BOT: {name: {"errcode": "M_INVALID_SIGNATURE"}}}})
                self.devices[name] = _merged(self.devices[name] or {}, signed)
            elif name == self.master:
                self.published["master_key"] = _merged(self.published["master_key"], signed)
            else:
                return web.json_response({"failures": {BOT: {name: {"errcode": "M_NOT_FOUND"}}}})
        return web.json_response({})

    async def list_devices(self, _request: web.Request) -> web.Response:
        """List all devices, those without keys too."""
        return web.json_response(
            {"devices": [{"device_id": name, "last_seen_ts": 1_772_441_000_000} for name in self.devices]}
        )

    async def remove(self, request: web.Request) -> web.Response:
        """Sign a device out."""
        if (await request.json()).get("auth", {}).get("password") != PASSWORD:
            return web.json_response(FLOWS, status=401)
        self.devices.pop(request.match_info["device"], None)
        return web.json_response({})


@asynccontextmanager
async def serving(account: Account) -> AsyncIterator[Account]:
    """Run the account's homeserver."""

    @web.middleware
    async def noted(request: web.Request, handler: Any) -> web.StreamResponse:
        account.requests.append(f"{request.method} {request.path.removeprefix(CLIENT)}")
        if not request.path.endswith("/login") and _device_of(request) not in account.devices:
            return web.json_response({"errcode": "M_UNKNOWN_TOKEN"}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    app = web.Application(middlewares=[noted])
    app.router.add_post(f"{CLIENT}/login", account.login)
    app.router.add_get(f"{CLIENT}/account/whoami", account.whoami)
    app.router.add_get(f"{CLIENT}/sync", account.sync)
    app.router.add_post(f"{CLIENT}/createRoom", account.make_room)
    app.router.add_post(f"{CLIENT}/keys/upload", account.upload)
    app.router.add_post(f"{CLIENT}/keys/query", account.query)
    app.router.add_post(f"{CLIENT}/keys/device_signing/upload", account.publish)
    app.router.add_post(f"{CLIENT}/keys/signatures/upload", account.sign)
    app.router.add_get(f"{CLIENT}/devices", account.list_devices)
    app.router.add_delete(f"{CLIENT}/devices/{{device}}", account.remove)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    port = ports.choose(requested=None, remembered=None)
    await web.TCPSite(runner, ports.LOOPBACK, port).start()
    account.url = f"http://{ports.LOOPBACK}:{port}"
    try:
        yield account
    finally:
        await runner.cleanup()


@asynccontextmanager
async def homeserver_of(account: Account) -> AsyncIterator[Homeserver]:
    """Run it, and speak to it as the account's first device."""
    async with serving(account), aiohttp.ClientSession() as http:
        yield Homeserver(account.url, http, f"token-{next(iter(account.devices))}")


def settings_of(account: Account, directory: Path) -> Settings:
    """Return the settings of a bot with this account and directory."""
    return Settings(
        database_url=Secret("postgresql://nobody@127.0.0.1:1/none"),
        homeserver_url=account.url,
        matrix_user=BOT,
        matrix_password=Secret(PASSWORD),
        matrix_store_key=Secret(SECRET.decode()),
        matrix_state_directory=directory,
    )


async def start(settings: Settings) -> str:
    """Open the device as the bot's process does, and close it again; return its id."""
    device = await MatrixDevice.open(
        homeserver_url=settings.homeserver_url,
        user_id=settings.matrix_user,
        password=settings.matrix_password.reveal(),
        directory=settings.matrix_state_directory,
        store_secret=settings.matrix_store_key.reveal().encode(),
        clock=SystemClock(),
    )
    await device.close()
    return device.device_id


def _device_of(request: web.Request) -> str:
    return request.headers["Authorization"].removeprefix("Bearer token-")


def _bare(key: Answer | None) -> Answer | None:
    return None if key is None else {name: value for name, value in key.items() if name != "signatures"}


def _merged(kept: Answer, signed: Answer) -> Answer:
    signatures = {**kept.get("signatures", {}).get(BOT, {}), **signed["signatures"][BOT]}
    return {**kept, "signatures": {BOT: signatures}}
