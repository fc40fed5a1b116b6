"""A real browser keeps the session where it should, and another site's page gets nothing done with it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from aiohttp import web
from playwright.async_api import Browser, async_playwright

from deploy import chromium
from server.api.credentials import COOKIE
from server.api.serving import serve
from tests.browser_session import link
from tests.served import ServedApi

pytest_plugins = ("tests.fixtures_api",)

SIGN_IN = """code => fetch("/api/sign-in/browser", {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code }),
}).then(answer => answer.status)"""
ASK = """([method, address]) => fetch(address, { method, credentials: "include" }).then(
  answer => answer.status, () => "refused by the browser")"""
# What a page can send without asking the other site first.
FORM = """([method, address]) => new Promise(done => {
  const frame = document.body.appendChild(Object.assign(document.createElement("iframe"), { name: "there" }));
  const form = document.body.appendChild(
    Object.assign(document.createElement("form"), { method, action: address, target: "there", enctype: "text/plain" }));
  frame.onload = () => done(true);
  form.submit();
})"""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Start a Chromium."""
    # Its own sandbox needs a user other than root; what is opened here is only our own.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as play:
        started = await play.chromium.launch(executable_path=chromium.find(), args=arguments)
        try:
            yield started
        finally:
            await started.close()


async def test_a_browser_keeps_its_session_from_scripts_and_other_sites(api: ServedApi, browser: Browser) -> None:
    scene = await api.network.scene()
    raised = await api.services.alerts.raise_(scene.coordinator, scene.case.core.id, uuid4())
    context = await browser.new_context()
    page = await context.new_page()
    answered = await page.goto(f"{api.url}/console/")
    assert answered is not None
    assert answered.ok
    assert await page.evaluate(SIGN_IN, await link(api, scene.police.officer)) == 200

    (kept,) = await context.cookies()
    assert kept["name"] == COOKIE
    assert (kept["httpOnly"], kept["secure"], kept["sameSite"], kept["path"]) == (True, True, "Strict", "/")
    assert await page.evaluate("document.cookie") == ""
    assert await page.evaluate(ASK, ["GET", "/api/me"]) == 200

    acknowledge = f"{api.url}/api/alerts/{raised.alert.id}/acknowledgement"

    async def look_alike(_request: web.Request) -> web.Response:
        return web.Response(text="<title>Streha</title><body>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", look_alike)
    async with serve(app, "127.0.0.1", 0, drain_seconds=1) as port:
        # The same machine by another name is another site; by the same name with another port it is the same site.
        for other in (f"http://localhost:{port}/", f"http://127.0.0.1:{port}/"):
            await page.goto(other)
            for asked in (["GET", f"{api.url}/api/me"], ["POST", acknowledge]):
                assert await page.evaluate(ASK, asked) == "refused by the browser"
            await page.evaluate(FORM, ["POST", acknowledge])
    async with api.network.database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM alert_recipients WHERE acknowledged_at IS NOT NULL") == 0
    await page.goto(f"{api.url}/console/")
    assert await page.evaluate(ASK, ["POST", acknowledge]) == 200
    assert await page.evaluate(ASK, ["DELETE", "/api/sign-in/sessions/current"]) == 204
    assert await context.cookies() == []
