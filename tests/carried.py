"""Carrying in tests. The far sides are real servers: a gateway that checks signatures, and a mail server with TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import trustme
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from alerts.telephone.answer_numbers import key_of
from core.clock import Clock
from core.database import Database
from core.settings import Settings
from deploy.gateway import Gateway
from server.carriers.carrying import Carrying, carriers_of

NUMBER = "+381600000000"
MAIL = "duty@example.org"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass(slots=True)
class FarGateway:
    """The example gateway, told to misbehave where `answer` is set; `taken` is what it would have rung."""

    url: str = ""
    answer: Callable[[], Awaitable[web.Response]] | None = None
    taken: list[dict[str, Any]] = field(default_factory=list)
    # The id of every request, in their order.
    asked: list[str] = field(default_factory=list)

    async def ring(self, letter: dict[str, Any]) -> None:
        """Note what would ring."""
        self.taken.append(letter)


@asynccontextmanager
async def far_gateway(clock: Clock) -> AsyncIterator[FarGateway]:
    """Serve a gateway while the context is entered."""
    far = FarGateway()

    @web.middleware
    async def noted(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        far.asked.append(request.headers["webhook-id"])
        return await handler(request) if far.answer is None else await far.answer()

    app = Gateway(KEY, far.ring, clock).application()
    app.middlewares.append(noted)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    far.url = f"http://127.0.0.1:{runner.addresses[0][1]}/calls"
    try:
        yield far
    finally:
        await runner.cleanup()


@dataclass(slots=True)
class Mailbox:
    """A mail server's memory, and what it answers to a recipient instead of taking the mail."""

    port: int
    certificates: Path
    refusals: list[str] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    attempts: int = 0
    # How whoever brings mail calls itself.
    greeted_by: set[str | None] = field(default_factory=set)

    async def handle_RCPT(  # noqa: N802 (the library's name)
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or refuse as told; never over a line in clear."""
        self.attempts += 1
        self.greeted_by.add(session.host_name)
        if session.ssl is None:
            return "530 TLS first"
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 (as above)
        """Keep the mail."""
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"


@asynccontextmanager
async def mailbox(directory: Path) -> AsyncIterator[Mailbox]:
    """Serve mail over STARTTLS, with a certificate of an authority that only the given file knows."""
    authority = trustme.CA()
    certificates = directory / "certificates.pem"
    authority.cert_pem.write_to_path(certificates)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    kept = Mailbox(port=0, certificates=certificates)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(kept, hostname="mail.example", tls_context=tls, loop=loop), "127.0.0.1", 0
    )
    kept.port = server.sockets[0].getsockname()[1]
    try:
        yield kept
    finally:
        server.close()


@asynccontextmanager
async def carriers(database: Database, clock: Clock, settings: Settings) -> AsyncIterator[Carrying]:
    """Set up the carriers of these settings."""
    async with AsyncExitStack() as resources:
        made = await resources.enter_async_context(carriers_of(settings, clock))
        yield Carrying(database, clock, made, settings.time_zone, 5.0, inward_key=key_of(settings))


async def carry(database: Database, clock: Clock, settings: Settings) -> None:
    """Carry what waits, and wait until it is done."""
    async with carriers(database, clock, settings) as carrier, asyncio.TaskGroup() as tasks:
        while await carrier.begin(tasks):
            pass


async def states(database: Database) -> list[tuple[str, str | None]]:
    """Return how far the letters for contacts came, the telephone's first, each with why the last attempt ended."""
    async with database.reading() as tx:
        rows = await tx.rows(
            "SELECT state, failure FROM outbox JOIN contacts ON contacts.id = target_id ORDER BY means DESC, sequence"
        )
    return [(row["state"], row["failure"]) for row in rows]


async def told(database: Database) -> Sequence[str]:
    """Return which notices were left that somebody could not be called."""
    async with database.reading() as tx:
        rows = await tx.rows("SELECT template FROM outbox WHERE template LIKE '%not\\_delivered%'")
    return [row["template"] for row in rows]
