"""A text on its way into a sealed record: never lost, never written twice, never put over what its author has not read.

Answers are lost, servers say what is not so, others write meanwhile, and pages are left.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from playwright.async_api import Route, expect

from cases.trust import records as record_deeds
from cases.trust.deeds import Remove
from crypto.vault.log import Kind
from tests.console.browsers import Browsers
from tests.console.screen import Screen
from tests.console.serving import ServedConsole
from tests.console.test_records import FORKED, HELD_BACK, KEPT, rewrite_last, write
from tests.console.vaulting import Shelf, choose, records_of, shelf, unlock
from tests.people import Network, Scene
from tests.vault_clients import text

pytestmark = pytest.mark.slow

MINE = "What I have seen today"
ALTERED = (
    "What the server gave is not what people have signed. Nothing of it was used. Tell whoever leads the case, and the "
    "operator."
)
MAY_STAND = "It was sent before, and may stand in the records already. Throwing it away takes nothing out of them."
NEWER = (
    "Somebody has written here meanwhile. Nothing of yours is saved yet, and nothing is lost. Read what is new, then "
    "decide."
)
ANOTHER_CASE = (
    "This codename meant another case before. Nothing was opened. Ring whoever leads the case, and tell the operator."
)


@pytest.fixture
async def records(console: ServedConsole, story: Scene) -> Shelf:
    return await shelf(console, story)


async def begin(screen: Screen, words: str = MINE) -> None:
    """Begin a new record."""
    await screen.button("Write a new record").click()
    await screen.page.get_by_label(screen.words("Text"), exact=True).fill(words)


async def versions(records: Shelf) -> int:
    """Return how many versions stand in the records' log."""
    circle = await records.circle(records.story.coordinator)
    return len(circle.logs.records.versions)


async def sends(screen: Screen, what: str, act: Callable[[Route], Awaitable[None]]) -> None:
    """Let something happen to each request that writes to a log."""

    async def each(route: Route) -> None:
        await (act(route) if route.request.method == "POST" else route.continue_())

    await screen.page.route(f"**/api/vault/compartments/*/{what}", each)


async def test_a_lost_answer_makes_no_second_record(browsers: Browsers, records: Shelf) -> None:
    screen = await records_of(browsers, records, records.story.member)

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await sends(screen, "records", lose)
    await begin(screen)
    # The page looks before it says anything: the text is there.
    await screen.button("Seal and save").click()
    await expect(screen.page.get_by_role("article")).to_contain_text(MINE)
    assert await versions(records) == 1


async def test_where_nothing_answers_any_more_saving_again_finds_what_was_stored(
    browsers: Browsers, records: Shelf
) -> None:
    screen = await records_of(browsers, records, records.story.member)
    gone = False

    async def lose(route: Route) -> None:
        nonlocal gone
        if not gone and route.request.method == "POST":
            await route.fetch()
            gone = True
        await (route.abort() if gone else route.continue_())

    await screen.page.route("**/api/vault/compartments/**", lose)
    await begin(screen)
    await screen.button("Seal and save").click()
    await expect(screen.page.get_by_role("alert")).to_be_visible()
    await expect(screen.page.get_by_label(screen.words("Text"), exact=True)).to_have_value(MINE)
    # The page is left as it is, and comes back to a server that answers.
    await screen.page.unroute("**/api/vault/compartments/**")
    await screen.page.reload()
    await unlock(screen)
    await choose(screen, records)
    await expect(screen.text("Saved. The members of this case can read it.")).to_be_visible()
    await expect(screen.page.get_by_role("button", name=MINE)).to_be_visible()
    assert await versions(records) == 1
    assert not (await screen.page.evaluate(KEPT))["drafts"]


async def test_stored_is_believed_only_when_it_is_seen(browsers: Browsers, records: Shelf) -> None:
    screen = await records_of(browsers, records, records.story.member)

    async def lie(route: Route) -> None:
        await route.fulfill(json={"length": 1})

    await sends(screen, "records", lie)
    await begin(screen)
    await screen.button("Seal and save").click()
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(HELD_BACK))
    # The text is there to be copied, and to be gone on with once the server is honest.
    kept = screen.page.get_by_label(
        screen.words("Begun in {codename}, not saved", codename=records.story.case.codename), exact=True
    )
    await expect(kept).to_have_value(MINE)
    assert MINE not in str(await screen.page.evaluate(KEPT))
    await screen.page.unroute("**/api/vault/compartments/*/records")
    await screen.button("Go on writing it").click()
    await screen.button("Seal and save").click()
    await expect(screen.page.get_by_role("article")).to_contain_text(MINE)
    assert await versions(records) == 1


