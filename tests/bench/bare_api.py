"""The floor under the API: aiohttp and asyncpg with nothing between them, in a process of its own.

`python -m tests.bench.bare_api PORT PLAN_FILE`. The plan says which rows to insert and what to answer.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from core.clock import SystemClock
from tests.bench import bare_raise
from tests.bench.bare_raise import Likeness

NEXT_STEP = timedelta(minutes=2)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do: the raise of each compartment."""

    raises: dict[UUID, Likeness] = {}


class Handlers:
    """Handlers as one would write them in an afternoon."""

    def __init__(self, plan: Plan, connections: Any) -> None:
        self._plan = plan
        self._connections = connections
        self._now = SystemClock().now

    async def raise_(self, request: web.Request) -> web.Response:
        """Insert the rows of a raise in the compartment that the body names."""
        like = self._plan.raises[msgspec.json.decode(await request.read(), type=UUID)]
        now = self._now()
        await bare_raise.insert(self._connections, like, now, now + NEXT_STEP)
        return _json(b"1" * like.answer_bytes)


async def serve(port: int, plan: Plan, url: str) -> None:
    """Serve until the process is told to end."""
    async with bare_raise.pool(url) as connections:
        handlers = Handlers(plan, connections)
        app = web.Application()
        app.router.add_put("/raise", handlers.raise_)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")


if __name__ == "__main__":
    asyncio.run(
        serve(
            int(sys.argv[1]),
            msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=Plan),
            os.environ["DATABASE_URL"],
        )
    )
