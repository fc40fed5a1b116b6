"""`streha alert police`: say whether the police or an ambulance was called for an alert, by whom and when."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from alerts.police.emergency import Service
from bots.words.commands import CALLERS, Caller
from client.answers import Alert
from client.api import ApiClient
from client.key_file import KeyFile
from core.clock import SystemClock
from core.texts import mark
from streha import terminal
from streha.emergency_words import police_lines
from streha.moments import last_time
from streha.options import AlertWords, Json, Key
from streha.personal import Names, find_alert, find_participant, speaking_as
from streha.terminal import say

# In every language and script, as in a room.
WORDS = {word: caller for caller, words in CALLERS.items() for word in words}


def add_to(app: typer.Typer) -> None:
    """Put the command among those of alerts."""
    app.command(
        "police",
        help=say(
            mark(
                "Say whether the police was called for an alert, and by whom: me, the name of somebody who takes part, "
                "other, or no. It accepts nothing.\n\n"
                "\b\nExamples:\n"
                "  streha alert police quiet-heron me\n"
                '  streha alert police quiet-heron "Ana Primer" --at 03:12\n'
                "  streha alert police quiet-heron no\n"
                "  streha alert police quiet-heron other --ambulance"
            )
        ),
    )(_police)


def _police(
    alert: AlertWords,
    who: Annotated[str, typer.Argument(metavar="WHO", help=say(mark("Who called: me, a name, other, or no.")))],
    key: Key,
    *,
    at: Annotated[
        str,
        typer.Option(
            metavar="HH:MM", help=say(mark("When it was last this time, or a whole moment; without it, now."))
        ),
    ] = "",
    ambulance: Annotated[
        bool, typer.Option("--ambulance", help=say(mark("It was an ambulance, not the police.")))
    ] = False,
    json: Json = False,
) -> None:
    called_at = last_time(at, SystemClock().now()) if at else None
    service = Service.AMBULANCE if ambulance else Service.POLICE

    async def act() -> tuple[Alert, Names, KeyFile]:
        async with speaking_as(key) as api:
            found = await find_alert(api, alert, ended=True)
            noted = await api.note_emergency_call(
                found.id,
                called=WORDS.get(who.casefold()) is not Caller.NOBODY,
                by=await _caller(api, found, who),
                at=called_at,
                service=service,
            )
            return noted, Names() if json else (await Names.of(api)).learn([noted]), api.key

    noted, names, own = asyncio.run(act())
    if json:
        terminal.as_json(noted)
        return
    for line in police_lines(noted, names, own):
        terminal.plain(line)


async def _caller(api: ApiClient, alert: Alert, who: str) -> UUID | None:
    """Return who called; nobody where nobody did, or somebody who takes no part."""
    match WORDS.get(who.casefold()):
        case Caller.ME:
            return (await api.me()).id
        case None:
            return await find_participant(api, alert, who)
        case _:
            return None
