"""The API for a person's locked keys and the network's directory: one method for every endpoint."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from client.answers import Answer
from client.connection import Connection


class KeptBundle(Answer, frozen=True, kw_only=True):
    """That keys of one's own are kept for a device."""

    bundle: UUID
    kind: int
    made_at: datetime


class KeptBundles(Answer, frozen=True, kw_only=True):
    """All of one's own."""

    bundles: list[KeptBundle]


class DirectoryPage(Answer, frozen=True, kw_only=True):
    """Entries of the directory from a number on, and how many there are."""

    entries: list[bytes]
    length: int


class Length(Answer, frozen=True, kw_only=True):
    """How many entries a log has."""

    length: int


class KeysApi:
    """Speaks of keys as a person who is signed in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def bundles(self) -> list[KeptBundle]:
        """Return which locked keys one keeps at the server."""
        return (await self._connection.ask(KeptBundles, "GET", "api/vault/bundles", repeat=True)).bundles

    async def put_bundle(self, bundle_id: UUID, kind: int, bundle: bytes) -> None:
        """Keep locked keys at the server, or others in their place."""
        body = {"kind": kind, "bundle": bundle}
        await self._connection.tell("PUT", f"api/vault/bundles/{bundle_id}", body, repeat=True)

    async def take_bundle(self, bundle_id: UUID) -> None:
        """Have locked keys destroyed: those of a device that is lost."""
        await self._connection.tell("DELETE", f"api/vault/bundles/{bundle_id}")

    async def directory(self, after: int = 0) -> DirectoryPage:
        """Return entries of the directory; nothing of them is verified yet."""
        query = {"after": str(after)}
        return await self._connection.ask(DirectoryPage, "GET", "api/vault/directory", query=query, repeat=True)

    async def append_to_directory(self, entry: bytes) -> int:
        """Append what one has signed; raise Conflict where another entry came first."""
        return (await self._connection.ask(Length, "POST", "api/vault/directory", {"entry": entry})).length
