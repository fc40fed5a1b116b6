"""The past of a record in the browser: its versions, what changed between them, and the file for a court."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import expect

from client.vault import exporting
from tests.console.browsers import SMALLEST, Browsers, Machine
from tests.console.serving import ServedConsole
from tests.console.test_records import everywhere
from tests.console.test_shapes import fits
from tests.console.vaulting import Shelf, records_of, shelf
from tests.people import Scene

pytestmark = pytest.mark.slow

FIRST = "What stays\nWhat was believed at first"
SECOND = "What stays\nWhat was found to be so"
REASON = "Nalog suda, broj 7/2026 “K”"


@pytest.fixture
async def records(console: ServedConsole, story: Scene) -> Shelf:
    return await shelf(console, story)


async def test_a_file_that_the_browser_made_is_what_the_command_line_verifies(
    browsers: Browsers, records: Shelf, tmp_path: Path
) -> None:
    story = records.story
    first = await records.write(story.coordinator, FIRST)
    await records.write(story.coordinator, SECOND, record=first.record, follows=[first.hash])
    screen = await records_of(browsers, records, story.member, Machine(language="sr-Latn", size=SMALLEST[1]))
    page = screen.page
    await page.get_by_role("button", name=SECOND.split("\n", maxsplit=1)[0]).click()
    await screen.button("History, and for a court").click()
    heading = screen.words("History of a record of {codename}", codename=story.case.codename)
    await expect(page.get_by_role("heading", name=heading)).to_be_focused()
    old = page.get_by_role("article", name=screen.words("Version {number} of {count}", number=1, count=2))
    await expect(old.get_by_text(screen.words("Replaced by a later version"))).to_be_visible()
    await expect(page.get_by_text("What was believed at first")).to_have_count(0)
    await screen.button("Show what changed").click()
    changes = page.get_by_role("region", name=screen.words("What changed"))
    await expect(changes.get_by_role("deletion")).to_have_text("What was believed at first")
    await expect(changes.get_by_role("insertion")).to_have_text("What was found to be so")
    await expect(old.get_by_text("What was believed at first")).to_be_visible()
    await screen.button("Take it out for a court…").click()
    make = screen.button("Make the file")
    await expect(make).to_be_disabled()
    await (
        page.get_by_label(screen.words("Version {number} of {count}", number=1, count=2))
        .and_(page.get_by_role("checkbox"))
        .check()
    )
    await page.get_by_label(screen.words("Why: the court's order, with its number")).fill(f" {REASON} ")
    await fits(screen, "export")
    screen.watch.files.add("for-the-court.streha")
    async with page.expect_download() as downloading:
        await make.click()
    download = await downloading.value
    assert download.suggested_filename == "for-the-court.streha"
    target = tmp_path / "package"
    await download.save_as(target)
    shown = exporting.verified(target.read_bytes(), records.founded.id)
    assert [each.opened.text.decode() for each in shown.versions] == [FIRST, SECOND]
    assert [each.opened.current for each in shown.versions] == [False, True]
    assert (shown.reason, shown.exported_by.id) == (REASON, story.member.id.bytes)
    assert datetime.fromtimestamp(shown.exported_at, UTC).year == records.console.clock.now().year
    # Written down before there was a file.
    sent = [each for each in screen.sent("POST") if each.url.endswith("/exports")]
    assert len(sent) == 1


async def test_axe_finds_nothing_in_the_past_and_everything_fits(
    browsers: Browsers, records: Shelf, language: str
) -> None:
    story = records.story
    first = await records.write(story.coordinator, f"{FIRST} {'dugačkareč' * 30}")
    await records.write(story.coordinator, SECOND, record=first.record, follows=[first.hash])
    screen = await records_of(browsers, records, story.member, Machine(language=language, policy_off=True))
    await screen.page.get_by_role("button", name=SECOND.split("\n", maxsplit=1)[0]).click()
    await screen.button("History, and for a court").click()
    await screen.button("Show what changed").click()
    await expect(screen.page.get_by_role("deletion")).to_be_visible()
    await screen.button("Take it out for a court…").click()
    await everywhere(screen, "history")
