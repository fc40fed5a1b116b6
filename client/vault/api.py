"""The API of the vault as a person's machine uses it. What it gives is bytes; `client.vault.reading` verifies them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from client.connection import Connection
from client.vault import refusals
from client.vault.answers import (
    Acts,
    Grant,
    Length,
    NamedVersion,
    Snapshot,
    Statements,
    StoredVersion,
    StoredVersions,
)  # fmt: skip
from client.vault.telling import Tells

SPARE_PAGES = 8


class VaultApi:
    """Speaks of the vault over a person's connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def snapshot(self, compartment: UUID, *, directory: int, members: int, records: int) -> Snapshot:
        """Return what stands in a compartment's logs from these positions on."""
        asked = {"directory": str(directory), "members": str(members), "records": str(records)}
        return await self._connection.ask(
            Snapshot, "GET", f"api/vault/compartments/{compartment}", query=asked, repeat=True
        )

    async def add_member_entry(
        self, compartment: UUID, entry: bytes, grants: Mapping[UUID, bytes], wraps: Mapping[UUID, bytes]
    ) -> int:
        """Append an entry to the members' log, with what an epoch needs; return the log's length."""
        body = {
            "entry": entry,
            "grants": [{"member": member, "statement": each} for member, each in grants.items()],
            "wraps": [{"version": version, "wrap": each} for version, each in wraps.items()],
        }
        path = f"api/vault/compartments/{compartment}/members"
        return (await self._connection.ask(Length, "POST", path, body)).length

    async def add_record_entry(
        self, compartment: UUID, entry: bytes, content: bytes | None = None, wrap: bytes | None = None,
        tells: Tells | None = None,
    ) -> int:  # fmt: skip
        """Append an entry to the records' log, with the version that it writes; return the log's length.

        What the server is told of it stands or falls with it.
        """
        body = {"entry": entry, "content": content, "wrap": wrap, "tells": None if tells is None else tells.sent()}
        path = f"api/vault/compartments/{compartment}/records"
        return (await self._connection.ask(Length, "POST", path, body)).length

    async def grant(self, compartment: UUID, epoch: int | None = None) -> Grant:
        """Return one's own grant of an epoch, of the newest where none is named."""
        asked = None if epoch is None else {"epoch": str(epoch)}
        return await self._connection.ask(
            Grant, "GET", f"api/vault/compartments/{compartment}/grant", query=asked, repeat=True
        )

    async def version(self, compartment: UUID, version: UUID) -> StoredVersion:
        """Return one version, sealed, and the wraps of its key."""
        return await self._connection.ask(
            StoredVersion, "GET", f"api/vault/compartments/{compartment}/versions/{version}", repeat=True
        )

    async def current_versions(
        self, compartment: UUID, wanted: Collection[UUID], *, contents: bool
    ) -> dict[UUID, NamedVersion]:
        """Return those of the current versions that are wanted and that the server has, however many answers it takes.

        It gives them ascending by id. One that goes back, or gives no end of others, is believed no further.
        """
        found: dict[UUID, NamedVersion] = {}
        last: UUID | None = None
        # An honest server gives a page for each few of them, and some that were written meanwhile.
        for _ in range(len(wanted) + SPARE_PAGES):
            asked = {"current": "true", "contents": "true" if contents else "false"}
            if last is not None:
                asked["after"] = str(last)
            path = f"api/vault/compartments/{compartment}/versions"
            page = await self._connection.ask(StoredVersions, "GET", path, query=asked, repeat=True)
            for each in page.versions:
                if last is not None and each.version <= last:
                    raise refusals.altered("not-next")
                last = each.version
                if each.version in wanted:
                    found[each.version] = each
            if not page.versions or len(found) == len(wanted):
                break
        return found

    async def give_history(self, compartment: UUID, member: UUID, statement: bytes) -> None:
        """Store a history grant for a member."""
        body = {"member": member, "statement": statement}
        await self._connection.tell("POST", f"api/vault/compartments/{compartment}/history", body)

    async def histories(self, compartment: UUID, version: UUID) -> list[bytes]:
        """Return the history grants of a version that one was given."""
        path = f"api/vault/compartments/{compartment}/history"
        asked = {"version": str(version)}
        return (await self._connection.ask(Statements, "GET", path, query=asked, repeat=True)).statements

    async def tell_export(self, compartment: UUID, versions: Sequence[UUID]) -> None:
        """Have it written down that one exports some versions, before one does."""
        path = f"api/vault/compartments/{compartment}/exports"
        await self._connection.tell("POST", path, {"versions": list(versions)})

    async def acts(self, compartment: UUID, *, after: int, history: UUID | None) -> Acts:
        """Return what the ledger has of a compartment after a position, and history grants after an id."""
        asked = {"after": str(after)} if history is None else {"after": str(after), "history": str(history)}
        path = f"api/vault/compartments/{compartment}/known"
        return await self._connection.ask(Acts, "GET", path, query=asked, repeat=True)

    async def tell_acts_export(self, compartment: UUID) -> None:
        """Have it written down that one takes out who knew and who fetched, before one does."""
        await self._connection.tell("POST", f"api/vault/compartments/{compartment}/known/exports", {})
