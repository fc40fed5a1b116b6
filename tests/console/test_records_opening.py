"""Links, keys and locking on the page of sealed records: nobody's keys and nobody's session change unasked."""

from __future__ import annotations

import os
from uuid import UUID

import pytest
from playwright.async_api import expect

from agencies.model import Person
from cases.trust.deeds import Add, Remove
from crypto.vault.log import Kind
from tests.console.browsers import Browsers, Machine
from tests.console.screen import Screen
from tests.console.serving import ServedConsole
from tests.console.test_records import KEPT, PAIRING, everywhere
from tests.console.vaulting import DATABASE, Shelf, choose, records_of, shelf, unlock
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene

pytestmark = [pytest.mark.slow, pytest.mark.long]

SECRET = "Tiha čaplja spava kod tetke."
OFFERED = "A link was opened here"
LEAVE = "Leave everything as it is"
TAKE = "Take what the link brings"
GO_AWAY = (
    "This browser has the keys of {person}. With this link they go away, with all that it remembers. Texts that were "
    "begun here stay sealed until they are back."
)
ANEW = (
    "This browser has the keys of {person}. The link brings them anew, and the same passphrase as on the machine that "
    "made it opens them."
)
SPENT = "This link was used before, or is too old. Nothing was taken from it. Have another one made: streha console"
USED = (
    "The keys that this link brings were taken before, and are not there any more. The keys of this browser are as "
    "they were. For new ones, run: streha console --with-keys"
)
SIGNED_IN = "You are signed in as {person}. Signing in with this link ends that."
NO_WRAP = (
    "The key of a record by {person} cannot be had: what the server holds of it is missing or broken. No new keys were "
    "made and nothing was saved. Tell the operator, and whoever leads the case."
)
# The machine sleeps: its clock goes on, and none of the page's timers.
SLEEP = "(ms) => { const now = Date.now.bind(Date); Date.now = () => now() + ms; dispatchEvent(new Event('focus')); }"


@pytest.fixture
async def records(console: ServedConsole, story: Scene) -> Shelf:
    made = await shelf(console, story)
    await made.write(story.coordinator, SECRET)
    return made


def named(person: Person, story: Scene) -> str:
    """Return how the directory names somebody."""
    offices = (story.shelter, story.police, story.welfare, story.ngo)
    agency = next(each.agency for each in offices if each.agency.id == person.agency_id)
    return f"{person.name} ({agency.name})"


async def is_locked(screen: Screen) -> None:
    """Require that the records are locked, and that nothing of them is on the screen."""
    await expect(screen.page.get_by_role("heading", name=screen.words("The records are locked"))).to_be_visible()
    await expect(screen.page.get_by_text(SECRET)).to_have_count(0)


async def put_into_address(screen: Screen, link: str) -> None:
    """Put a link into the address of the page that is open; it stands there no more at once."""
    await screen.page.evaluate("(hash) => { location.hash = hash; }", link.partition("#")[2])
    await screen.page.wait_for_function("location.hash === ''")


