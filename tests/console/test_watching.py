"""Whoever watches over the stories sees what must not be: each kind of fault is made once, on purpose."""

from __future__ import annotations

import pytest

from tests.console.browsers import Browsers
from tests.console.watching import FAILED_REQUEST
from tests.people import Scene

pytestmark = pytest.mark.slow

FAULTS = {
    "the title 'Ana'": "document.title = 'Ana'",
    "the address http://127.0.0.1": "history.pushState(null, '', '/console/?case=lipa')",
    "kept: history:": "history.replaceState({ name: 'Ana' }, '', location.href)",
    "stored: draft=Ana": "localStorage.setItem('draft', 'Ana'); localStorage.removeItem('draft')",
    "stored: last=Ana": "sessionStorage.last = 'Ana'",
    "kept: database names": "indexedDB.open('names')",
    "kept: cache names": "caches.open('names')",
    "kept: cookie name=Ana": "document.cookie = 'name=Ana'",
    "a request of http://127.0.0.1": "fetch('/api/board?name=Ana')",
    "policy: connect-src": "fetch('https://elsewhere.example/').catch(() => {})",
    "policy: img-src": "new Image().src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='",
    "policy: require-trusted-types-for": "try { document.body.innerHTML = '<b>' } catch {}",
    "error: help": "console.error('help')",
    "uncaught: lost": "Promise.reject(new Error('lost'))",
    "notification: Ana": "new Notification('Ana', { body: 'Lipa' })",
    "another window": "open('about:blank')",
}
# What the page tells comes in order: after this nothing of it is on its way any more.
A_WHILE = "() => new Promise((seen) => requestAnimationFrame(() => setTimeout(seen, 50)))"


async def test_every_kind_of_fault_is_seen(browsers: Browsers, story: Scene) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    assert screen.watch.faults == []
    for fault, script in FAULTS.items():
        await screen.page.evaluate(f"() => {{ {script}; }}")
        await screen.page.evaluate(A_WHILE)
        await screen.watch.look()
        assert [each for each in screen.watch.faults if each.startswith(fault)], (fault, screen.watch.faults)
    for page in screen.page.context.pages:
        await page.close()
    await screen.page.context.clear_cookies()
    screen.watch.faults.clear()
