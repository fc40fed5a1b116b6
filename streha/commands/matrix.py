"""`streha matrix`: people say which Matrix device is theirs, administrators confirm it, either ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

import typer

from agencies.attestation import EndReason, LinkState, read_device_id, read_session_key
from agencies.linking import NO_CLAIM
from agencies.service import NO_PERSON
from client.answers import DeviceClaim, MatrixLink
from client.api import ApiClient
from core.clock import SystemClock
from core.errors import InvalidInput, NotFound
from core.texts import mark
from streha import terminal
from streha.options import Json, Key
from streha.personal import AMBIGUOUS_PERSON, Names, as_id, speaking_as
from streha.terminal import say

app = typer.Typer(
    no_args_is_help=True,
    help=say(
        mark(
            "Which Matrix device is whose. The bot gives keys to linked people only, and obeys them only.\n\n"
            "\b\nIn this order:\n"
            "  streha matrix link       you say which device is yours\n"
            "  streha matrix pending    an administrator sees who waits\n"
            "  streha matrix confirm    the administrator rings you, and you read the code aloud\n"
            "  streha matrix list       whether it has worked"
        )
    ),
)


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="matrix")


STATES: dict[str, str] = {
    LinkState.LINKED: mark("linked"),
    LinkState.WAITING_FOR_CONFIRMATION: mark("waits for an administrator"),
    LinkState.WAITING_FOR_IDENTITY: mark("confirmed; the bot has not found the device's identity yet"),
    LinkState.CHANGED: mark("IDENTITY CHANGED: ring this person, then link again"),
    LinkState.NOT_LINKED: mark("not linked"),
}

ENDED = mark("Ended. From now on this person gets no keys and is reached by telephone only.")
NEXT = {
    EndReason.LOST_DEVICE: mark(
        "Next, on a device that is safe: sign the lost one out, reset the identity if the lost one had set it up, "
        "then: streha matrix link"
    ),
    EndReason.RESET: mark("Next, on the device where the new identity was set up: streha matrix link"),
    EndReason.COMPROMISED: mark(
        "Next, on a device that is safe: change the account's password, sign every other device out, reset the "
        "identity. The old one never counts again. Then: streha matrix link"
    ),
}

Named = Annotated[str, typer.Argument(metavar="PERSON", help=say(mark("A person, by Matrix user, name or id.")))]


@app.command(
    "link",
    help=say(
        mark(
            "Say which Matrix device is yours: the one on which your client set up encryption. It shows the device's "
            "id and session key in its settings; copy them from the device, from nowhere else.\n\n\b\nExample:\n"
            '  streha matrix link --device GHTYAJCE --session-key "AbCd EfGh ..."'
        )
    ),
)
def _link(
    key: Key,
    *,
    device: Annotated[str, typer.Option(metavar="ID", help=say(mark("The device id (session id).")))],
    session_key: Annotated[
        str, typer.Option("--session-key", metavar="KEY", help=say(mark("The session key, spaces or not.")))
    ],
    json: Json = False,
) -> None:
    device_id, device_key = read_device_id(device), read_session_key(session_key)

    async def act() -> DeviceClaim:
        async with speaking_as(key) as api:
            own = (await api.me()).matrix_user
            return await api.claim_device(own, device_id, device_key, SystemClock().now())

    claim = asyncio.run(act())
    if json:
        terminal.as_json(claim)
        return
    terminal.line(mark("{device} of {user} waits to be confirmed."), device=claim.device, user=claim.matrix_user)
    terminal.line(
        mark(
            "Next: ring an administrator of your agency. Read out the first 16 characters of the session key, from "
            "the device itself. Where your agency has no other administrator, one of any agency does it."
        )
    )


@app.command("pending", help=say(mark("List the devices that you may confirm (administrators).")))
def _pending(key: Key, *, json: Json = False) -> None:
    async def act() -> tuple[list[DeviceClaim], Names]:
        async with speaking_as(key) as api:
            found = await api.device_claims()
            return found, Names() if json else Names(agencies=await api.agencies())

    found, names = asyncio.run(act())
    if json:
        terminal.as_json(found)
        return
    if not found:
        terminal.line(mark("Nobody waits for you."))
        return
    terminal.table(
        [mark("Name"), mark("Agency"), mark("Matrix user"), mark("Device"), mark("Since")],
        [
            (each.name, names(each.agency), each.matrix_user, each.device, terminal.moment(each.made_at))
            for each in found
        ],
    )
    terminal.line(
        mark(
            "Next: ring each of them on a number you know. Have the first 16 characters of the session key read to you "
            "from the device."
        )
    )
    terminal.plain('  streha matrix confirm PERSON --code "AbCd EfGh IjKl MnOp"')


@app.command(
    "confirm",
    help=say(
        mark(
            "Confirm a person's device by the code that the person reads to you (administrators). Capital and small "
            'letters are alike.\n\n\b\nExample:\n  streha matrix confirm "Ana Primer" --code "AbCd EfGh IjKl MnOp"'
        )
    ),
)
def _confirm(
    person: Named,
    key: Key,
    *,
    code: Annotated[str, typer.Option(help=say(mark("The first 16 characters of the session key.")))],
    json: Json = False,
) -> None:
    async def act() -> UUID:
        async with speaking_as(key) as api:
            person_id = await _waiting(api, person)
            await api.confirm_device(person_id, code)
            return person_id

    confirmed = asyncio.run(act())
    if json:
        terminal.as_json({"confirmed": confirmed})
        return
    terminal.line(mark("Confirmed. The bot now looks for the device; that takes up to a minute."))
    terminal.line(mark("Next: see whether it says linked. Until then this person gets no alert in any room."))
    terminal.plain("  streha matrix list")


@app.command("refuse", help=say(mark("Refuse a person's device (administrators). A link that stands goes on.")))
def _refuse(person: Named, key: Key, *, json: Json = False) -> None:
    async def act() -> UUID:
        async with speaking_as(key) as api:
            person_id = await _waiting(api, person)
            await api.refuse_device(person_id)
            return person_id

    refused = asyncio.run(act())
    if json:
        terminal.as_json({"refused": refused})
        return
    terminal.line(
        mark(
            "Refused. If the person did not ask for this, somebody else has their key file: tell the operator at once."
        )
    )


@app.command("list", help=say(mark("List who is linked: your agency's people for administrators, else you alone.")))
def _list(key: Key, *, json: Json = False) -> None:
    async def act() -> list[MatrixLink]:
        async with speaking_as(key) as api:
            return await api.matrix_links()

    found = asyncio.run(act())
    if json:
        terminal.as_json(found)
        return
    terminal.table(
        [mark("Name"), mark("Matrix user"), mark("State"), mark("Device"), mark("Another waits since")],
        [
            (each.name, each.matrix_user, _state(each), each.device or "", _another(each))
            for each in found
        ],
    )  # fmt: skip
    if any(each.state != LinkState.LINKED for each in found):
        terminal.line(
            mark("Whoever is not linked reads no alert and is obeyed only in a panic, as not verified. Ring them.")
        )


@app.command(
    "end",
    help=say(
        mark(
            "End a link at once: your own, or as administrator another's. Do it when a device was stolen. For a lost "
            "device it is not needed where another device of the same person is signed in.\n\n\b\nExamples:\n"
            "  streha matrix end --reason compromised\n"
            '  streha matrix end "Ana Primer" --reason lost_device'
        )
    ),
)
def _end(
    key: Key,
    person: Annotated[
        str | None,
        typer.Argument(metavar="[PERSON]", help=say(mark("A person, by Matrix user, name or id; without it, you."))),
    ] = None,
    *,
    reason: Annotated[EndReason, typer.Option(help=say(mark("Why it ends.")))],
    json: Json = False,
) -> None:
    async def act() -> UUID:
        async with speaking_as(key) as api:
            person_id = api.key.person_id if person is None else await _linked(api, person)
            await api.end_matrix_link(person_id, reason)
            return person_id

    ended = asyncio.run(act())
    if json:
        terminal.as_json({"ended": ended})
        return
    terminal.line(ENDED)
    if reason in NEXT:
        terminal.line(NEXT[reason])


async def _waiting(api: ApiClient, words: str) -> UUID:
    """Return who waits under this name; oneself too, for whom the answer is a clear no."""
    found = _named(await api.device_claims(), words)
    if found is None:
        me = await api.me()
        found = me.id if words in (me.matrix_user, me.name) else None
    if found is None:
        raise NotFound(NO_CLAIM)
    return found


async def _linked(api: ApiClient, words: str) -> UUID:
    """Return whose link somebody may end under this name."""
    found = _named(await api.matrix_links(), words)
    if found is None:
        found = _named(await api.device_claims(), words)
    if found is None:
        raise NotFound(NO_PERSON)
    return found


def _named(found: Iterable[DeviceClaim | MatrixLink], words: str) -> UUID | None:
    person_id = as_id(words)
    if person_id is not None:
        return person_id
    found = list(found)
    named = {each.person for each in found if each.matrix_user == words} or {
        each.person for each in found if each.name.casefold() == words.casefold()
    }
    if len(named) > 1:
        raise InvalidInput(AMBIGUOUS_PERSON)
    return next(iter(named), None)


def _state(link: MatrixLink) -> str:
    return say(STATES[link.state]) if link.state in STATES else link.state


def _another(link: MatrixLink) -> str:
    """Return since when a claim waits beside what the state says."""
    return "" if link.state == LinkState.WAITING_FOR_CONFIRMATION else terminal.moment(link.claimed_at)
