"""`streha check-config` and `streha migrate`: before the first start, and after every upgrade."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import fields
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from yarl import URL

from client.key_file import LOOPBACK
from core import migrations, processes
from core.errors import InvalidInput
from core.processes import Older
from core.settings import PREFIX, Secret, Settings
from core.texts import LANGUAGES, mark
from crypto import webhook_signature
from safety_plans.quiet import Quiet
from streha import terminal
from streha.installation import installation, settings_of_environment
from streha.options import Json
from streha.terminal import say

STORE_KEY_BYTES = 32
LOG_LEVELS = ("debug", "info", "warning", "error")


def add_to(app: typer.Typer) -> None:
    """Attach these commands."""
    app.command(
        "check-config",
        help=say(mark("Check the settings of the environment. Shows what is set; secrets stay hidden.")),
    )(_check_config)
    app.command(
        "migrate",
        help=say(mark("Bring the database up to this version. Safe to repeat, and safe twice at once.")),
    )(_migrate)


def check(settings: Settings) -> None:
    """Refuse settings that could be read but cannot work."""
    origin = URL(settings.public_origin)
    if origin.scheme not in ("http", "https") or not origin.host or str(origin.origin()) != settings.public_origin:
        raise InvalidInput(
            mark("STREHA_PUBLIC_ORIGIN is an address without a path, for example https://streha.example.")
        )
    if origin.scheme == "http" and origin.host not in LOOPBACK:
        raise InvalidInput(
            mark(
                "STREHA_PUBLIC_ORIGIN must begin with https: sign-ins would cross the network in clear. "
                "Only an address of this machine itself may begin with http."
            )
        )
    if settings.default_language not in LANGUAGES:
        raise InvalidInput(mark("STREHA_DEFAULT_LANGUAGE is not known. Known are en, sr-Latn and sr-Cyrl."))
    if settings.log_level.lower() not in LOG_LEVELS:
        raise InvalidInput(mark("STREHA_LOG_LEVEL is one of debug, info, warning and error."))
    try:
        ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput(mark("STREHA_TIME_ZONE is not a known time zone, for example Europe/Belgrade.")) from error
    Quiet.read(settings.quiet_hours, settings.time_zone)
    if settings.matrix_store_key and len(settings.matrix_store_key.reveal().encode()) < STORE_KEY_BYTES:
        raise InvalidInput(
            mark("STREHA_MATRIX_STORE_KEY is too short. Use at least {limit} random characters."), limit=STORE_KEY_BYTES
        )
    _check_carriers(settings)
    if settings.metrics_port and settings.metrics_port == settings.api_port:
        raise InvalidInput(mark("STREHA_METRICS_PORT is the port of the API. Choose another: metrics are not for all."))
    if not settings.network:
        raise InvalidInput(mark("STREHA_NETWORK is empty. Give the network a name that never changes."))


def _check_carriers(settings: Settings) -> None:
    """Refuse what would leave people uncalled, or called in clear, on the night when it is needed."""
    gateway = URL(settings.gateway_url)
    if settings.gateway_url and (gateway.scheme != "https" and gateway.host not in LOOPBACK):
        raise InvalidInput(mark("STREHA_GATEWAY_URL must begin with https."))
    if settings.gateway_url or settings.gateway_key:
        try:
            webhook_signature.read_key(settings.gateway_key.reveal())
        except ValueError as error:
            raise InvalidInput(
                mark("STREHA_GATEWAY_KEY is not a key. Make one, for both sides: streha contact new-key")
            ) from error
    if settings.watchdog_key:
        try:
            webhook_signature.read_key(settings.watchdog_key.reveal())
        except ValueError as error:
            raise InvalidInput(
                mark("STREHA_WATCHDOG_KEY is not a key. Make one, for both sides: streha contact new-key")
            ) from error
    if settings.gateway_inward_key:
        _check_inward_key(settings)
    if settings.certificates_file is not None:
        try:
            ssl.create_default_context().load_verify_locations(settings.certificates_file)
        except (OSError, ValueError) as error:
            raise InvalidInput(mark("STREHA_CERTIFICATES_FILE cannot be read, or holds no certificate.")) from error
    if settings.smtp_host and "@" not in settings.mail_sender:
        raise InvalidInput(mark("STREHA_MAIL_SENDER is not a mail address, and mail needs one to come from."))


def _check_inward_key(settings: Settings) -> None:
    """Whoever can sign what goes in accepts alerts in everybody's name: it is a key of its own."""
    try:
        inward = webhook_signature.read_key(settings.gateway_inward_key.reveal())
    except ValueError as error:
        raise InvalidInput(
            mark("STREHA_GATEWAY_INWARD_KEY is not a key. Make one, for both sides: streha contact new-key")
        ) from error
    if settings.gateway_key and inward == webhook_signature.read_key(settings.gateway_key.reveal()):
        raise InvalidInput(
            mark("STREHA_GATEWAY_INWARD_KEY is the same as STREHA_GATEWAY_KEY. Make another: streha contact new-key")
        )


def _check_config(*, json: Json = False) -> None:
    settings = settings_of_environment()
    check(settings)
    shown = {PREFIX + each.name.upper(): _shown(getattr(settings, each.name)) for each in fields(Settings)}
    if json:
        terminal.as_json(shown)
        return
    terminal.table([mark("Setting"), mark("Value")], shown.items())
    terminal.line(mark("The settings can be used."))


def _shown(value: object) -> str:
    if isinstance(value, Secret):
        return say(mark("(set, hidden)")) if value else say(mark("(not set)"))
    return "" if value is None else str(value)


def _migrate(*, json: Json = False) -> None:
    applied, older = asyncio.run(_apply())
    if json:
        terminal.as_json({"applied": applied, "older_processes": older})
        return
    if applied:
        terminal.line(mark("The database is up to date; migrations applied: {count}."), count=applied)
    else:
        terminal.line(mark("The database was up to date already."))
    if older:
        terminal.line(
            mark(
                "STILL RUNNING, of an earlier version: {processes}. Stop them now and start this version: until then "
                "they may raise NOTHING, and nobody notices."
            ),
            processes=older_words(older),
        )


async def _apply() -> tuple[int, list[Older]]:
    async with installation(compatible=False) as opened:
        applied = await migrations.migrate(opened.database)
        await migrations.require_compatible(opened.database)
        return applied, await processes.older(opened.database, migrations.known()[-1].version)


def older_words(found: Sequence[Older]) -> str:
    """Return where processes of an earlier version are connected from, in one line."""
    words = mark("{address} ({count} connections, since {time})")
    return ", ".join(
        say(words, address=each.address, count=each.connections, time=terminal.moment(each.since)) for each in found
    )
