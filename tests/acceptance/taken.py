"""All that a thief of the servers could take, and how it is searched for what must not be there."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from core.database import Database, connect
from deploy import remembered
from deploy.network import LocalNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """All that could be taken, by place; and what is looked for there, by what it is."""

    places: dict[str, list[bytes]]

    def places_of(self, *wanted: bytes) -> set[str]:
        """Return where one of these is found, written in any way."""
        ways = [each for one in wanted for each in written(one)]
        return {place for place, pieces in self.places.items() if any(way in piece for piece in pieces for way in ways)}


def written(wanted: bytes) -> list[bytes]:
    """Return how bytes may be written: as they are, in wide letters, in hexadecimal, in base64 at any place."""
    ways = [wanted, wanted.hex().encode(), wanted.hex().upper().encode()]
    if wanted.isascii():
        ways += [wanted.decode().encode("utf-16-le"), wanted.decode().encode("utf-16-be")]
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + wanted)
        # The first and last letters depend on what stands beside it.
        inner = encoded[(before * 8 + 5) // 6 :][: (len(wanted) * 8 - 6) // 6 - 1]
        ways += [inner, inner.replace(b"+", b"-").replace(b"/", b"_")]
    return ways


async def rows_of(database: Database) -> AsyncIterator[bytes]:
    """Yield all that is stored, row by row, as PostgreSQL writes it: bytes in hexadecimal."""
    async with database.transaction() as tx:
        for table in await tx.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            for row in await tx.rows(f"SELECT t::text AS line FROM {table['tablename']} AS t"):  # noqa: S608 (own tables)
                yield row["line"].encode()


async def rows_of_homeserver(network: LocalNetwork) -> list[bytes]:
    """Return all that the homeserver stores, row by row."""
    kept = remembered.load(network.directory)
    url = f"postgresql://synapse:{kept.homeserver_password}@127.0.0.1:{kept.postgres_port}/synapse"
    async with connect(url) as database:
        return [each async for each in rows_of(database)]


async def fetched(url: str) -> str:
    """Return what a process tells of itself."""
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return await answer.text()


def files_of(folder: Path) -> Iterator[tuple[str, list[bytes]]]:
    """Yield what lies on the disks: each folder of the network's with its files, but people's own key files."""
    for each in sorted(folder.iterdir()):
        if each.name != "keys":
            inside = [each] if each.is_file() else each.rglob("*")
            yield each.name, [path.read_bytes() for path in inside if path.is_file()]
