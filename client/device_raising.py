"""A device raises and stays: the same key again and again until a named person has accepted.

As `client.raising`, whose loop it is. A device that was started anew has forgotten its key and presses with another:
that becomes part of the same open alert.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from alerts.vocabulary import Status
from client.answers import DeviceRaise
from client.connection import Sleep
from client.device_api import DeviceApi
from client.raising import Known, Raiser, stay
from core.errors import StrehaError


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceProgress:
    """What is known after one attempt; `seen` is the last answer, `error` why there is no newer one."""

    known: Known
    seen: DeviceRaise | None
    error: StrehaError | None = None


async def raise_with_device(
    api: DeviceApi, key: UUID, *, report: Callable[[DeviceProgress], Awaitable[None]],
    status: Status = Status.ACTUAL, sleep: Sleep = asyncio.sleep,
) -> DeviceRaise:  # fmt: skip
    """Raise; return when somebody accepted or the alert has ended. A refusal that repeating cannot mend is raised."""

    async def told(known: Known, seen: DeviceRaise | None, error: StrehaError | None) -> None:
        await report(DeviceProgress(known=known, seen=seen, error=error))

    return await stay(
        Raiser(
            press=lambda: api.raise_alert(key, status),
            look=lambda _seen: api.look(key),
            known_of=known_of,
            report=told,
        ),
        sleep,
    )


def known_of(seen: DeviceRaise) -> Known:
    """Return what an answer tells; a word of a newer server's is taken as that it is stored."""
    try:
        return Known(seen.state)
    except ValueError:
        return Known.STORED
