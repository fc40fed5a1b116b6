"""Opens windows for people, each in a browser profile of its own that is watched from its beginning to its end."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from playwright.async_api import Browser, ViewportSize, async_playwright, expect

from agencies.model import Person
from deploy import chromium as chromiums
from tests.console.screen import Screen
from tests.console.serving import ServedConsole
from tests.console.watching import Watch

DESKTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)
SMALLEST = (ViewportSize(width=360, height=740), ViewportSize(width=320, height=568))
# Nothing of Chromium's own may go anywhere; sound needs somebody's hand first, as on people's machines.
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--autoplay-policy=document-user-activation-required",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)
# On a machine that is busy with other things as well.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


@asynccontextmanager
async def start_chromium(*more: str) -> AsyncIterator[Browser]:
    """Start a browser, with more arguments than all are started with, for as long as the context is entered."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromiums.find(), args=[*ARGUMENTS, *more], chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        await browser.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """How somebody's machine shows things."""

    language: str = "en"
    size: ViewportSize = field(default_factory=lambda: DESKTOP)
    touch: bool = False
    scheme: Literal["light", "dark"] = "light"
    reduced_motion: bool = False
    forced_colours: bool = False
    # How far its clock is ahead of the server's.
    wrong_by: timedelta = timedelta(0)
    # The machine's own time; stories about sound need it, because a clock that tests move has no marks.
    real_time: bool = False
    # Only for a tool of the tests that must be put into the page.
    policy_off: bool = False


@dataclass(slots=True, kw_only=True)
class Browsers:
    """The windows of one test."""

    chromium: Browser
    console: ServedConsole
    screens: list[Screen] = field(default_factory=list)

    async def window(self, machine: Machine | None = None) -> Screen:
        """Open an empty window."""
        machine = machine or Machine()
        context = await self.chromium.new_context(
            viewport=machine.size,
            has_touch=machine.touch,
            is_mobile=machine.touch,
            locale=machine.language,
            timezone_id="Europe/Belgrade",
            color_scheme=machine.scheme,
            reduced_motion="reduce" if machine.reduced_motion else "no-preference",
            forced_colors="active" if machine.forced_colours else "none",
            bypass_csp=machine.policy_off,
        )
        context.set_default_timeout(PATIENCE_MS)
        watch = Watch(context, self.console.origin)
        await watch.begin()
        page = await context.new_page()
        if not machine.real_time:
            await page.clock.install(time=self.console.clock.now() + machine.wrong_by)
        screen = Screen(page=page, watch=watch, home=self.console.home, language=machine.language)
        self.screens.append(screen)
        return screen

    async def board_of(self, person: Person, machine: Machine | None = None) -> Screen:
        """Open a window and sign a person in with a link; the board is there and live."""
        screen = await self.window(machine)
        await screen.open(await self.console.address_for(person))
        await screen.until_live()
        return screen

    async def close(self) -> list[str]:
        """Close all windows; return what was seen in them that must not be."""
        for screen in self.screens:
            await screen.watch.look()
            await screen.page.context.close()
        return [fault for screen in self.screens for fault in screen.watch.faults]
