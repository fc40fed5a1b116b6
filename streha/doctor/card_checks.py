"""Check of `streha doctor`: whether whoever is woken has an emergency card to go by. Numbers only, of no case."""

from __future__ import annotations

from core import queries
from core.database import Database
from core.texts import mark
from streha.doctor.findings import Note

_SQL = queries.load("streha")


async def cards(database: Database) -> None:
    """Count where a card is missing or old, and desks whose key is missing or to be renewed."""
    async with database.reading() as look:
        row = await look.row(_SQL["emergency_cards"])
    if row is not None and (row["channels"] or row["keyless"] or row["renewals"]):
        raise Note(
            mark(
                "Channels where a responding desk has no emergency card, or an old one: {channels}. Responding desks "
                "without a key: {keyless}, with one to be renewed: {renewals}. Those who lead see which: "
                "streha card list"
            ),
            channels=row["channels"],
            keyless=row["keyless"],
            renewals=row["renewals"],
        )
