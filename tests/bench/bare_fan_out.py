"""The floor under the live stream: aiohttp that writes given bytes to everybody who listens, and nothing else.

`python -m tests.bench.bare_fan_out PORT PLAN_FILE`. With a plan it first inserts the rows of a raise, as
`tests.bench.bare_api` does, and so is also the floor under storing it and telling it.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from collections import defaultdict
from pathlib import Path
from uuid import UUID

import msgspec
from aiohttp import web

from core.clock import SystemClock
from tests.bench import bare_raise
from tests.bench.bare_api import NEXT_STEP, Plan

ALIVE = b'event: alive\nid: 1\ndata: {"at":"2031-05-14T09:30:00Z"}\n\n'


async def serve(port: int, plan: Plan, url: str) -> None:
    """Serve until the process is told to end."""
    listening: dict[str, list[web.StreamResponse]] = defaultdict(list)
    now = SystemClock().now

    async def follow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        await response.write(ALIVE)
        listening[request.match_info["name"]].append(response)
        await asyncio.Event().wait()
        return response

    async def say(request: web.Request) -> web.Response:
        said = await request.read()
        for each in listening[request.match_info["name"]]:
            await each.write(said)
        return web.Response(body=b"{}")

    async with bare_raise.pool(url) as connections:

        async def store_and_say(request: web.Request) -> web.Response:
            like = plan.raises[UUID(request.match_info["compartment"])]
            at = now()
            await bare_raise.insert(connections, like, at, at + NEXT_STEP)
            return await say(request)

        app = web.Application()
        app.router.add_get("/stream/{name}", follow)
        app.router.add_post("/say/{name}", say)
        app.router.add_post("/say/{name}/{compartment}", store_and_say)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(
        serve(
            int(sys.argv[1]),
            msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=Plan),
            os.environ["DATABASE_URL"],
        )
    )