async def test_what_is_being_saved_is_not_thrown_away(browsers: Browsers, records: Shelf) -> None:
    screen = await records_of(browsers, records, records.story.member)
    come, go = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        come.set()
        await go.wait()
        await route.abort()

    await sends(screen, "records", hold)
    await begin(screen)
    await screen.button("Do not save…").click()
    await expect(screen.text(MAY_STAND)).to_have_count(0)
    await screen.button("Seal and save").click()
    await come.wait()
    await expect(screen.button("Throw the text away")).to_be_disabled()
    go.set()
    # It may have come through: whoever throws it away now is told.
    await expect(screen.button("Throw the text away")).to_be_enabled()
    await expect(screen.text(MAY_STAND)).to_be_visible()


async def test_an_epoch_that_is_said_to_have_begun_and_has_not_is_asked_for_once(
    browsers: Browsers, records: Shelf
) -> None:
    story = records.story
    screen = await records_of(browsers, records, story.member)
    circle = await records.circle(story.coordinator)
    stay = {story.coordinator.id, story.deputy.id, story.member.id}
    gone = next(each for each in story.case.core.member_ids if each not in stay)
    assert (await circle.decide(Remove(person=gone.bytes))).status == 200
    asked = 0

    async def lie(route: Route) -> None:
        nonlocal asked
        asked += 1
        await route.fulfill(json={"length": 99})

    await sends(screen, "members", lie)
    await begin(screen)
    await screen.button("Seal and save").click()
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(HELD_BACK))
    assert asked == 1


async def test_what_is_new_is_read_before_it_is_replaced(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    first = await records.write(story.coordinator, "The first")
    screen = await records_of(browsers, records, story.member)
    await screen.page.get_by_role("button", name="The first").click()
    await screen.button("Write the next version").click()
    box = screen.page.get_by_label(screen.words("Text"), exact=True)
    await box.fill("Mine")
    theirs = await records.write(story.coordinator, "Theirs", record=first.record, follows=[first.hash])
    await screen.button("Seal and save").click()
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(NEWER))
    await expect(screen.page.get_by_role("article")).to_contain_text("Theirs")
    assert await versions(records) == 2
    # A third comes before it is decided: that, too, is to be read first.
    await box.fill("Mine and theirs")
    last = await records.write(story.deputy, "The last", record=first.record, follows=[theirs.hash])
    replace = screen.button("Save in its place: mine holds what is right of both")
    await replace.click()
    await expect(screen.page.get_by_role("article")).to_contain_text("The last")
    assert await versions(records) == 3
    await replace.click()
    await expect(screen.page.get_by_role("article")).to_contain_text("Mine and theirs")
    circle = await records.circle(story.coordinator)
    (name,) = circle.logs.records.current[first.record.bytes]
    assert circle.logs.records.versions[name].write.follows == [last.hash]


async def test_a_text_whose_record_was_erased_becomes_a_new_one(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    first = await records.write(story.coordinator, "The first")
    screen = await records_of(browsers, records, story.member)
    await screen.page.get_by_role("button", name="The first").click()
    await screen.button("Write the next version").click()
    await screen.page.get_by_label(screen.words("Text"), exact=True).fill(MINE)
    circle = await records.circle(story.coordinator)
    answer = await circle.put_record(
        {"entry": text(circle.record_entry(record_deeds.Erase(record=first.record.bytes)))}
    )
    assert answer.status == 200, answer.body
    await screen.button("Seal and save").click()
    erased = "This record was erased meanwhile. Nothing was saved; your text is still here."
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(erased))
    await screen.button("Make it a new record").click()
    await write(screen, MINE)


