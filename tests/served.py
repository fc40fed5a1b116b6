"""A served API as tests speak to it: as its people, and with raw requests."""

from __future__ import annotations

import io
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from agencies.model import Person
from client import key_file
from client.api import ApiClient
from client.key_file import KeyFile
from core.settings import Settings
from crypto import sign_in
from server.api.application import application
from server.api.health import Check
from server.api.services import Services, services
from server.api.serving import serve
from server.api.wire.directory import token_text
from server.live.feed import Feed
from tests.described import Observer
from tests.people import Network

LONG = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A raw answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return msgspec.json.decode(self.body)

    def require_problem(self, status: int) -> dict[str, Any]:
        """Return the problem that this must be."""
        assert self.status == status, self.body
        assert self.headers["Content-Type"] == "application/problem+json"
        problem: dict[str, Any] = self.json
        assert problem["status"] == status
        assert problem.keys() >= {"type", "title", "detail", "incident"}
        return problem


@dataclass(slots=True, kw_only=True)
class ServedApi:
    """An API that listens, and whoever speaks to it."""

    services: Services
    network: Network
    url: str
    directory: Path
    http: aiohttp.ClientSession
    observer: Observer

    def key(self, person: Person) -> KeyFile:
        """Return the key of a person, as if read from a file."""
        return KeyFile(
            person_id=person.id,
            network=self.services.settings.network,
            api_url=self.url,
            seed=self.network.seeds[person.id],
        )

    def key_path(self, person: Person) -> Path:
        """Return the key file of a person."""
        path = self.directory / f"{person.id}.key"
        if not path.exists():
            key = self.key(person)
            key_file.create(path, person_id=key.person_id, network=key.network, api_url=key.api_url, seed=key.seed)
        return path

    def client(self, person: Person, *, language: str = "en") -> ApiClient:
        """Return a client that speaks as a person, for entering."""
        return ApiClient(self.key(person), language=language)

    async def token(self, person: Person) -> str:
        """Return the token of a fresh session."""
        key = self.key(person)
        nonce = await self.services.sign_in.challenge(key.person_id)
        answer = sign_in.answer(
            key.seed, network=key.network, origin=key.origin, person=key.person_id.bytes, nonce=nonce
        )
        return token_text((await self.services.sign_in.sign_in(key.person_id, nonce, answer)).token)

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str = "",
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answered:
        """Send a request as it is written here. Of a stream that goes on, the beginning is the answer."""
        given = {"Content-Type": "application/json"} if body is not None or raw is not None else {}
        if token:
            given["Authorization"] = f"Bearer {token}"
        written = raw if raw is not None else (None if body is None else msgspec.json.encode(body))
        # What is long is sent piece by piece.
        data = io.BytesIO(written) if written is not None and len(written) > LONG else written
        async with self.http.request(
            method, self.url + path, data=data, headers={**given, **(headers or {})}, skip_auto_headers=["Content-Type"]
        ) as response:
            endless = response.content_type == "text/event-stream"
            received = await (response.content.readany() if endless else response.read())
            return Answered(status=response.status, headers=dict(response.headers), body=received)


@asynccontextmanager
async def serve_api(
    network: Network, settings: Settings, directory: Path, *, checks: dict[str, Check] | None = None, origin: str = "",
    feed: Callable[[Services], Feed] | None = None,
) -> AsyncIterator[ServedApi]:  # fmt: skip
    """Serve the API over the network's database while the context is entered, at an origin of its own.

    `origin` is where people reach it, if something stands between. Whatever is asked and answered meanwhile must be
    as the OpenAPI document says.
    """
    port = _free_port()
    settings = replace(settings, api_port=port, public_origin=origin or f"http://127.0.0.1:{port}")
    wired = services(network.database, network.clock, settings)
    wired = wired if feed is None else replace(wired, feed=feed(wired))
    app, observer = application(wired, checks), Observer()
    app.on_response_prepare.append(observer.look)
    async with (
        serve(app, "127.0.0.1", port, drain_seconds=2),
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        yield ServedApi(
            services=wired, network=network, url=settings.public_origin, directory=directory, http=http,
            observer=observer,
        )  # fmt: skip
    assert not observer.complaints, "\n".join(observer.complaints)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