async def test_a_link_of_another_changes_nothing_unless_somebody_wants_it(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    screen = await records_of(browsers, records, story.member)
    before = await screen.page.evaluate(PAIRING)
    await put_into_address(screen, await records.link(story.coordinator))
    region = screen.region(OFFERED)
    await expect(region).to_contain_text(screen.words(GO_AWAY, person=named(story.member, story)))
    await expect(region).to_contain_text(screen.words(SIGNED_IN, person=story.member.name))
    await screen.button(LEAVE).click()
    await expect(region).to_have_count(0)
    assert await screen.page.evaluate(PAIRING) == before
    # Whoever is signed in still is, and their keys are still open.
    await screen.button("Look for news").click()
    await expect(screen.page.get_by_text(SECRET)).to_be_visible()

    # The same link, opened as a page of its own.
    await screen.open(await records.link(story.coordinator))
    await screen.button(TAKE).click()
    await is_locked(screen)
    kept = await screen.page.evaluate(KEPT)
    assert (kept["entries"], kept["heads"]) == ([], [])
    await unlock(screen)
    await choose(screen, records)
    await expect(screen.page.get_by_text(SECRET)).to_be_visible()
    after = await screen.page.evaluate(PAIRING)
    assert bytes(after["person"]) == story.coordinator.id.bytes


async def test_what_is_asked_fits_every_screen_and_axe_finds_nothing(
    browsers: Browsers, records: Shelf, language: str
) -> None:
    story = records.story
    machine = Machine(language=language, policy_off=True)
    screen = await records_of(browsers, records, story.member, machine)
    await put_into_address(screen, await records.link(story.coordinator))
    await expect(screen.button(LEAVE)).to_be_visible()
    await everywhere(screen, "offered")


async def test_ones_own_keys_come_anew_and_nothing_is_forgotten(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    screen = await records_of(browsers, records, story.member)
    before = await screen.page.evaluate(KEPT)
    await screen.button("Lock now").click()
    await put_into_address(screen, await records.link(story.member))
    await expect(screen.region(OFFERED)).to_contain_text(screen.words(ANEW, person=named(story.member, story)))
    await screen.button(TAKE).click()
    await is_locked(screen)
    assert (await screen.page.evaluate(KEPT))["entries"] == before["entries"]
    await unlock(screen)
    await choose(screen, records)
    # Of the bundles that there were, one is left.
    assert len(await records.bundles(story.member)) == 1


async def test_a_link_that_was_used_takes_no_keys_away(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    link = await records.link(story.member)
    screen = await browsers.window()
    screen.watch.databases.add(DATABASE)
    screen.watch.expect(FAILED_REQUEST)
    await screen.open(link)
    await unlock(screen)
    await choose(screen, records)
    before, bundles = await screen.page.evaluate(PAIRING), await records.bundles(story.member)
    await put_into_address(screen, link)
    await screen.button(TAKE).click()
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(USED))
    assert await screen.page.evaluate(PAIRING) == before
    assert await records.bundles(story.member) == bundles
    # What was open still is, and what is locked can be unlocked.
    await expect(screen.page.get_by_text(SECRET)).to_be_visible()
    await screen.button("Lock now").click()
    await unlock(screen)
    await choose(screen, records)
    await expect(screen.page.get_by_text(SECRET)).to_be_visible()


async def test_a_used_link_signs_nobody_else_out(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    link = await records.link(story.coordinator)
    first = await browsers.window()
    first.watch.databases.add(DATABASE)
    first.watch.expect(FAILED_REQUEST)
    await first.open(link)
    await is_locked(first)
    screen = await records_of(browsers, records, story.member)
    before = await screen.page.evaluate(PAIRING)
    await put_into_address(screen, link)
    await screen.button(TAKE).click()
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(SPENT))
    await expect(screen.region(OFFERED)).to_have_count(0)
    assert await screen.page.evaluate(PAIRING) == before
    # Whoever is signed in still is, and what was open still is.
    await expect(screen.page.get_by_text(SECRET)).to_be_visible()
    await screen.button("Look for news").click()
    await expect(screen.page.get_by_role("alert")).to_have_count(0)
    await expect(screen.page.get_by_text(SECRET)).to_be_visible()


async def test_a_link_is_kept_for_another_try_where_the_connection_failed(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    screen = await browsers.window()
    screen.watch.databases.add(DATABASE)
    screen.watch.expect(FAILED_REQUEST)
    await screen.page.route("**/api/board", lambda route: route.abort())
    await screen.open(await records.link(story.member))
    again = screen.button("Try the link again")
    await again.click()
    await expect(again).to_be_enabled()
    await screen.page.unroute("**/api/board")
    await again.click()
    await is_locked(screen)
    await expect(again).to_have_count(0)
    await unlock(screen)
    await choose(screen, records)
    await expect(screen.page.get_by_text(SECRET)).to_be_visible()


async def test_a_link_that_is_opened_twice_before_unlocking_still_opens(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    link = await records.link(story.member)
    screen = await browsers.window()
    screen.watch.databases.add(DATABASE)
    screen.watch.expect(FAILED_REQUEST)
    await screen.open(link)
    await is_locked(screen)
    await put_into_address(screen, link)
    await screen.button(TAKE).click()
    await is_locked(screen)
    await unlock(screen)
    await choose(screen, records)
    await expect(screen.page.get_by_text(SECRET)).to_be_visible()


async def test_half_a_link_is_told_and_takes_nothing(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    screen = await records_of(browsers, records, story.member)
    before = await screen.page.evaluate(PAIRING)
    await put_into_address(screen, (await records.link(story.coordinator))[:-3])
    told = (
        "This link is not whole, or was made by a later version of Streha. Nothing was taken from it. Copy all of it, "
        "or have another one made."
    )
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(told))
    assert await screen.page.evaluate(PAIRING) == before
    await expect(screen.page.get_by_text(SECRET)).to_be_visible()


async def test_signing_out_elsewhere_and_locking_elsewhere_lock_at_once(browsers: Browsers, records: Shelf) -> None:
    screen = await records_of(browsers, records, records.story.member)
    other = await screen.another()
    await other.open(f"{other.home}records/")
    await unlock(other)
    await choose(other, records)
    await other.button("Lock now").click()
    await is_locked(screen)
    await unlock(screen)
    await choose(screen, records)
    await other.open()
    await other.until_live()
    await other.button("Sign out").click()
    await expect(screen.page.get_by_role("heading", name=screen.words("Sign in to Streha"))).to_be_visible()
    await expect(screen.page.get_by_text(SECRET)).to_have_count(0)


async def test_a_session_that_is_over_locks(browsers: Browsers, records: Shelf) -> None:
    screen = await records_of(browsers, records, records.story.member)
    await screen.page.context.clear_cookies()
    await screen.button("Look for news").click()
    await expect(screen.page.get_by_role("heading", name=screen.words("Sign in to Streha"))).to_be_visible()
    await expect(screen.page.get_by_text(SECRET)).to_have_count(0)
    # Whoever comes back to the page has to unlock it.
    await screen.button("I have signed in: go on here").click()
    await is_locked(screen)


async def test_a_machine_that_slept_wakes_up_locked(browsers: Browsers, records: Shelf) -> None:
    screen = await records_of(browsers, records, records.story.member)
    await screen.page.evaluate(SLEEP, 14 * 60_000)
    await expect(screen.page.get_by_text(SECRET)).to_be_visible()
    await screen.page.evaluate(SLEEP, 60_000)
    await is_locked(screen)


async def test_a_wrap_that_somebody_spoilt_hides_no_other_and_is_not_passed_on(
    browsers: Browsers, records: Shelf, network: Network
) -> None:
    story = records.story
    circle = await records.circle(story.coordinator)
    (version,) = circle.logs.records.versions.values()
    (record_id, version_id) = (UUID(bytes=version.write.record), UUID(bytes=version.write.version))
    gone = next(
        each
        for each in story.case.core.member_ids
        if each not in {story.coordinator.id, story.deputy.id, story.member.id}
    )
    # A member begins the next epoch, and wraps another key than the author has promised.
    assert (await circle.decide(Remove(person=gone.bytes))).status == 200
    circle = await records.circle(story.coordinator)
    answer = await circle.begin_epoch(os.urandom(32), {version_id: (record_id, os.urandom(32))})
    assert answer.status == 200, answer.body
    screen = await records_of(browsers, records, story.member)
    await expect(screen.page.get_by_text(SECRET)).to_be_visible()

    # And where it is the only one that is left: nobody makes new keys over it.
    async with network.database.transaction() as tx:
        await tx.run("DELETE FROM vault_wraps WHERE version = $1 AND epoch = 1", version_id)
    circle = await records.circle(story.coordinator)
    assert (await circle.decide(Add(person=gone.bytes))).status == 200
    before = await lengths(records, network)
    await screen.button("Write a new record").click()
    box = screen.page.get_by_label(screen.words("Text"), exact=True)
    await box.fill("Not to be written")
    await screen.button("Seal and save").click()
    await expect(screen.page.get_by_role("alert")).to_have_text(
        screen.words(NO_WRAP, person=named(story.coordinator, story))
    )
    assert await lengths(records, network) == before


async def lengths(records: Shelf, network: Network) -> list[int]:
    """Return how long the logs of the compartment are."""
    async with network.database.reading() as tx:
        kinds = [int(Kind.MEMBERSHIP), int(Kind.RECORDS)]
        asked = "SELECT length FROM vault_logs WHERE log = $1 AND kind = ANY($2) ORDER BY kind"
        return [row["length"] for row in await tx.rows(asked, records.story.case.core.id, kinds)]
