"""Sessions for people who are measured: signing in is not what is measured."""

from __future__ import annotations

from agencies.model import Person
from core.clock import Clock
from core.database import Database
from crypto import tokens
from server.api.wire.directory import token_text


async def token_of(database: Database, clock: Clock, person: Person) -> str:
    """Begin a session that does not end; return its token as requests show it."""
    token = tokens.new_token()
    async with database.transaction() as tx:
        await tx.run(
            "INSERT INTO sessions (token_hash, person_id, created_at, expires_at) VALUES ($1, $2, $3, 'infinity')",
            tokens.token_hash(token), person.id, clock.now(),
        )  # fmt: skip
    return token_text(token)
