"""`streha resume`: the operator ends a hold, after somebody has compared what the restored database knows."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import typer

from alerts import store as alerts
from bots.rooms import rooms
from cases import hold, ledger
from cases.hold import Hold, Why
from cases.ledger import Verified
from cases.service import CHANNEL
from core.errors import Conflict
from core.texts import mark
from streha import terminal
from streha.installation import Installation, installation
from streha.options import Json, Yes
from streha.terminal import say

WHYS = {
    Why.HEAD_LOST: mark("entries are lost that somebody had seen"),
    Why.ANOTHER_DATABASE: mark("it is another database than the one that was used last"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is to be compared: the hold, the ledger as it verifies now, and how many old alerts would call again."""

    hold: Hold
    ledger: Verified
    alerts: int


def add_to(app: typer.Typer) -> None:
    """Attach this command."""
    app.command(
        "resume",
        help=say(
            mark(
                "End a hold after a restore (operator). Shows the heads to compare first: the ledger's own, and the "
                "latest that was known and is missing. Before that, let coordinators compare members and exclusions, "
                "and ring the people of the alerts that are open: from then on these call again."
            )
        ),
    )(_resume)


def _resume(*, yes: Yes = False, json: Json = False) -> None:
    async def look() -> Found | None:
        async with installation() as opened:
            return await _found(opened)

    async def act(found: Found) -> None:
        async with installation() as opened:
            await _end(opened, found)

    found = asyncio.run(look())
    if found is None:
        raise Conflict(mark("Streha is not on hold. Nothing is to be resumed."))
    if not found.ledger.whole:
        raise Conflict(mark("The ledger is BROKEN, so nothing can be compared. See: streha ledger verify"))
    if not json:
        _tell(found)
    terminal.require_yes(yes=yes)
    asyncio.run(act(found))
    if json:
        terminal.as_json(
            {
                "held_since": found.hold.since,
                "why": found.hold.why,
                "head": str(found.ledger.head),
                "lost_head": None if found.hold.lost is None else str(found.hold.lost),
                "alerts": found.alerts,
            }
        )
    else:
        terminal.line(mark("Streha goes on. Those who lead and the duty desks are told."))


async def _found(opened: Installation) -> Found | None:
    async with opened.database.reading() as look:
        held = await hold.current(look)
        old = 0 if held is None else await alerts.old(look, held.since)
    if held is None:
        return None
    await ledger.sequence_all(opened.database)
    return Found(hold=held, ledger=await ledger.verify(opened.database), alerts=old)


async def _end(opened: Installation, found: Found) -> None:
    now = opened.clock.now()
    async with opened.database.transaction() as tx:
        if not await hold.resume(tx, found.hold, found.ledger.head, now):
            raise Conflict(mark("Somebody else has resumed meanwhile, or there is another hold. Look again."))
        await rooms.look_everywhere(tx, now)
        await tx.wake(CHANNEL)


def _tell(found: Found) -> None:
    terminal.line(
        mark("On hold since {time}: {why}."), time=terminal.moment(found.hold.since), why=say(WHYS[found.hold.why])
    )
    terminal.line(mark("The head of this ledger: {head}"), head=str(found.ledger.head))
    if found.hold.lost is None:
        terminal.line(
            mark(
                "Compare it with the last head that was written down: streha ledger verify --head POSITION:HASH tells "
                "whether anything is missing."
            )
        )
    else:
        missing = max(found.hold.lost.position - found.ledger.head.position, 0)
        terminal.line(mark("The latest head that was known: {head}"), head=str(found.hold.lost))
        terminal.line(
            mark("It is NOT in this ledger. At least {count} acts are lost and must be asked of people."),
            count=missing or 1,
        )
    terminal.line(mark("Alerts from before that are open and will call people again: {count}."), count=found.alerts)
