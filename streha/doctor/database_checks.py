"""What the database tells of an installation's readiness; every check by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from agencies.roster import gaps, uses_roster
from agencies.service import Agencies
from alerts.devices.service import Devices
from alerts.duress import own
from cases import hold
from core import awake, heartbeat, migrations, processes, queries
from core.clock import Clock
from core.database import Database
from core.settings import Settings
from core.texts import mark
from streha import terminal
from streha.commands.setup import older_words
from streha.doctor.findings import Note, Todo

_SQL = queries.load("streha")

MOST_SKEW_SECONDS = 2.0
OLD_MESSAGE = timedelta(minutes=2)
OLD_ACT = timedelta(minutes=1)
OLD_BEAT = timedelta(seconds=30)
ROSTER_AHEAD = timedelta(days=14)
# A message that was lost is told for a day; then its alert is over or has been called many times since.
LATELY = timedelta(days=1)
# The bot asks a homeserver at once, and again whenever that says that something has changed.
LATELY_CONFIRMED = timedelta(hours=1)


class DatabaseChecks:
    """Checks that read one database; each raises what there is to do, or to note."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    async def clocks(self) -> None:
        """Compare the clocks of the machine and the database."""
        machine = self._clock.now() - self._clock.offset
        ahead = await self._database.seconds_ahead(machine.timestamp())
        if abs(ahead) > MOST_SKEW_SECONDS:
            raise Todo(
                mark("This machine's clock and the database's differ by {seconds} seconds. Synchronise both."),
                seconds=round(abs(ahead)),
            )

    async def sentences(self) -> None:
        """Look whether the active bot can know people's own sentences."""
        async with self._database.reading() as look:
            lost = await own.lost(look)
        if lost:
            raise Todo(
                mark(
                    "The bot cannot know the own sentences of {count} people: what they write when they are forced "
                    "does nothing. Bring its file back, or ring them: streha sentences set"
                ),
                count=lost,
            )

    async def processes(self) -> None:
        """Look for processes of an earlier version: what they do beside this one's database, they do wrong."""
        found = await processes.older(self._database, migrations.known()[-1].version)
        if found:
            raise Todo(
                mark("Of an earlier version, and still connected: {processes}. Stop them and start this version."),
                processes=older_words(found),
            )

    async def held(self) -> None:
        """Look whether a restored database waits to be compared."""
        async with self._database.reading() as look:
            found = await hold.current(look)
        if found is not None:
            raise Todo(
                mark(
                    "On hold since {time}: the database was restored. Alerts from before call nobody, and nobody is "
                    "invited. Compare, then run: streha resume"
                ),
                time=terminal.moment(found.since, self._settings.time_zone),
            )

    async def always_staffed(self) -> None:
        """Look for a desk that is staffed at all hours, and for gaps in its roster of the next days."""
        desks = await Agencies(self._database, self._clock).all_desks(ahead=ROSTER_AHEAD)
        if not any(each.always_staffed and each.officers for each in desks):
            raise Todo(
                mark("No desk is staffed at all hours: at night nobody would answer. Run: streha agency desk --always")
            )
        by_id = {each.id: each for each in desks}
        now = self._clock.now()
        holes = [
            hole
            for each in desks
            if each.always_staffed and uses_roster(each)
            for hole in gaps(each, by_id[each.covered_by] if each.covered_by else None, now, now + ROSTER_AHEAD)
        ]
        if holes:
            raise Todo(
                mark(
                    "Gaps within {days} days in the rosters of desks that are staffed at all hours: {count}, the first "
                    "from {time}. See: streha duty gaps"
                ),
                days=ROSTER_AHEAD.days,
                count=len(holes),
                time=terminal.moment(min(holes).begins_at, self._settings.time_zone),
            )

    async def desks(self) -> None:
        """Look for desks where nobody sits, nor at the one that covers for it."""
        found = await Agencies(self._database, self._clock).all_desks(ahead=timedelta(0))
        desks = {each.id: each for each in found}
        empty = [
            each
            for each in desks.values()
            if not each.officers and not (each.covered_by and desks[each.covered_by].officers)
        ]
        if empty:
            raise Todo(
                mark("Duty desks where nobody sits and no staffed desk covers: {count}. Run: streha agency list"),
                count=len(empty),
            )

    async def linked(self) -> None:
        """Count who is not linked. Only numbers: who it is, the administrators see."""
        async with self._database.reading() as reading:
            row = await reading.row(_SQL["linked_people"], self._clock.now() - LATELY_CONFIRMED)
        if row is None or not row["people"]:
            return
        if row["changed"]:
            raise Todo(
                mark("People whose Matrix identity has changed: {count}. Ring them. See: streha matrix list"),
                count=row["changed"],
            )
        missing = row["people"] - row["linked"]
        if missing and not row["administrators"]:
            raise Todo(
                mark("Nobody can confirm devices: no person is an administrator. Run: streha person add --role"),
            )
        if row["administrators"] == 1 and row["unlinked_administrators"]:
            raise Todo(
                mark(
                    "There is one administrator, whom nobody can confirm. Add another, in any agency: "
                    "streha person add --role administrator"
                )
            )
        if row["stuck"]:
            raise Todo(
                mark(
                    "People whose device was confirmed and leads to no identity: {count}. They read no alert. "
                    "See: streha matrix list"
                ),
                count=row["stuck"],
            )
        if not row["linked"]:
            raise Todo(mark("Nobody is linked, so no alert can be read in any room. See: streha matrix --help"))
        if missing:
            raise Note(
                mark(
                    "People who are not linked and read no alert: {count}. Administrators see who: streha matrix list"
                ),
                count=missing,
            )

    async def contacts(self) -> None:
        """Look for something that wakes a sleeper: Matrix alone may stay silent on a phone that sleeps."""
        async with self._database.reading() as reading:
            row = await reading.row(_SQL["contacts"])
        assert row is not None  # noqa: S101 (it counts, so there is always a row)
        if row["waking"] and not self._settings.gateway_url:
            raise Todo(
                mark("Telephones are to be rung: {count}. No gateway is set. Set STREHA_GATEWAY_URL."),
                count=row["waking"],
            )
        if row["mail"] and not self._settings.smtp_host:
            raise Todo(
                mark("Mail addresses are to be written to: {count}. No mail server is set. Set STREHA_SMTP_HOST."),
                count=row["mail"],
            )
        if row["silent_desks"]:
            raise Note(
                mark("Duty desks that no telephone wakes: {count}. Run: streha contact add --help"),
                count=row["silent_desks"],
            )

    async def devices(self) -> None:
        """Find devices that would raise nothing: nobody may learn that from somebody in danger."""
        found = await Devices(self._database, self._clock).all()
        nowhere = [each for each, place in found if place is None]
        if nowhere:
            raise Todo(
                mark("Devices that have no place to raise in: {count}. See: streha device list"), count=len(nowhere)
            )
        soon = self._clock.now() + ROSTER_AHEAD
        if any(each.ends_at is not None and each.ends_at < soon for each, _ in found):
            raise Note(mark("A device ends within two weeks. See: streha device list"))

    async def telephone(self) -> None:
        """Look whether who is woken by a telephone can answer with it; nobody depends on it."""
        if self._settings.gateway_inward_key:
            return
        async with self._database.reading() as reading:
            row = await reading.row(_SQL["contacts"])
        if row is not None and row["waking"]:
            raise Note(
                mark(
                    "Telephones are rung, and nobody can answer or raise with one: {count}. Set "
                    "STREHA_GATEWAY_INWARD_KEY, as the runbook for the way in describes"
                ),
                count=row["waking"],
            )

    async def beats(self, role: str) -> None:
        """Look whether a role was at work a moment ago."""
        at = (await heartbeat.beats(self._database)).get(role)
        if at is None:
            raise Todo(mark("The role {role} has never run. Start it: streha run --role {role}"), role=role)
        if self._clock.now() - at > OLD_BEAT:
            raise Todo(
                mark("The role {role} was last seen {seconds} seconds ago. Start it: streha run --role {role}"),
                role=role,
                seconds=_seconds_since(at, self._clock.now()),
            )

    async def leaped(self) -> None:
        """Tell where nothing is erased because time leaped: a clock that is wrong must be set right meanwhile."""
        async with self._database.reading() as reading:
            known = await awake.known_in(reading)
        if known is not None and known.leaped_at is not None and not known.reliable:
            raise Note(
                mark(
                    "Time leaped, or no engine was at work for two days. Nothing is erased by its date until engines "
                    "were at work for {hours} more hours. If a clock is wrong, set it right before"
                ),
                hours=ceil(known.waits / timedelta(hours=1)),
            )

    async def outbox(self) -> None:
        """Look for messages that wait long or were lost."""
        async with self._database.transaction() as tx:
            oldest = await tx.value(_SQL["oldest_message"])
            lost = await tx.value(_SQL["unsendable_messages"], self._clock.now() - LATELY)
        if oldest is not None and self._clock.now() - oldest > OLD_MESSAGE:
            raise Todo(
                mark("The oldest message has waited {seconds} seconds. Look at the bots and the homeserver."),
                seconds=_seconds_since(oldest, self._clock.now()),
            )
        if lost:
            raise Todo(mark("Messages that could not be delivered: {count}. Look at the log of the bots."), count=lost)

    async def ledger(self) -> None:
        """Look for acts that wait long for the chain."""
        async with self._database.transaction() as tx:
            oldest = await tx.value(_SQL["oldest_unchained"])
        if oldest is not None and self._clock.now() - oldest > OLD_ACT:
            raise Todo(
                mark("An act has waited {seconds} seconds for the chain. Look at the engine."),
                seconds=_seconds_since(oldest, self._clock.now()),
            )


def _seconds_since(at: datetime, now: datetime) -> int:
    return round((now - at).total_seconds())
