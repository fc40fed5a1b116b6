"""Whether an installation is ready for the night: every check by itself, in words that say what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp

from agencies.roster import gaps, uses_roster
from agencies.service import Agencies
from alerts.devices import Devices
from bots.watching.identity_care import IdentityCare
from cases import hold
from core import heartbeat, queries
from core.clock import Clock
from core.database import Database, connect
from core.errors import StrehaError
from core.migrations import require_compatible
from core.settings import Settings
from core.texts import mark
from streha import signs_of_silence, terminal
from streha.commands.setup import check as check_settings
from streha.findings import Note, Todo
from streha.installation import clock_of, settings_of_environment

_SQL = queries.load("streha")

MOST_SKEW_SECONDS = 2.0
CHECK_SECONDS = 10.0
OLD_MESSAGE = timedelta(minutes=2)
OLD_ACT = timedelta(minutes=1)
OLD_BEAT = timedelta(seconds=30)
ROSTER_AHEAD = timedelta(days=14)
# A message that was lost is told for a day; then its alert is over or has been called many times since.
LATELY = timedelta(days=1)
# The bot asks a homeserver at once, and again whenever that says that something has changed.
LATELY_CONFIRMED = timedelta(hours=1)
NO_METRICS = mark(
    "off with these settings: nothing can raise an alarm by itself. To have them, set STREHA_METRICS_PORT."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found: nothing to do where `todo` is empty. A `note` is worth knowing, and no fault."""

    check: str
    todo: str = ""
    note: str = ""
    parameters: dict[str, str | int] | None = None

    @property
    def ok(self) -> bool:
        """Whether the check passed."""
        return not self.todo


Check = Callable[[], Awaitable[None]]


async def examine() -> list[Finding]:
    """Run every check that can be run; what depends on a failed one is left out."""
    findings: list[Finding] = []
    try:
        settings = settings_of_environment()
        check_settings(settings)
    except StrehaError as error:
        return [_failed(mark("settings"), error)]
    findings.append(Finding(check=mark("settings")))
    findings.append(Finding(check=mark("metrics"), note="" if settings.metrics_port else NO_METRICS))
    findings.append(await _finding(mark("people's address leads here"), lambda: _public_origin(settings)))
    findings.append(await _finding(mark("homeserver answers"), lambda: _homeserver(settings)))
    if settings.homeserver_url and settings.matrix_user and settings.matrix_store_key:
        care = IdentityCare(settings, clock_of(settings))
        findings.append(await _finding(mark("bot's seeds are offline"), lambda: _seeds(care)))
        findings.append(await _finding(mark("bot's devices are its own"), lambda: _devices(care)))
        findings.append(await _finding(mark("bot may send without limit"), lambda: _limits(care)))
        findings.append(
            await _finding(
                mark("homeserver keeps what is to be said later"), lambda: signs_of_silence.delays(care, settings)
            )
        )
    try:
        async with connect(settings.database_url.reveal(), connections=2, urgent_connections=1) as database:
            findings += await _with_database(database, clock_of(settings), settings)
    except StrehaError as error:
        findings.append(_failed(mark("database answers"), error))
    return findings


async def _with_database(database: Database, clock: Clock, settings: Settings) -> list[Finding]:
    schema = await _finding(mark("database fits this version"), lambda: require_compatible(database))
    if not schema.ok:
        return [Finding(check=mark("database answers")), schema]
    examination = _Examination(database, clock, settings)
    checks: list[tuple[str, Check]] = [
        (mark("database can be written"), lambda: heartbeat.check_write(database, clock)),
        (mark("clocks agree"), examination.clocks),
        (mark("nothing is on hold"), examination.held),
        (mark("one duty desk is staffed at all hours"), examination.always_staffed),
        (mark("every responding desk can be reached"), examination.desks),
        (mark("people are linked to their Matrix identity"), examination.linked),
        (mark("people can be called beside Matrix"), examination.contacts),
        (mark("devices can raise"), examination.devices),
        (mark("people can raise and accept by telephone"), examination.telephone),
        (mark("engine is at work"), lambda: examination.beats("engine")),
        (mark("bots are at work"), lambda: examination.beats("bots")),
        (mark("messages leave"), examination.outbox),
        (mark("calling people is proven again and again"), lambda: signs_of_silence.proof(database, clock, settings)),
        (
            mark("homeserver speaks where Streha falls silent"),
            lambda: signs_of_silence.absence(database, clock, settings),
        ),
        (mark("ledger is chained"), examination.ledger),
    ]
    found = [await _finding(name, check) for name, check in checks]
    return [Finding(check=mark("database answers")), schema, *found]


