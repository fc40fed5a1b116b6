"""A malicious server: a process of its own between a client and Streha, that rewrites what Streha answers.

`python -m tests.malice.proxy PORT UPSTREAM` listens on loopback, passes everything on, and reads on its standard input
which attack to begin (`attack NAME ARGUMENT`, `attack honest` ends it); each line is answered by one. It holds what a
server holds, and no member's key. What each attack does stands in `tests.malice.attacks`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from contextlib import suppress

import aiohttp
from aiohttp import web

from tests.malice.attacks import Attack, NotThere, Silence, named
from tests.malice.forged_logs import Logs

# What belongs to one connection, and is not passed on.
_OF_THE_LINE = frozenset({"connection", "content-length", "transfer-encoding", "content-encoding", "keep-alive"})
_DIRECTORY = "/api/vault/directory"
_MOST_ANSWER = 32 * 1024 * 1024


class Proxy:
    """Passes requests on, and answers as its attack will have it."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._http: aiohttp.ClientSession | None = None
        self.attack: Attack = named("honest", "")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        body = await request.read()
        swallowed = self.attack.swallows(request.method, request.path, body)
        if swallowed is not None:
            return web.json_response(swallowed)
        if request.method == "GET" and self.attack.rewrites_logs and _is_snapshot(request.path):
            return await self._snapshot(request)
        if request.method == "GET" and self.attack.rewrites_directory and request.path == _DIRECTORY:
            return await self._directory(request)
        response = await self._send(request, request.path_qs, body)
        async with response:
            if response.content_type == "text/event-stream":
                return await _streamed(request, response)
            status, answer = response.status, await response.read()
            headers = {name: each for name, each in response.headers.items() if name.lower() not in _OF_THE_LINE}
            if response.ok and response.content_type == "application/json":
                told = json.loads(answer)
                try:
                    answer = json.dumps(self.attack.answers(request.method, request.path, told)).encode()
                except Silence:
                    if request.transport is not None:
                        request.transport.abort()
                    return web.Response()
                except NotThere:
                    status, headers, answer = (
                        404,
                        {"Content-Type": "application/problem+json"},
                        b'{"status": 404, "detail": "Not there."}',
                    )
            return web.Response(status=status, headers=headers, body=answer)

    async def _snapshot(self, request: web.Request) -> web.Response:
        """Answer with logs of which the attack has changed whatever it would."""
        logs = Logs()
        due: object = []
        while True:
            query = f"directory={len(logs.directory)}&members={len(logs.members)}&records={len(logs.records)}"
            response = await self._send(request, f"{request.path}?{query}", b"")
            async with response:
                if response.status != 200:
                    return web.Response(
                        status=response.status, body=await response.read(), content_type=response.content_type
                    )
                page = await response.json()
            logs.add(page)
            due = page.get("due", [])
            if logs.lengths() == page["lengths"]:
                break
        logs = self.attack.logs(logs)
        return web.json_response({**logs.page(request.query), "due": due})

    async def _directory(self, request: web.Request) -> web.Response:
        """Answer with a directory that the attack has changed."""
        logs, length = Logs(), None
        while len(logs.directory) != length:
            async with await self._send(request, f"{_DIRECTORY}?after={len(logs.directory)}", b"") as response:
                if response.status != 200:
                    return web.Response(
                        status=response.status, body=await response.read(), content_type=response.content_type
                    )
                page = await response.json()
            logs.directory.extend(base64.b64decode(each) for each in page["entries"])
            length = page["length"]
        shown = self.attack.logs(logs).directory
        entries = [base64.b64encode(each).decode() for each in shown[int(request.query.get("after", "0")) :]]
        return web.json_response({"entries": entries, "length": len(shown)})

    async def _send(self, request: web.Request, path: str, body: bytes) -> aiohttp.ClientResponse:
        if self._http is None:
            self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True)
        headers = {name: each for name, each in request.headers.items() if name.lower() not in _OF_THE_LINE}
        headers["Accept-Encoding"] = "identity"
        return await self._http.request(
            request.method, self._upstream + path, headers=headers, data=body or None, allow_redirects=False
        )

    async def close(self) -> None:
        """End all connections."""
        if self._http is not None:
            await self._http.close()


def _is_snapshot(path: str) -> bool:
    return path.startswith("/api/vault/compartments/") and path.count("/") == 4


async def _streamed(request: web.Request, response: aiohttp.ClientResponse) -> web.StreamResponse:
    streamed = web.StreamResponse(status=response.status, headers={"Content-Type": "text/event-stream"})
    await streamed.prepare(request)
    with suppress(ConnectionError, aiohttp.ClientError):
        async for piece in response.content.iter_any():
            await streamed.write(piece)
    return streamed


async def _run(port: int, upstream: str) -> None:
    proxy = Proxy(upstream)
    app = web.Application(client_max_size=_MOST_ANSWER)
    app.router.add_route("*", "/{path:.*}", proxy.handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    orders = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    try:
        while line := (await orders.readline()).decode().split():
            _order, name, *arguments = line
            proxy.attack = named(name, arguments[0] if arguments else "")
            sys.stdout.write("done\n")
            sys.stdout.flush()
    finally:
        await proxy.close()
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), sys.argv[2]))
