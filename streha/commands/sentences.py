"""`streha sentences`: the two sentences of one's own, of which one calls others without seeming to."""

from __future__ import annotations

import asyncio
import sys
from uuid import UUID

import typer

from alerts.duress.own import NO_BOT, Standing
from alerts.duress.sentences import require_fit, require_one_fit
from bots.words.commands import parse
from client.answers import OwnSentences
from client.api import ApiClient
from core.errors import Conflict, InvalidInput, StrehaError, Unavailable
from core.texts import mark
from crypto import sentence_seal
from streha import terminal
from streha.options import Json, Key, Yes
from streha.personal import speaking_as
from streha.terminal import say

app = typer.Typer(
    no_args_is_help=True,
    help=say(
        mark(
            "Two sentences of your own that the bot understands. Both seem to do the same: they end the alert that you "
            "raised. The second also calls others to you, and nobody beside you can see it."
        )
    ),
)


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="sentences")


# The bot takes up what was set within its round; so long that is waited for.
LOOKS = 20
NOT_SHOWN = mark("Sentences are typed at a terminal, where they are not shown. Run this there.")
SECONDS_BETWEEN = 1.0

STANDINGS: dict[str, str] = {
    Standing.NONE: mark("You have set no sentences of your own."),
    Standing.WAITING: mark(
        "Left for the bot since {time}; it has NOT taken them up yet. Look again: streha sentences show"
    ),
    Standing.SET: mark("Your own sentences are set, since {time}."),
    Standing.REFUSED: mark("The bot could NOT use what you set at {time}. Set them again: streha sentences set"),
    Standing.LOST: mark(
        "Your own sentences are LOST: the bot does not know them any more. Set them again: streha sentences set"
    ),
}


@app.command(
    "set",
    help=say(
        mark(
            "Set both sentences. You are asked for each twice, and nothing of it is shown. Do it alone, and write them "
            "down nowhere.\n\n\b\nTake two that you would never write otherwise, for example:\n"
            "  one for: all is well           it ends your alert, as stand-down does\n"
            "  one for: somebody forces me    it seems to do the same, and others are called\n\n"
            "\b\nExample:\n"
            "  streha sentences set"
        )
    ),
)
def _set(key: Key, *, json: Json = False) -> None:
    if not sys.stdin.isatty():
        raise Conflict(NOT_SHOWN)
    all_clear = _asked(mark("The sentence for: all is well"))
    duress = _asked(mark("The sentence for: somebody forces me"))
    require_fit(all_clear, duress, parse)

    async def act() -> OwnSentences:
        async with speaking_as(key) as api:
            return await _taken_up(api, await _sealed(api, all_clear, duress))

    _show_standing(asyncio.run(act()), json=json)


@app.command("show", help=say(mark("Say whether you have set sentences, and since when; never what they are.")))
def _show(key: Key, *, json: Json = False) -> None:
    async def act() -> OwnSentences:
        async with speaking_as(key) as api:
            return await api.sentences()

    _show_standing(asyncio.run(act()), json=json)


@app.command("clear", help=say(mark("Forget both sentences: from then on they are words like any others.")))
def _clear(key: Key, *, yes: Yes = False, json: Json = False) -> None:
    terminal.require_yes(yes=yes)

    async def act() -> None:
        async with speaking_as(key) as api:
            await api.clear_sentences()

    asyncio.run(act())
    if json:
        terminal.as_json({"standing": Standing.NONE})
    else:
        terminal.line(mark("Forgotten."))


def _asked(text: str) -> str:
    """Return a sentence that was written twice alike, and would do."""
    while True:
        written: str = typer.prompt(say(text), hide_input=True, confirmation_prompt=True)
        try:
            require_one_fit(written, parse)
        except InvalidInput as error:
            terminal.refuse(error)
            continue
        return written


async def _sealed(api: ApiClient, all_clear: str, duress: str) -> OwnSentences:
    """Seal both to the bot's key, and leave them for it."""
    person: UUID = (await api.me()).id
    known = await api.sentences()
    if known.public_key is None:
        raise Unavailable(NO_BOT)
    sealed = sentence_seal.seal(known.public_key, person.bytes, all_clear, duress)
    return await api.set_sentences(known.public_key, sealed)


async def _taken_up(api: ApiClient, left: OwnSentences) -> OwnSentences:
    """Wait until the bot has taken them up, for a while; what then stands is told."""
    found = left
    for _ in range(LOOKS):
        if found.standing != Standing.WAITING:
            break
        await asyncio.sleep(SECONDS_BETWEEN)
        try:
            found = await api.sentences()
        except StrehaError:
            break
    return found


def _show_standing(own: OwnSentences, *, json: bool) -> None:
    if json:
        terminal.as_json({"standing": own.standing, "since": own.since})
        return
    terminal.line(STANDINGS.get(own.standing, own.standing), time=terminal.moment(own.since))