class _Examination:
    """The checks that read the database."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings

    async def clocks(self) -> None:
        machine = self._clock.now() - self._clock.offset
        ahead = await self._database.seconds_ahead(machine.timestamp())
        if abs(ahead) > MOST_SKEW_SECONDS:
            raise Todo(
                mark("This machine's clock and the database's differ by {seconds} seconds. Synchronise both."),
                seconds=round(abs(ahead)),
            )

    async def held(self) -> None:
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
        """Only numbers: who it is, the administrators see."""
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
        """Something must wake a sleeper: Matrix alone may stay silent on a phone that sleeps."""
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
        """Whoever is woken by a telephone should be able to answer with it; nobody depends on it."""
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
        at = (await heartbeat.beats(self._database)).get(role)
        if at is None:
            raise Todo(mark("The role {role} has never run. Start it: streha run --role {role}"), role=role)
        if self._clock.now() - at > OLD_BEAT:
            raise Todo(
                mark("The role {role} was last seen {seconds} seconds ago. Start it: streha run --role {role}"),
                role=role,
                seconds=_seconds_since(at, self._clock.now()),
            )

    async def outbox(self) -> None:
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
        async with self._database.transaction() as tx:
            oldest = await tx.value(_SQL["oldest_unchained"])
        if oldest is not None and self._clock.now() - oldest > OLD_ACT:
            raise Todo(
                mark("An act has waited {seconds} seconds for the chain. Look at the engine."),
                seconds=_seconds_since(oldest, self._clock.now()),
            )


async def _public_origin(settings: Settings) -> None:
    """Ask as people's machines do, through whatever stands in front."""
    try:
        async with aiohttp.ClientSession() as session, session.get(settings.public_origin + "/healthz") as answer:
            alive = answer.status == 200 and await answer.json() == {"status": "alive"}
    except (aiohttp.ClientError, OSError, ValueError):
        alive = False
    if not alive:
        raise Todo(
            mark("{origin} does not lead to Streha. Check STREHA_PUBLIC_ORIGIN and the proxy, and start: streha run"),
            origin=settings.public_origin,
        )


async def _homeserver(settings: Settings) -> None:
    if not settings.homeserver_url:
        raise Todo(mark("No homeserver is set. Set STREHA_HOMESERVER_URL."))
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(settings.homeserver_url.rstrip("/") + "/_matrix/client/versions") as answer,
        ):
            answers = answer.status == 200
    except (aiohttp.ClientError, OSError, ValueError):
        answers = False
    if not answers:
        raise Todo(mark("The homeserver does not answer. Check STREHA_HOMESERVER_URL and start it."))


async def _seeds(care: IdentityCare) -> None:
    resting = care.resting()
    if resting.unfinished:
        raise Todo(
            mark(
                "New keys of the bot's identity were begun here and never finished. Repeat what was begun: streha "
                "identity restore, or replace"
            )
        )
    if resting.master_seed:
        raise Todo(
            mark(
                "The bot's master seed is still on this machine: whoever takes it can pass for the bot for ever. Run: "
                "streha identity seed-offline"
            )
        )
    if resting.signing_seed:
        raise Todo(
            mark(
                "The seed that signs the bot's devices is still on this machine. When all devices are signed, run: "
                "streha identity seed-offline"
            )
        )


async def _devices(care: IdentityCare) -> None:
    """Look whether somebody else is signed in as the bot; where the bot has no device, nobody can be asked."""
    resting = care.resting()
    if resting.device_id is None:
        return
    account = await care.account()
    if account.master != resting.master:
        raise Todo(mark("The homeserver does not show the bot's identity. Look into it: streha identity show"))
    if account.unsigned:
        raise Todo(
            mark(
                "Devices of the bot's account that its identity has not signed: {count}. Somebody has its password, or "
                "one was left over. See: streha identity show"
            ),
            count=len(account.unsigned),
        )


async def _limits(care: IdentityCare) -> None:
    if care.resting().device_id is not None and await care.is_limited():
        raise Todo(
            mark(
                "The homeserver limits how fast the bot sends: calls to many rooms would wait. Lift the limits of its "
                "account, as README describes"
            )
        )


async def _finding(name: str, check: Check) -> Finding:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Note as noted:
        return Finding(check=name, note=noted.reason, parameters=noted.parameters)
    except StrehaError as error:
        return _failed(name, error)
    except TimeoutError:
        return Finding(check=name, todo=mark("This took too long. Look at the load of the machine."))
    return Finding(check=name)


def _failed(name: str, error: StrehaError) -> Finding:
    return Finding(check=name, todo=error.reason, parameters=error.parameters)


def _seconds_since(at: datetime, now: datetime) -> int:
    return round((now - at).total_seconds())
