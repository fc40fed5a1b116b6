"""What waits in the outbox, as tests look at it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from agencies.model import Person
from core.database import Database
from core.outbox import Target, TargetKind
from tests.people import Office


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message, wherever it stands."""

    id: UUID
    sequence: int
    target: Target
    template: str
    parameters: dict[str, str]
    mentions: frozenset[UUID]
    state: str
    alert_id: UUID | None


async def said(database: Database, *templates: str, after: int = 0) -> list[Said]:
    """Return every message, or those of some templates, oldest first; with `after` those that came after that one."""
    async with database.transaction() as tx:
        rows = await tx.rows("SELECT * FROM outbox WHERE sequence > $1 ORDER BY sequence", after)
    return [
        Said(
            id=row["id"],
            sequence=row["sequence"],
            target=Target(kind=TargetKind(row["target_kind"]), id=row["target_id"]),
            template=row["template"],
            parameters=row["parameters"],
            mentions=frozenset(row["mentions"]),
            state=row["state"],
            alert_id=row["alert_id"],
        )
        for row in rows
        if not templates or row["template"] in templates
    ]


async def rung(database: Database, since: int = 0) -> dict[Target, frozenset[UUID]]:
    """Return the rooms that were rung, with who is mentioned, after the first `since` messages."""
    return {each.target: each.mentions for each in (await said(database))[since:] if each.template.endswith("_ring")}


async def count(database: Database) -> int:
    """Return how many messages there are."""
    return len(await said(database))


def desk(office: Office) -> Target:
    """Return the room of an office's duty desk."""
    assert office.desk_id is not None
    return Target(kind=TargetKind.DESK, id=office.desk_id)


def direct(person: Person) -> Target:
    """Return the room of one person alone with the bot."""
    return Target(kind=TargetKind.PERSON, id=person.id)
