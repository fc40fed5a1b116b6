"""Taking a database back to an earlier moment, as a restore does, while processes that know more go on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.database import Database

_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"


@asynccontextmanager
async def rewind(database: Database) -> AsyncIterator[None]:
    """Do something of which the database knows nothing any more afterwards; sequences go on, as they may."""
    async with database.transaction() as tx:
        await tx.script("CREATE SCHEMA backup")
        tables = [row["relname"] for row in await tx.rows(_TABLES)]
        for table in tables:
            await tx.script(f"CREATE TABLE backup.{table} AS TABLE public.{table}")
    yield
    async with database.transaction() as tx:
        # Neither keys between tables nor the ledger's own refusal stand in the way of who restores.
        await tx.script("SET LOCAL session_replication_role = replica")
        for table in tables:
            columns = await tx.value(
                "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = $1::text::regclass"
                " AND attnum > 0 AND NOT attisdropped",
                f"public.{table}",
            )
            await tx.script(
                f"DELETE FROM public.{table}; "  # noqa: S608 (own tables)
                f"INSERT INTO public.{table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {columns} FROM backup.{table}"
            )
        await tx.script("DROP SCHEMA backup CASCADE")
