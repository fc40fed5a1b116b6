"""A browser that lets a page have less memory than a passphrase takes: told in a sentence, and nothing is lost."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.console.browsers import Browsers, start_chromium
from tests.console.serving import ServedConsole
from tests.console.test_records import PAIRING
from tests.console.test_records_malice import TOO_HARD
from tests.console.vaulting import choose, locked_page, shelf, unlock
from tests.people import Scene

pytestmark = pytest.mark.slow

# In pages of 64 KiB: Argon2id's 128 MiB and nothing else; and a little more than that.
TOO_FEW, ENOUGH = 2048, 2304


@pytest.mark.parametrize("pages", [TOO_FEW, ENOUGH])
async def test_too_little_memory_is_said_and_a_little_more_suffices(
    console: ServedConsole, story: Scene, pages: int
) -> None:
    records = await shelf(console, story)
    async with start_chromium(f"--js-flags=--wasm-max-mem-pages={pages}") as chromium:
        browsers = Browsers(chromium=chromium, console=console)
        screen = await locked_page(browsers, records, story.member)
        before, pairing = await records.bundles(story.member), await screen.page.evaluate(PAIRING)
        await unlock(screen)
        if pages == TOO_FEW:
            await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(TOO_HARD))
            assert await records.bundles(story.member) == before
            assert await screen.page.evaluate(PAIRING) == pairing
        else:
            await choose(screen, records)
        faults = await browsers.close()
        assert not faults, "\n".join(faults)
