"""Raising an alert and staying with it: the same key again and again until a named person has accepted.

What is told to the raiser is only what is known: that it is NOT raised, that it is stored, that it was
delivered, who accepted. Losing sight of a stored alert is told as that and not as a failure to raise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar
from uuid import UUID

from alerts.model import State
from alerts.vocabulary import Event, Status
from client.answers import Alert
from client.api import ApiClient
from client.connection import Sleep
from core.errors import InvalidInput, NotAuthenticated, NotFound, StrehaError

Seen = TypeVar("Seen")

REPEAT_SECONDS = 15.0
LOOK_SECONDS = 3.0


class Known(Enum):
    """What is known of a raise."""

    NOT_RAISED = "not_raised"
    STORED = "stored"
    DELIVERED = "delivered"
    OUT_OF_SIGHT = "out_of_sight"
    ACCEPTED = "accepted"
    ENDED = "ended"


SETTLED = frozenset({Known.ACCEPTED, Known.ENDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What is known after one attempt; `alert` is the last that was seen, `error` why there is no newer one."""

    known: Known
    alert: Alert | None
    error: StrehaError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Raiser(Generic[Seen]):
    """How whoever raises does it: presses and looks again, reads what is seen, and is told of it."""

    press: Callable[[], Awaitable[Seen]]
    look: Callable[[Seen], Awaitable[Seen]]
    known_of: Callable[[Seen], Known]
    report: Callable[[Known, Seen | None, StrehaError | None], Awaitable[None]]


async def raise_until_accepted(
    api: ApiClient,
    find: Callable[[], Awaitable[UUID]],
    key: UUID,
    *,
    report: Callable[[Progress], Awaitable[None]],
    event: Event = Event.PANIC,
    status: Status = Status.ACTUAL,
    child: bool = False,
    sleep: Sleep = asyncio.sleep,
) -> Alert:
    """Raise in the compartment that `find` names; return when somebody accepted or the alert has ended.

    Every attempt is reported, and what becomes known between two of them. A refusal that repeating cannot
    mend is reported and then raised.
    """
    compartment_id: UUID | None = None

    async def press() -> Alert:
        nonlocal compartment_id
        compartment_id = compartment_id or await find()
        return await api.raise_alert(compartment_id, key, event=event, status=status, child=child)

    async def told(known: Known, seen: Alert | None, error: StrehaError | None) -> None:
        await report(Progress(known=known, alert=seen, error=error))

    return await stay(
        Raiser(
            press=press,
            look=lambda seen: api.alert(seen.id),
            known_of=lambda seen: progress_of(seen).known,
            report=told,
        ),
        sleep,
    )


async def stay(raiser: Raiser[Seen], sleep: Sleep) -> Seen:
    """Press with one key until what is known settles; return what was seen then.

    Every attempt is reported, and what becomes known between two of them. A refusal that repeating cannot mend is
    reported and then raised.
    """
    seen: Seen | None = None
    while True:
        try:
            seen = await raiser.press()
        except (InvalidInput, NotFound, NotAuthenticated) as error:
            await raiser.report(_without_answer(seen), seen, error)
            raise
        except StrehaError as error:
            await raiser.report(_without_answer(seen), seen, error)
        else:
            await raiser.report(raiser.known_of(seen), seen, None)
        if seen is not None:
            seen = await _watch(raiser, seen, sleep)
            if raiser.known_of(seen) in SETTLED:
                return seen
        else:
            await sleep(REPEAT_SECONDS)


async def _watch(raiser: Raiser[Seen], seen: Seen, sleep: Sleep) -> Seen:
    """Look every few seconds until it is time to repeat, and report whatever has become known."""
    for _ in range(round(REPEAT_SECONDS / LOOK_SECONDS)):
        known = raiser.known_of(seen)
        if known in SETTLED:
            break
        await sleep(LOOK_SECONDS)
        try:
            seen = await raiser.look(seen)
        except StrehaError:
            # The next repetition will say what is wrong.
            continue
        if raiser.known_of(seen) is not known:
            await raiser.report(raiser.known_of(seen), seen, None)
    return seen


def progress_of(alert: Alert) -> Progress:
    """Return what an alert tells its raiser."""
    if alert.state == State.STOOD_DOWN:
        known = Known.ENDED
    elif alert.accepted_by:
        known = Known.ACCEPTED
    else:
        known = Known.DELIVERED if alert.rooms_reached else Known.STORED
    return Progress(known=known, alert=alert)


def _without_answer(seen: object | None) -> Known:
    return Known.NOT_RAISED if seen is None else Known.OUT_OF_SIGHT
