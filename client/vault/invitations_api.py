"""The API for invitations: administrators who are signed in, and newcomers who have a token and nothing else."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import UUID

from agencies.model import Role
from client.answers import Answer
from client.connection import Connection
from client.line import REQUEST_SECONDS, Line, read


class KeptInvitation(Answer, frozen=True, kw_only=True):
    """An invitation as the server keeps it, and what was offered under it: nothing of it is verified."""

    invitation: UUID
    agency: UUID
    name: str
    role: Role
    expires_at: datetime
    offer: bytes | None


class KeptInvitations(Answer, frozen=True, kw_only=True):
    """All of one's agency."""

    invitations: list[KeptInvitation]


class OpenedInvitation(Answer, frozen=True, kw_only=True):
    """What the server says an invitation is for: held against the paper, never believed."""

    network: bytes
    agency: UUID
    expires_at: datetime
    service: str
    police_number: str


class InvitationsApi:
    """Speaks of invitations as an administrator."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def invite(
        self, token_hash: bytes, *, name: str, role: Role, hours: int, agency: UUID | None = None
    ) -> KeptInvitation:
        """Have an invitation kept: of its token the hash alone."""
        body = {"token_hash": token_hash, "name": name, "role": role, "hours": hours, "agency": agency}
        return await self._connection.ask(KeptInvitation, "POST", "api/vault/invitations", body)

    async def waiting(self) -> list[KeptInvitation]:
        """Return what one's agency has open."""
        found = await self._connection.ask(KeptInvitations, "GET", "api/vault/invitations", repeat=True)
        return found.invitations

    async def take_back(self, invitation: UUID) -> None:
        """Have an invitation destroyed, with what was offered under it."""
        await self._connection.tell("DELETE", f"api/vault/invitations/{invitation}")


class NewcomersApi:
    """Speaks as somebody who has a paper, while the context is entered: nobody is signed in."""

    def __init__(self, address: str, *, language: str = "en", seconds: float = REQUEST_SECONDS) -> None:
        self._address = address
        self._line = Line(address, language=language, seconds=seconds)

    async def __aenter__(self) -> Self:
        await self._line.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._line.__aexit__(kind, error, trace)

    async def open(self, token: bytes) -> OpenedInvitation:
        """Return which agency the server says an invitation is for."""
        answer = await self._line.send("POST", "api/vault/invitations/opened", {"token": token}, None)
        return read(OpenedInvitation, answer, self._address)

    async def offer(self, token: bytes, offer: bytes) -> None:
        """Offer one's keys; the same ones again change nothing."""
        await self._line.send("POST", "api/vault/invitations/offers", {"token": token, "offer": offer}, None)
