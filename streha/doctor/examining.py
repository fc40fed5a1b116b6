"""Whether an installation is ready for the night: every check by itself, in words that say what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bots.watching.identity_care import IdentityCare
from core import heartbeat
from core.clock import Clock
from core.database import Database, connect
from core.errors import StrehaError
from core.migrations import require_compatible
from core.settings import Settings
from core.texts import mark
from streha.commands.setup import check as check_settings
from streha.doctor import card_checks, homeserver_checks, signs_of_silence, vault_checks
from streha.doctor.database_checks import DatabaseChecks
from streha.doctor.findings import Note
from streha.installation import clock_of, settings_of_environment

CHECK_SECONDS = 10.0
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
    findings.append(
        await _finding(mark("people's address leads here"), lambda: homeserver_checks.public_origin(settings))
    )
    findings.append(await _finding(mark("homeserver answers"), lambda: homeserver_checks.homeserver(settings)))
    if settings.homeserver_url and settings.matrix_user and settings.matrix_store_key:
        care = IdentityCare(settings, clock_of(settings))
        findings.append(await _finding(mark("bot's seeds are offline"), lambda: homeserver_checks.seeds(care)))
        findings.append(await _finding(mark("bot's devices are its own"), lambda: homeserver_checks.devices(care)))
        findings.append(await _finding(mark("bot may send without limit"), lambda: homeserver_checks.limits(care)))
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
    examination = DatabaseChecks(database, clock, settings)
    checks: list[tuple[str, Check]] = [
        (mark("database can be written"), lambda: heartbeat.check_write(database, clock)),
        (mark("every process is of this version"), examination.processes),
        (mark("clocks agree"), examination.clocks),
        (mark("time has not leaped"), examination.leaped),
        (mark("nothing is on hold"), examination.held),
        (mark("one duty desk is staffed at all hours"), examination.always_staffed),
        (mark("every responding desk can be reached"), examination.desks),
        (mark("people are linked to their Matrix identity"), examination.linked),
        (mark("people's own sentences are known"), examination.sentences),
        (mark("people can be called beside Matrix"), examination.contacts),
        (mark("devices can raise"), examination.devices),
        (mark("whoever is woken has an emergency card"), lambda: card_checks.cards(database)),
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
        (mark("network is founded"), lambda: vault_checks.network(database)),
        (mark("bot goes by the network's directory"), lambda: vault_checks.sender_binding(database, settings)),
    ]
    found = [await _finding(name, check) for name, check in checks]
    return [Finding(check=mark("database answers")), schema, *found]


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
