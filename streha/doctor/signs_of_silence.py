"""Checks of `streha doctor`: whether it would be noticed if Streha called nobody any more."""

from __future__ import annotations

from datetime import timedelta

from alerts.proof import proving
from bots.watching.identity_care import IdentityCare
from core import queries
from core.clock import Clock
from core.database import Database
from core.settings import Settings
from core.texts import mark
from streha.doctor.findings import Note, Todo

_SQL = queries.load("streha")

OLD_PROOF = timedelta(minutes=12)
# The bot puts each notice off at least once a minute.
OLD_NOTICE = timedelta(minutes=3)


async def proof(database: Database, clock: Clock, settings: Settings) -> None:
    """Nothing shows that people can be called but that it is tried: by people, and by itself in between."""
    if not settings.proves:
        raise Note(
            mark(
                "off with these settings: between drills nothing shows that people can be called. To have it, set "
                "STREHA_PROBER_USER and run: streha run --role prober"
            )
        )
    async with database.reading() as reading:
        found = await proving.state(reading)
    since = found.age(clock.now())
    if since is None or found.proven_at is None:
        raise Todo(mark("It was never proven yet that people can be called. Run: streha run --role prober"))
    if since > OLD_PROOF:
        raise Todo(
            mark("That people can be called was last proven {seconds} seconds ago. See the runbook not-proven."),
            seconds=round(since.total_seconds()),
        )


async def absence(database: Database, clock: Clock, settings: Settings) -> None:
    """Tell whether duty rooms would hear when Streha says nothing any more; where nobody reads, nobody would."""
    if not settings.absence_after:
        raise Note(mark("off with these settings: duty rooms hear nothing when Streha falls silent."))
    async with database.reading() as reading:
        # The homeserver's time goes with the machine's.
        row = await reading.row(_SQL["absence_notices"], clock.now() - clock.offset - OLD_NOTICE)
    assert row is not None  # noqa: S101 (it counts, so there is always a row)
    if row["rooms"] and not row["kept"]:
        raise Todo(
            mark(
                "No duty room would hear anything if Streha fell silent. Somebody there has to be linked; then look at "
                "the bots, the engine and the homeserver."
            )
        )
    if row["rooms"] > row["kept"]:
        raise Note(
            mark("Duty rooms that would hear nothing if Streha fell silent, for nobody can read there: {count}."),
            count=row["rooms"] - row["kept"],
        )


async def delays(care: IdentityCare, settings: Settings) -> None:
    """Ask the homeserver whether it says by itself what nobody puts off any more."""
    if not settings.absence_after or care.resting().device_id is None:
        return
    if await care.longest_delay() < settings.absence_after:
        raise Todo(
            mark(
                "The homeserver keeps nothing to be sent later, or not long enough: duty rooms hear nothing when "
                "Streha falls silent. Its settings have to allow delayed events"
            )
        )
