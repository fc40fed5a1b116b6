"""What stretching a passphrase costs in Python and in Chromium, in seconds and in memory, and on a slower processor.

The page of records is served as it is, without anything behind it: a bundle is opened in the page's own worker, as
unlocking does. No telephone is at hand. Of one with 2 GB this imitates a slower processor alone, by Chromium's own
emulation, on the page's thread because that slows no worker; how much memory it takes is measured and holds anywhere.
"""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nacl.bindings as sodium
import nacl.utils
from aiohttp import web
from playwright.async_api import Browser, CDPSession, Page

from crypto.vault import bundle
from server.api import console_files
from tests.bench.row import Comparison, Limit, Measure, MeasurementFailed, Row
from tests.console.browsers import start_chromium

HOST = "127.0.0.1"
PASSPHRASE = "reka most jabuka oblak"
SLOWER = 6
MIB = 1024
PATIENCE_MS = 110_000

IN_PYTHON, BARE = "unlock a bundle in Python", "bare Argon2id in Python"
IN_BROWSER, BARE_IN_BROWSER = "unlock a bundle in Chromium, in a worker", "bare Argon2id in Chromium"
SLOWED = f"bare Argon2id in Chromium, processor {SLOWER} times slower"
MEMORY = "memory that unlocking adds to the page's process at its peak"

# Returns how many milliseconds unlocking took, as the page itself does it.
UNLOCK = """
async ({ locked, whose, passphrase, secret }) => {
  const { locksmith } = await import("/console/records/locksmith.js");
  const bytes = (coded) => Uint8Array.from(atob(coded), (each) => each.charCodeAt(0));
  const owner = Object.fromEntries(Object.entries(whose).map(([name, coded]) => [name, bytes(coded)]));
  const began = performance.now();
  const keys = await locksmith.unlock(bytes(locked), owner, { kind: 1, passphrase, deviceSecret: bytes(secret) });
  return [performance.now() - began, keys.seed.length];
}
"""
STRETCH = """
async ([passphrase, passes, memory]) => {
  const { sodium } = await import("/console/vendor/vault/vault.js");
  const began = performance.now();
  const stretched = sodium.crypto_pwhash(
    32, passphrase, new Uint8Array(16), passes, memory, sodium.crypto_pwhash_ALG_ARGON2ID13,
  );
  return [performance.now() - began, stretched.length];
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Locked:
    """Locked keys of somebody invented."""

    whose: bundle.Owner
    secret: bytes
    locked: bytes

    def given(self) -> dict[str, Any]:
        """Return them as a page takes them."""
        whose = {
            "network": self.whose.network, "person": self.whose.person, "signingKey": self.whose.signing_key,
            "boxKey": self.whose.box_key,
        }  # fmt: skip
        return {
            "locked": _coded(self.locked), "whose": {name: _coded(each) for name, each in whose.items()},
            "passphrase": PASSPHRASE, "secret": _coded(self.secret),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretching:
    """The measures: each in a page of its own, so that none has what another left."""

    browser: Browser
    browser_session: CDPSession
    address: str
    locked: _Locked

    async def in_python(self) -> float:
        began = time.perf_counter()
        bundle.unlock(
            self.locked.locked, self.locked.whose, kind=bundle.Kind.DEVICE, passphrase=PASSPHRASE,
            device_secret=self.locked.secret,
        )  # fmt: skip
        return time.perf_counter() - began

    async def bare(self) -> float:
        began = time.perf_counter()
        sodium.crypto_pwhash_alg(
            32, PASSPHRASE.encode(), bytes(16), bundle.PASSES, bundle.MEMORY_KIB * 1024,
            sodium.crypto_pwhash_ALG_ARGON2ID13,
        )  # fmt: skip
        return time.perf_counter() - began

    async def in_browser(self) -> float:
        async with self._page() as page:
            return _seconds(await page.evaluate(UNLOCK, self.locked.given()))

    async def bare_in_browser(self) -> float:
        async with self._page() as page:
            return _seconds(await page.evaluate(STRETCH, _asked()))

    async def slowed(self) -> float:
        async with self._page() as page:
            # Loaded before: what counts is stretching.
            await page.evaluate('async () => { await import("/console/vendor/vault/vault.js"); }')
            session = await page.context.new_cdp_session(page)
            await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            return _seconds(await page.evaluate(STRETCH, _asked()))

    async def memory(self) -> float:
        """Return how many MiB the page's process holds at most while it unlocks, beyond what it held before."""
        async with self._page() as page:
            processes = await self._pages()
            for each in processes:
                _forget_peak(each)
            held = sum(_kib(each, "VmHWM") for each in processes)
            _seconds(await page.evaluate(UNLOCK, self.locked.given()))
            # The others, as the one that Chromium keeps in store, do nothing meanwhile.
            return (sum(_kib(each, "VmHWM") for each in processes) - held) / MIB

    async def _pages(self) -> set[int]:
        """Return the processes that hold pages."""
        told: dict[str, Any] = await self.browser_session.send("SystemInfo.getProcessInfo")
        return {each["id"] for each in told["processInfo"] if each["type"] == "renderer"}

    @asynccontextmanager
    async def _page(self) -> AsyncIterator[Page]:
        context = await self.browser.new_context()
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        await page.goto(self.address)
        await page.get_by_role("heading", name="This browser has no keys yet").wait_for()
        try:
            yield page
        finally:
            await context.close()