async def test_a_text_whose_case_is_gone_can_be_copied(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    screen = await records_of(browsers, records, story.member)
    await begin(screen)
    await screen.button("Lock now").click()
    circle = await records.circle(story.coordinator)
    assert (await circle.decide(Remove(person=story.member.id.bytes))).status == 200
    await screen.page.reload()
    await unlock(screen)
    label = screen.words("Begun in a case that you are in no more, not saved")
    kept = screen.page.get_by_label(label, exact=True)
    await expect(kept).to_have_value(MINE)
    await screen.button("Select all of it, to copy").click()
    assert await screen.page.evaluate("() => String(getSelection())") == MINE
    await screen.button("Throw it away…").click()
    await screen.button("Throw the text away").click()
    await expect(kept).to_have_count(0)
    assert not (await screen.page.evaluate(KEPT))["drafts"]


async def test_a_tab_that_knows_less_takes_nothing_back(browsers: Browsers, records: Shelf, network: Network) -> None:
    story = records.story
    await records.write(story.coordinator, "The first")
    screen = await records_of(browsers, records, story.member)
    other = await screen.another()
    await records.write(story.coordinator, "The second")
    await other.open(f"{screen.home}records/")
    await unlock(other)
    await choose(other, records)
    await expect(other.page.get_by_text("The second")).to_be_visible()
    # The server goes back to what the first tab knows: it agrees with that tab, and not with the browser's memory.
    async with network.database.transaction() as tx:
        named = (int(Kind.RECORDS), story.case.core.id)
        await tx.run("DELETE FROM vault_entries WHERE kind = $1 AND log = $2 AND number = 1", *named)
        await tx.run("UPDATE vault_logs SET length = 1 WHERE kind = $1 AND log = $2", *named)
    await screen.button("Look for news").click()
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(HELD_BACK))


async def test_what_nobody_could_have_signed_there_is_no_fork(
    browsers: Browsers, records: Shelf, network: Network
) -> None:
    story = records.story
    await records.write(story.coordinator, "The first")
    screen = await records_of(browsers, records, story.member)
    records.console.api.network.seeds[story.coordinator.id], real = (
        os.urandom(32),
        records.founded.seed(story.coordinator),
    )
    await rewrite_last(records, network)
    records.console.api.network.seeds[story.coordinator.id] = real
    await screen.button("Look for news").click()
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(ALTERED))
    assert not (await screen.page.evaluate(KEPT))["forks"]


async def test_what_an_author_saw_of_another_log_is_proof_against_that_log(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    await records.write(story.coordinator, "The first")
    screen = await records_of(browsers, records, story.member)
    circle = await records.circle(story.coordinator)
    await records.write(story.coordinator, "The second")
    # The author was shown another last entry of the members' log than this browser.
    circle.logs.members.hashes[-1] = os.urandom(32)
    deed = record_deeds.Write(
        record=os.urandom(16), version=os.urandom(16), kind="note", content=bytes(32), promise=bytes(32), follows=[]
    )
    entry = circle.record_entry(deed)

    async def lie(route: Route) -> None:
        answer = await (await route.fetch()).json()
        await route.fulfill(json={**answer, "records": [*answer["records"][:-1], text(entry)]})

    await screen.page.route(re.compile(r"/api/vault/compartments/[0-9a-f-]+\?"), lie)
    await screen.button("Look for news").click()
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(FORKED))
    kinds = await screen.page.evaluate(
        """
        () => new Promise((done) => {
          indexedDB.open("streha").onsuccess = ({ target: { result } }) => {
            result.transaction("forks").objectStore("forks").getAll().onsuccess = (event) => {
              result.close();
              done(event.target.result.map((each) => each.kind));
            };
          };
        })
        """
    )
    assert kinds == [int(Kind.MEMBERSHIP)]


async def test_a_codename_goes_on_meaning_what_it_meant_at_first(browsers: Browsers, records: Shelf) -> None:
    screen = await records_of(browsers, records, records.story.member)

    async def lie(route: Route) -> None:
        answer = await (await route.fetch()).json()
        channels = [{**each, "compartment": str(uuid4())} for each in answer["channels"]]
        await route.fulfill(json={**answer, "channels": channels})

    await screen.page.route("**/api/board", lie)
    await screen.page.reload()
    await unlock(screen)
    await screen.page.get_by_role("button", name=records.story.case.codename, exact=True).click()
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(ANOTHER_CASE))
