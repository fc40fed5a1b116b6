"""The schema's history: numbered SQL files, forward only, applied in order.

Each file opens with `-- min_compatible: N`: the oldest program version that still works on the schema
after it. A program refuses a schema whose `min_compatible` is newer than itself, so that old and new
processes may run side by side during an upgrade, and no older one ever writes to what it cannot read.
Two processes that migrate at once wait for each other on an advisory lock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

from core import logs
from core.database import Database, Transaction
from core.errors import Conflict
from core.texts import mark

log = logs.get(__name__)

_NAME = re.compile(r"(\d{4})_[a-z_]+\.sql")
_HEADER = re.compile(r"-- min_compatible: (\d+)")
_LOCK = 0x5354_5245_4841  # "STREHA"; one per database


class SchemaMismatch(Conflict):
    """The schema and the program do not fit together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One numbered file."""

    version: int
    min_compatible: int
    statements: str


def known() -> list[Migration]:
    """Return every migration of this program in order."""
    found = []
    for entry in sorted(resources.files("core.migrations").iterdir(), key=lambda each: each.name):
        if name := _NAME.fullmatch(entry.name):
            statements = entry.read_text()
            header = _HEADER.match(statements)
            if header is None:
                raise ValueError(f"{entry.name} does not open with -- min_compatible: N")
            found.append(Migration(version=int(name[1]), min_compatible=int(header[1]), statements=statements))
    return found


async def migrate(database: Database) -> int:
    """Bring the schema up to this program; return how many migrations were applied."""
    applied = 0
    for migration in known():
        async with database.transaction() as tx:
            await tx.run("SELECT pg_advisory_xact_lock($1)", _LOCK)
            await tx.run("SET LOCAL lock_timeout = '5s'")
            if await _version(tx) >= migration.version:
                continue
            await tx.script(migration.statements)
            await tx.run(
                "INSERT INTO schema_versions (version, min_compatible) VALUES ($1, $2)",
                migration.version,
                migration.min_compatible,
            )
        applied += 1
        log.info("migration_applied", version=migration.version)
    return applied


async def require_compatible(database: Database) -> None:
    """Refuse a schema that is older than this program, or too new for it."""
    newest = known()[-1].version
    async with database.transaction() as tx:
        version = await _version(tx)
        if version < newest:
            raise SchemaMismatch(mark("The database is older than this program. Run: streha migrate"))
        oldest_allowed = await tx.value("SELECT max(min_compatible) FROM schema_versions")
    if oldest_allowed > newest:
        raise SchemaMismatch(mark("The database is newer than this program. Upgrade the program."))


async def _version(tx: Transaction) -> int:
    if await tx.value("SELECT to_regclass('schema_versions')") is None:
        return 0
    return int(await tx.value("SELECT coalesce(max(version), 0) FROM schema_versions"))