def _coded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _asked() -> list[str | int]:
    return [PASSPHRASE, bundle.PASSES, bundle.MEMORY_KIB * 1024]


def _seconds(told: list[float]) -> float:
    milliseconds, length = told
    if length != bundle.SECRET_BYTES:
        raise MeasurementFailed("nothing was stretched")
    return milliseconds / 1000


def _forget_peak(process: int) -> None:
    Path(f"/proc/{process}/clear_refs").write_text("5", encoding="ascii")


def _kib(process: int, what: str) -> int:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{what}:"))


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: ARG001, FBT001 (see Row)
    # It has one size: fewer passes or less memory are refused.
    async with AsyncExitStack() as resources:
        app = web.Application()
        console_files.add_to(app)
        runner = web.AppRunner(app)
        await runner.setup()
        resources.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        address = f"http://{HOST}:{runner.addresses[0][1]}{console_files.HOME}{console_files.RECORDS}"
        browser = await resources.enter_async_context(start_chromium())
        keys, secret = bundle.new_keys(), nacl.utils.random(32)
        whose = bundle.owner(keys, network=nacl.utils.random(32), person=nacl.utils.random(16))
        locked = bundle.lock(keys, whose, kind=bundle.Kind.DEVICE, passphrase=PASSPHRASE, device_secret=secret)
        stretching = _Stretching(
            browser=browser, browser_session=await browser.new_browser_cdp_session(), address=address,
            locked=_Locked(whose=whose, secret=secret, locked=locked),
        )  # fmt: skip
        yield {
            BARE: stretching.bare,
            IN_PYTHON: stretching.in_python,
            BARE_IN_BROWSER: stretching.bare_in_browser,
            IN_BROWSER: stretching.in_browser,
            SLOWED: stretching.slowed,
            MEMORY: stretching.memory,
        }


ROW = Row(
    name="stretching",
    title="Stretching a passphrase: Argon2id, 3 passes over 128 MiB, in Python and in Chromium",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=IN_PYTHON, floor=BARE),
        Comparison(measure=IN_BROWSER, floor=BARE_IN_BROWSER, at_most=1.5),
        Comparison(measure=BARE_IN_BROWSER, floor=BARE),
    ),
    # What it needs by itself is 128 MiB; a telephone with 2 GB leaves a page some hundreds.
    limits=(Limit(figure=MEMORY, at_most=192),),
    units={MEMORY: "MiB"},
    notes=(
        "Seconds by the clock on the wall: beside other load they are longer.",
        "In Chromium by libsodium.js (sumo); unlocking begins with a fresh worker and its WebAssembly, as in the page.",
        f"Slower by Chromium's emulation: {SLOWER} times, the page's thread.",
        "A telephone's memory is not imitated; how much is needed is measured, as the peak of what is resident.",
    ),
)
