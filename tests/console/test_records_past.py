"""The past of a record in the browser: its versions, what changed between them, and the file for a court."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import expect

from cases.trust.deeds import Add, Approve, Close, Hold, Keep, Release, Remove
from cases.trust.grants import HistoryGrant, write_history_grant
from client.vault import exporting
from crypto.vault import history, statement
from tests.console.browsers import SMALLEST, Browsers, Machine
from tests.console.serving import ServedConsole
from tests.console.test_records import everywhere
from tests.console.test_shapes import fits
from tests.console.vaulting import Shelf, records_of, shelf
from tests.people import Scene
from tests.vault_clients import text

pytestmark = [pytest.mark.slow, pytest.mark.long]

FIRST = "What stays\nWhat was believed at first"
SECOND = "What stays\nWhat was found to be so"
REASON = "Nalog suda, broj 7/2026 “K”"

NOT_GIVEN = (
    "This version is from before you were a member, and nobody has given it to you. Ask a member who can read it to "
    "run: streha record share"
)


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


async def test_a_legal_hold_how_long_it_is_kept_and_the_end_are_shown(browsers: Browsers, records: Shelf) -> None:
    story, founded = records.story, records.founded
    await records.write(story.coordinator, FIRST)
    at = founded.now + 3600
    for deed in (Hold(), Keep(until=at)):
        assert (await (await records.circle(story.coordinator)).decide(deed)).status == 200
    screen = await records_of(browsers, records, story.member, Machine(policy_off=True))
    page = screen.page
    held = screen.words(
        "Under legal hold: nothing here can be erased, and it cannot be closed, until two agencies release it."
    )
    await expect(page.get_by_text(held)).to_be_visible()
    kept = screen.words("What is sealed here is kept until {time} at least.", time="|").split("|")[0]
    await expect(page.get_by_text(kept)).to_be_visible()
    await everywhere(screen, "held")

    release = Release(until=founded.now + 3000)
    entry = (await records.circle(story.coordinator)).member_entry(release)
    assert (await (await records.circle(story.coordinator)).put(entry)).status == 200
    approval = Approve(proposal=statement.hash_of(entry))
    assert (await (await records.circle(story.deputy)).decide(approval)).status == 200
    assert (await (await records.circle(story.coordinator)).decide(Close())).status == 200
    await screen.button("Look for news").click()
    await expect(page.get_by_text(held)).to_have_count(0)
    await expect(page.get_by_text(screen.words("Closed: nothing is written here any more."))).to_be_visible()


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


async def test_what_was_before_ones_time_opens_once_somebody_has_given_it(browsers: Browsers, records: Shelf) -> None:
    story, founded = records.story, records.founded
    member = story.member.id.bytes
    assert (await (await records.circle(story.coordinator)).decide(Remove(person=member))).status == 200
    assert (await (await records.circle(story.coordinator)).begin_epoch(os.urandom(32))).status == 200
    first = await records.write(story.coordinator, FIRST)
    second = await records.write(story.coordinator, SECOND, record=first.record, follows=[first.hash])
    assert (await (await records.circle(story.coordinator)).decide(Add(person=member))).status == 200
    circle = await records.circle(story.coordinator)
    now = {second.version: (second.record, second.key)}
    assert (await circle.begin_epoch(os.urandom(32), now)).status == 200
    screen = await records_of(browsers, records, story.member)
    await screen.page.get_by_role("button", name=SECOND.split("\n", maxsplit=1)[0]).click()
    await screen.button("History, and for a court").click()
    old = screen.page.get_by_role("article", name=screen.words("Version {number} of {count}", number=1, count=2))
    await old.get_by_role("button").click()
    await expect(old.get_by_text(NOT_GIVEN)).to_be_visible()
    whose = {"network": founded.id, "compartment": circle.id.bytes, "member": member}
    key = circle.logs.network.now.people[member].box_key
    given = HistoryGrant(
        log=circle.id.bytes, member=member, by=story.coordinator.id.bytes, at=founded.now,
        versions=[first.version.bytes],
        grant=history.grant({first.version.bytes: first.key}, member_key=key, **whose),
    )  # fmt: skip
    statement = write_history_grant(founded.seed(story.coordinator), founded.id, given)
    body = {"member": str(story.member.id), "statement": text(statement)}
    answer = await founded.ask(story.coordinator, "POST", f"{circle.path}/history", body)
    assert answer.status == 204, answer.body
    await old.get_by_role("button").click()
    await expect(old.get_by_text("What was believed at first")).to_be_visible()
