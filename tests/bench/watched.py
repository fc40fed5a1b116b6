"""A board that a browser shows, watched by somebody, while somebody else lets something happen."""

from __future__ import annotations

import asyncio

import msgspec
from playwright.async_api import CDPSession, Page

from tests.bench.light_http import Connection, request
from tests.bench.row import MeasurementFailed

PATIENCE_MS = 20_000
# What follows an event is fetched together, some moments later.
QUIET_SECONDS = 0.5


async def open_board(page: Page, api: Connection, port: int, watcher: str) -> CDPSession:
    """Sign a browser in as the watcher would, turn the sound on, wait until the board is live; return its costs."""
    status, answer = await api.ask(request("POST", "/api/sign-in/links", token=watcher, body=b"{}"))
    if status != 201:
        raise MeasurementFailed(f"no link: {status}")
    code: str = msgspec.json.decode(answer)["code"]
    await page.goto(f"http://127.0.0.1:{port}/console/#{code}")
    await page.get_by_role("button", name="Sound is OFF: turn it on").click(timeout=PATIENCE_MS)
    await page.get_by_role("button", name="Turn sound off").wait_for(timeout=PATIENCE_MS)
    costs = await page.context.new_cdp_session(page)
    await costs.send("Performance.enable")
    return costs


async def quiet(page: Page) -> None:
    """Wait until a page has nothing left to do for what has happened so far."""
    await asyncio.sleep(QUIET_SECONDS)
    await page.evaluate("() => new Promise(done => requestIdleCallback(() => requestIdleCallback(done)))")


async def script_seconds(costs: CDPSession) -> float:
    """Return how long script has run on a page."""
    told = await costs.send("Performance.getMetrics")
    return next(float(each["value"]) for each in told["metrics"] if each["name"] == "ScriptDuration")


async def asked(api: Connection, method: str, path: str, token: str, body: object = None) -> bytes:
    """Ask the API for something that it does; return what it answers."""
    sent = request(method, path, token=token, body=msgspec.json.encode({} if body is None else body))
    status, answer = await api.ask(sent)
    if status != 200:
        raise MeasurementFailed(f"answered {status}: {answer[:200]!r}")
    return answer
