"""One person's window: what is on it, found as people find it, and what hands do with it.

Everything is looked up by role and by the words of the catalogues, in the window's language.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from playwright.async_api import Locator, Page, Request, expect

from core.texts import javascript, render
from core.texts.check import MODULES
from server.api.console_files import FOLDER
from tests.console.watching import Watch

HOLD = timedelta(seconds=1.5)
# The longest time the console waits before it tries again.
LONGEST_PAUSE = timedelta(seconds=16)
Finger = Callable[..., Awaitable[None]]
# Whether all of something can be seen: within the window, and with nothing over its edges.
IN_SIGHT = """
(element) => {
  const { top, bottom, left, width, height } = element.getBoundingClientRect();
  const seen = (y) => element.contains(document.elementFromPoint(left + width / 2, y));
  return height > 0 && top >= 0 && bottom <= innerHeight && seen(top + 2) && seen(bottom - 2);
}
"""
# Anything that stands in for a parameter whose value is not the point.
ANYTHING = "\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """A window with the console in it."""

    page: Page
    watch: Watch
    home: str
    language: str

    async def open(self, address: str = "") -> None:
        """Go to an address, or to the console without a link."""
        await self.page.goto(address or self.home)

    async def another(self) -> Screen:
        """Return another window of the same browser."""
        return replace(self, page=await self.page.context.new_page())

    def words(self, sentence: str, /, **parameters: object) -> str:
        """Return a sentence in the window's language; it must be one that the console says."""
        assert sentence in sentences(), f"the console does not say: {sentence}"
        return render(sentence, self.language, **parameters)

    def like(self, sentence: str, /, **parameters: object) -> re.Pattern[str]:
        """Return a pattern of a sentence, in which the parameters that are `ANYTHING` may be anything."""
        written = re.escape(self.words(sentence, **parameters))
        return re.compile(written.replace(re.escape(ANYTHING), ".*"))

    def button(self, sentence: str, /, **parameters: object) -> Locator:
        """Return the button that is called so."""
        return self.page.get_by_role("button", name=self.words(sentence, **parameters), exact=True)

    def region(self, sentence: str, /, **parameters: object) -> Locator:
        """Return the part of the screen that is called so."""
        return self.page.get_by_role("region", name=self.like(sentence, **parameters))

    def alert(self, codename: str) -> Locator:
        """Return the card of a real alert on the board."""
        return self.page.get_by_role("article", name=f"{self.words('ALERT')} {codename}", exact=True)

    def drill(self, codename: str) -> Locator:
        """Return the card of an exercise on the board."""
        return self.page.get_by_role("article", name=f"{self.words('EXERCISE')} {codename}", exact=True)

    @property
    def panic(self) -> Locator:
        """The button that calls for help."""
        return self.page.get_by_role("button", name=re.compile(f"^{re.escape(self.words('Panic'))}"))

    @property
    def own_alert(self) -> Locator:
        """What is told of this person's own raise."""
        return self.page.get_by_role("group", name=self.words("Your alert"), exact=True).or_(
            self.page.get_by_role("group", name=self.words("Your drill"), exact=True)
        )

    @property
    def own_drill(self) -> Locator:
        """What is told of this person's own drill."""
        return self.page.get_by_role("group", name=self.words("Your drill"), exact=True)

    async def until_live(self) -> None:
        """Wait until the board is there and follows the live stream."""
        await expect(self.text("Last updated {time} · live", time=ANYTHING)).to_be_visible()

    async def until(self, what: Locator) -> None:
        """Let time pass until something is on the screen, however many attempts the console needs for it."""
        for _ in range(8):
            await self.pass_time(LONGEST_PAUSE)
            with suppress(AssertionError):
                await expect(what).to_be_visible(timeout=2000)
                return
        await expect(what).to_be_visible()

    async def until_live_again(self) -> None:
        """Let time pass until the board follows the live stream, whatever attempt was under way before."""
        await self.until(self.text("Last updated {time} · live", time=ANYTHING))

    def text(self, sentence: str, /, **parameters: object) -> Locator:
        """Return what says so, and nothing that only speaks to a screen reader."""
        return self.page.locator("#app .page").get_by_text(self.like(sentence, **parameters))

    def spoken(self, sentence: str, /, **parameters: object) -> Locator:
        """Return what a screen reader says so by itself."""
        return self.page.locator("[aria-live]").get_by_text(self.like(sentence, **parameters))

    async def shows(self, what: Locator) -> None:
        """Require that something is seen whole, without scrolling."""
        await expect(what).to_be_visible()
        assert await what.evaluate(IN_SIGHT), await what.inner_text()

    async def speak(self, language: str) -> Screen:
        """Choose a language; return the screen in it."""
        await self.page.get_by_role("combobox", name=self.words("Language")).select_option(language)
        await expect(self.page.locator(f"html[lang={language}]")).to_be_attached()
        return replace(self, language=language)

    def sent(self, method: str) -> list[Request]:
        """Return the requests of a method that were sent so far."""
        return [each for each in self.watch.requests if each.method == method]

    @asynccontextmanager
    async def answered(self, method: str) -> AsyncIterator[None]:
        """Wait until what is done while the context is entered was answered by the API."""
        async with self.page.expect_response(lambda response: response.request.method == method):
            yield

    async def pass_time(self, by: timedelta) -> None:
        """Let time pass in the browser, with everything that falls due meanwhile."""
        await self.page.clock.run_for(round(by.total_seconds() * 1000))

    async def put_moment(self, field: Locator, at: datetime) -> None:
        """Put a field for day and hour to a moment, as the clock of the machine shows it."""
        local = await self.page.evaluate(
            "(at) => { const day = new Date(at); day.setMinutes(day.getMinutes() - day.getTimezoneOffset());"
            " return day.toISOString().slice(0, 16); }",
            at.isoformat(),
        )
        await field.fill(local)

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """Let the browser's time stand still while the context is entered, but for what `pass_time` lets pass."""
        now = await self.page.evaluate("Date.now()")
        await self.page.clock.pause_at(datetime.fromtimestamp(now / 1000 + 1, UTC))
        yield
        await self.page.clock.resume()

    async def hold(self, what: Locator, how: str = "mouse", *, during: timedelta = HOLD) -> None:
        """Hold a button for some time, with a mouse, a finger or a key, and let go."""
        async with self.still(), self.holding(what, how):
            await self.pass_time(during)

    @asynccontextmanager
    async def holding(self, what: Locator, how: str = "mouse") -> AsyncIterator[None]:
        """Hold a button while the context is entered."""
        match how:
            case "mouse":
                await self.page.mouse.move(*await _middle(what))
                await self.page.mouse.down()
                yield
                await self.page.mouse.up()
            case "finger":
                async with self._finger() as finger:
                    x, y = await _middle(what)
                    await finger("touchStart", x, y)
                    # No finger holds quite still.
                    await finger("touchMove", x + 12, y - 6)
                    yield
                    await finger("touchEnd")
            case key:
                await what.focus()
                await self.page.keyboard.down(key)
                yield
                await self.page.keyboard.up(key)

    @asynccontextmanager
    async def _finger(self) -> AsyncIterator[Finger]:
        session = await self.page.context.new_cdp_session(self.page)

        async def move(kind: str, *at: float) -> None:
            points = [{"x": at[0], "y": at[1]}] if at else []
            await session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        yield move
        await session.detach()


@cache
def sentences() -> frozenset[str]:
    """Return every sentence that the console's modules mark."""
    modules = [path.read_text() for pattern in MODULES for path in FOLDER.glob(pattern)]
    return frozenset(sentence for module in modules for sentence, _ in javascript.marked(module))


async def _middle(what: Locator) -> tuple[float, float]:
    await what.scroll_into_view_if_needed()
    box = await what.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
