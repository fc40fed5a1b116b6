"""Looks over a browser's shoulder, in every story: whatever the console must never do is a fault of that story.

It must speak to nobody but its own server, give the browser no reason to complain, break no rule of its own policy,
keep nothing but the language, and show nothing in a title, an address or a notification. What it writes and takes
away again counts too: the observer stands in the page before the page's own scripts.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from playwright.async_api import BrowserContext, ConsoleMessage, Download, Page, Request, WebError

from core.texts import LANGUAGES

TITLE = "Streha"
# What may stand in the address bar behind the origin, and in a request.
ADDRESS = re.compile(r"/console/(#(/board|/device|/drill|/other|/ways)?|records/)?")
# Of what is asked behind a `?`, positions and ids alone.
PATHS = re.compile(
    r"/(console/[a-z0-9_./-]*|api/[a-z0-9/-]+(\?before=[0-9]+)?|api/vault/[a-z0-9/-]+\?[a-z]+=[a-z0-9-]+(&[a-z]+=[a-z0-9-]+)*)?",
    re.IGNORECASE,
)
KEPT_FOR_GOOD = frozenset(f"language={each}" for each in LANGUAGES)
COMPLAINTS = frozenset({"error", "warning", "assert"})
PATIENCE_SECONDS = 60
# What Chromium says when a request fails, for stories in which requests are to fail.
FAILED_REQUEST = "Failed to load resource"
# Before a link is used the page asks whether somebody is signed in; that nobody is, is no fault.
NOBODY_YET = ("/api/board", f"{FAILED_REQUEST}: the server responded with a status of 401 (Unauthorized)")

OBSERVER = """
(() => {
  if (location.protocol !== "http:") return;
  const tell = (kind, what) => globalThis.observed(kind, String(what));
  addEventListener("securitypolicyviolation", (event) => tell("policy", event.violatedDirective), true);
  let title = "";
  new MutationObserver(() => {
    if (document.title !== title) tell("title", (title = document.title));
  }).observe(document, { subtree: true, childList: true, characterData: true });
  const before = (owner, name, act) => {
    const original = owner[name];
    owner[name] = function (...given) {
      act(...given);
      return original.apply(this, given);
    };
  };
  for (const name of ["pushState", "replaceState"]) {
    before(History.prototype, name, (state, _unused, address) => {
      tell("address", new URL(address ?? "", location.href));
      if (state !== null) tell("kept", `history: ${JSON.stringify(state)}`);
    });
  }
  before(Storage.prototype, "setItem", (key, value) => tell("stored", `${key}=${value}`));
  before(IDBFactory.prototype, "open", (name) => tell("kept", `database ${name}`));
  before(CacheStorage.prototype, "open", (name) => tell("kept", `cache ${name}`));
  before(ServiceWorkerContainer.prototype, "register", (script) => tell("kept", `worker ${script}`));
  const cookie = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
  Object.defineProperty(Document.prototype, "cookie", { ...cookie, set: (text) => tell("kept", `cookie ${text}`) });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) tell("mark", entry.name);
  }).observe({ type: "mark" });
  const { start } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (...given) {
    tell("plays", this.buffer.duration.toFixed(2));
    return start.apply(this, given);
  };
  before(AudioScheduledSourceNode.prototype, "stop", () => tell("stops", ""));
  globalThis.Notification = class {
    static permission = "default";
    static requestPermission = async () => "denied";
    constructor(heading, told) { tell("notification", `${heading} ${JSON.stringify(told)}`); }
  };
})()
"""
KEPT = """
async () => ({
  title: document.title,
  state: history.state,
  stored: [localStorage, sessionStorage].flatMap((each) => Object.entries(each)),
  databases: (await indexedDB.databases()).map((each) => each.name),
  caches: await caches.keys(),
  scripts: document.cookie,
})
"""


class Watch:
    """What was seen of one browser's doings; `faults` are those that must not be."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self._context = context
        self._origin = origin
        self._expected: list[re.Pattern[str]] = []
        # What may be kept, where a story is of the page that remembers something.
        self.databases: set[str] = set()
        self._marks: Counter[str] = Counter()
        self._news = asyncio.Event()
        # Every sound that began, by its length; and how many were begun and not stopped.
        self.played: list[str] = []
        self.playing = 0
        self.faults: list[str] = []
        # Files that a hand asks for, by their names.
        self.files: set[str] = set()
        # Every title, address, entry, request, mark and remark.
        self.seen: list[str] = []
        self.requests: list[Request] = []

    def expect(self, complaint: str) -> None:
        """Let the browser complain so, from now on, because the story makes it."""
        self._expected.append(re.compile(complaint))

    def times(self, mark: str) -> int:
        """Return how often the page has left a mark."""
        return self._marks[mark]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds of what was seen."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def begin(self) -> None:
        """Begin to look; before the first page."""
        await self._context.expose_binding("observed", self._observed)
        await self._context.add_init_script(OBSERVER)
        self._context.on("request", self._requested)
        self._context.on("console", self._complained)
        self._context.on("weberror", self._failed)
        self._context.on("page", self._opened)

    async def look(self) -> None:
        """Look at what there is now; at the end, at what is left."""
        for page in self._context.pages:
            await self._look_at(page)
        for cookie in await self._context.cookies():
            if not (cookie.get("httpOnly") and cookie.get("secure") and cookie.get("sameSite") == "Strict"):
                self.faults.append(f"a cookie that is not strict: {cookie.get('name')}")

    async def _look_at(self, page: Page) -> None:
        if not page.url.startswith(self._origin):
            return
        kept: dict[str, Any] = await page.evaluate(KEPT)
        self._titled(kept["title"])
        self._at(page.url)
        for key, value in kept["stored"]:
            self._stored(f"{key}={value}")
        kept["databases"] = [each for each in kept["databases"] if each not in self.databases]
        for name in ("state", "databases", "caches", "scripts"):
            if kept[name]:
                self.faults.append(f"kept: {name} {kept[name]}")

    def _observed(self, _source: object, kind: str, what: str) -> None:
        self.seen.append(what)
        self._news.set()
        match kind:
            case "title":
                self._titled(what)
            case "address":
                self._at(what)
            case "stored":
                self._stored(what)
            case "mark":
                self._marks[what] += 1
            case "plays":
                self.played.append(what)
                self.playing += 1
            case "stops":
                self.playing -= 1
            case "kept" if what.removeprefix("database ") in self.databases:
                pass
            case _:
                self.faults.append(f"{kind}: {what}")

    def _titled(self, title: str) -> None:
        if title != TITLE:
            self.faults.append(f"the title {title!r}")

    def _at(self, address: str) -> None:
        if not ADDRESS.fullmatch(address.removeprefix(self._origin)):
            self.faults.append(f"the address {address}")

    def _stored(self, entry: str) -> None:
        if entry not in KEPT_FOR_GOOD:
            self.faults.append(f"stored: {entry}")

    def _requested(self, request: Request) -> None:
        self.requests.append(request)
        self.seen.append(request.url)
        own = request.url.startswith(self._origin + "/")
        path = request.url.removeprefix(self._origin).partition("#")[0]
        if not own or not PATHS.fullmatch(path):
            self.faults.append(f"a request of {request.url}")
        if request.headers.get("referer"):
            self.faults.append(f"a request that tells its page: {path} {request.headers['referer']}")

    def _complained(self, message: ConsoleMessage) -> None:
        told, where = message.text, message.location["url"]
        self.seen.append(told)
        expected = (where.removeprefix(self._origin), told) == NOBODY_YET or any(
            each.search(told) for each in self._expected
        )
        if message.type in COMPLAINTS and not expected:
            self.faults.append(f"{message.type}: {told} ({where})")

    def _failed(self, error: WebError) -> None:
        self.faults.append(f"uncaught: {error.error}")

    def _saved(self, download: Download) -> None:
        if download.suggested_filename not in self.files:
            self.faults.append("a download")

    def _opened(self, page: Page) -> None:
        page.on("websocket", lambda _: self.faults.append("a web socket"))
        page.on("popup", lambda _: self.faults.append("another window"))
        page.on("download", self._saved)
