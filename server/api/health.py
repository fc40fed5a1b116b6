"""Whether the process is alive, and whether it may be sent requests. Neither answer holds any content."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from core import logs
from core.errors import StrehaError, Unavailable
from core.texts import mark, render
from server.api import problems
from server.api.wire import Wire

log = logs.get(__name__)

Check = Callable[[], Awaitable[None]]

CHECK_SECONDS = 5.0
Outcome = Literal["ok", "failed"]
HELD = mark("On hold: the database was restored, and alerts from before call nobody. Compare, then run: streha resume")
NOT_READY = mark("Not ready: see which check failed.")


class Alive(Wire, frozen=True, kw_only=True):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(Wire, frozen=True, kw_only=True):
    """The process may be sent requests: every check succeeded."""

    status: Literal["ready"] = "ready"
    # What whoever looks should know although requests are answered.
    note: Annotated[str | msgspec.UnsetType, msgspec.Meta(examples=["On hold: ..."])] = msgspec.UNSET
    checks: Annotated[dict[str, Outcome], msgspec.Meta(examples=[{"database": "ok", "clock": "ok"}])]


async def alive(_request: web.Request) -> web.StreamResponse:
    """Answer as long as the process can; depends on nothing."""
    return _json(Alive())


def readiness(
    checks: Mapping[str, Check], language: Callable[[web.Request], str], held: Callable[[], Awaitable[bool]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:  # fmt: skip
    """Return the handler that runs every check and names those that fail.

    Where the database is `held` it says so and is ready all the same: whoever calls for help must be let in.
    """
    run = Checks(checks)

    async def note(request: web.Request) -> str | msgspec.UnsetType:
        # What fails here is for the checks to tell.
        with suppress(StrehaError):
            if await held():
                return render(HELD, language(request))
        return msgspec.UNSET

    async def ready(request: web.Request) -> web.StreamResponse:
        found = await run.outcomes()
        if all(each == "ok" for each in found.values()):
            return _json(Ready(checks=found, note=await note(request)))
        kind = problems.KINDS[Unavailable]
        return problems.answer(kind, language(request), render(NOT_READY, language(request)), {**found})

    return ready


class Checks:
    """Runs the checks once for all who ask at the same moment: anybody may, and each run writes to the database."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._in_turn = asyncio.Lock()
        self._begun = 0
        self._found: dict[str, Outcome] = {}

    async def outcomes(self) -> dict[str, Outcome]:
        """Return how the checks ended that began after this was asked."""
        before = self._begun
        async with self._in_turn:
            if self._begun == before:
                self._begun += 1
                self._found = {name: await _outcome(name, check) for name, check in self._checks.items()}
            return self._found


async def _outcome(name: str, check: Check) -> Outcome:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except (StrehaError, TimeoutError) as error:
        log.warning("not_ready", step=name, error=type(error).__name__)
    except Exception as error:  # noqa: BLE001 (a check that fails in any way is a check that failed)
        log.failure("not_ready", error, step=name)
    else:
        return "ok"
    return "failed"


def _json(answer: Wire) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), content_type="application/json")
