"""Whether the vault's network is founded, and how it stands."""

from __future__ import annotations

from agencies.vault.keeping import KeptNetwork
from agencies.vault.logs import is_founded
from core.database import Database
from core.texts import mark
from crypto.vault.failures import Refused
from streha.doctor.findings import Note, Todo

FEWEST_ADMINISTRATORS = 2


async def network(database: Database) -> None:
    """Read the directory whole, as everybody's program does; say which agencies have one administrator only."""
    async with database.reading() as look:
        if not await is_founded(look):
            raise Note(mark("no: there are no sealed records. To found it: streha network --help"))
        try:
            now = (await KeptNetwork().now(look)).now
        except Refused as refused:
            raise Todo(
                mark("The directory's log was altered ({word}): no program of anybody will read it. Restore it."),
                word=refused.outcome,
            ) from None
    alone = [each for each in now.standing() if len(now.administrators(each)) < FEWEST_ADMINISTRATORS]
    if alone:
        raise Note(
            mark(
                "yes, of {agencies} agencies with {people} people. {count} agencies have one administrator: who loses "
                "their keys there waits for two other agencies."
            ),
            agencies=len(now.standing()),
            people=len(now.people),
            count=len(alone),
        )
