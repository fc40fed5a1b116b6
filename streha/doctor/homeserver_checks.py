"""What the way to people's machines and the homeserver tell of an installation's readiness; every check by itself."""

from __future__ import annotations

import aiohttp

from bots.watching.identity_care import IdentityCare
from core.settings import Settings
from core.texts import mark
from streha.doctor.findings import Todo


async def public_origin(settings: Settings) -> None:
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


async def homeserver(settings: Settings) -> None:
    """Ask whether the homeserver answers."""
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


async def seeds(care: IdentityCare) -> None:
    """Look for seeds of the bot's identity on this machine."""
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


async def devices(care: IdentityCare) -> None:
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


async def limits(care: IdentityCare) -> None:
    """Ask whether the bot may send as fast as it must."""
    if care.resting().device_id is not None and await care.is_limited():
        raise Todo(
            mark(
                "The homeserver limits how fast the bot sends: calls to many rooms would wait. Lift the limits of its "
                "account, as README describes"
            )
        )
