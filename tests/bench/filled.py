"""Databases in one cluster with very much in them: filled in a hurry, measured on one that writes to its disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import asyncpg

from core.database import Database, connect
from deploy.stack import LocalStack

# What makes loading a million rows quick, for the administrator of the cluster to allow: nothing is checked.
MAY_LOAD = "GRANT SET ON PARAMETER session_replication_role TO streha;"
Facts = TypeVar("Facts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled(Generic[Facts]):
    """One of them, with a bare connection to it and what was known when it was filled."""

    url: str
    database: Database
    bare: Any
    facts: Facts


@asynccontextmanager
async def filled(
    directory: Path, fills: Sequence[Callable[[str], Awaitable[Facts]]], *, fast: bool
) -> AsyncIterator[list[Filled[Facts]]]:
    """Fill a database by each of these, which take its address; then open all on a cluster as real ones are.

    With `fast` that one writes nothing to its disk either, as tests have it.
    """
    async with LocalStack(directory, fast=True, homeserver=False) as stack:
        await stack._postgres.run_sql(MAY_LOAD)
        facts = [await fill(await stack.database(f"filled{number}")) for number, fill in enumerate(fills)]
    async with AsyncExitStack() as resources:
        stack = await resources.enter_async_context(LocalStack(directory, fast=fast, homeserver=False))
        opened = []
        for number, known in enumerate(facts):
            url = await stack.database(f"filled{number}")
            database = await resources.enter_async_context(connect(url))
            bare = await resources.enter_async_context(connection(url))
            opened.append(Filled(url=url, database=database, bare=bare, facts=known))
        yield opened


@asynccontextmanager
async def loading(url: str) -> AsyncIterator[Any]:
    """Open a connection that loads without checks, and settle what it loaded."""
    async with connection(url) as load:
        await load.execute("SET session_replication_role = replica")
        yield load
        await load.execute("VACUUM ANALYZE")


@asynccontextmanager
async def connection(url: str) -> AsyncIterator[Any]:
    """Open a bare connection."""
    opened = await asyncpg.connect(url)
    try:
        yield opened
    finally:
        await opened.close()
