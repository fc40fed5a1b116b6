"""What a link may do to keys that are here: nothing, until what it brought opens them; and keys that are removed."""

from __future__ import annotations

import base64
import os

import pytest
from playwright.async_api import Route, expect

from tests.console.browsers import Browsers
from tests.console.screen import Screen
from tests.console.serving import ServedConsole
from tests.console.test_records import PAIRING
from tests.console.test_records_opening import TAKE, is_locked, put_into_address
from tests.console.test_records_saving import begin
from tests.console.vaulting import Shelf, choose, locked_page, records_of, shelf, unlock
from tests.people import Scene

pytestmark = [pytest.mark.slow, pytest.mark.long]

NOTHING = (
    "The link brought keys that do not open with this passphrase. What opened your keys here before is in use again: "
    "unlock once more. If you did not make the link yourself, tell the operator."
)
OTHER_CASE = (
    "This codename meant another case before. Nothing was opened. Ring whoever leads the case, and tell the operator."
)
BUNDLES = "**/api/vault/bundles/*"


@pytest.fixture
async def records(console: ServedConsole, story: Scene) -> Shelf:
    return await shelf(console, story)


async def of_a_colleague(records: Shelf) -> str:
    """Return a link with a colleague's own bundle and any secret, for the member: whoever is attested can make one."""
    story = records.story
    link = await records.link(story.coordinator)
    (theirs,) = await records.bundles(story.coordinator)
    handed = b"\x01" + records.founded.id + story.member.id.bytes + theirs.bytes + os.urandom(32)
    code = base64.urlsafe_b64encode(handed).rstrip(b"=").decode()
    return f"{link.rpartition('.')[0]}.{code}"


async def test_a_link_that_a_colleague_made_takes_no_keys_away(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    screen = await records_of(browsers, records, story.member)
    before, bundles = await screen.page.evaluate(PAIRING), await records.bundles(story.member)
    await screen.button("Lock now").click()
    await put_into_address(screen, await of_a_colleague(records))
    await screen.button(TAKE).click()
    await is_locked(screen)
    await unlock(screen)
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(NOTHING))
    assert await screen.page.evaluate(PAIRING) == before
    assert await records.bundles(story.member) == bundles
    await unlock(screen)
    await choose(screen, records)


async def test_a_slip_of_the_pen_takes_no_link_away(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    screen = await records_of(browsers, records, story.member)
    await screen.button("Lock now").click()
    await put_into_address(screen, await records.link(story.member))
    await screen.button(TAKE).click()
    await is_locked(screen)
    await unlock(screen, "suma")
    await expect(screen.page.get_by_role("alert")).to_have_count(1)
    assert (await screen.page.evaluate(PAIRING))["handedOver"]
    await unlock(screen)
    await choose(screen, records)
    # Neither what the link brought nor what was there before it is left.
    assert len(await records.bundles(story.member)) == 1


async def test_what_could_not_be_deleted_is_deleted_at_a_later_unlocking(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    screen = await locked_page(browsers, records, story.member)
    handed = await records.bundles(story.member)

    async def refused(route: Route) -> None:
        await (route.abort() if route.request.method == "DELETE" else route.continue_())

    await screen.page.route(BUNDLES, refused)
    await unlock(screen)
    await choose(screen, records)
    assert handed < await records.bundles(story.member)
    assert len((await screen.page.evaluate(PAIRING))["owed"]) == 1
    await screen.page.unroute(BUNDLES)
    await screen.button("Lock now").click()
    async with screen.page.expect_response(lambda answer: answer.request.method == "DELETE") as deleted:
        await unlock(screen)
    assert (await deleted.value).status == 204
    await choose(screen, records)
    assert not handed & await records.bundles(story.member)
    await screen.page.wait_for_function(f"async () => !(await ({PAIRING})()).owed")


async def test_keys_are_removed_at_once_whatever_the_server_does(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    screen = await records_of(browsers, records, story.member)
    other = await screen.another()
    await other.open(f"{other.home}records/")
    await unlock(other)
    await choose(other, records)
    await begin(other, "What only this tab has")

    async def never(route: Route) -> None:
        if route.request.method != "DELETE":
            await route.continue_()

    await screen.page.route(BUNDLES, never)
    await screen.button("Lock now").click()
    await screen.button("Remove the keys from this browser…").click()
    await screen.button("Remove them").click()
    removed = "The keys are removed from this browser."
    await expect(screen.page.get_by_text(screen.words(removed))).to_be_visible()
    # No other tab goes on showing what the keys opened.
    await expect(other.page.get_by_text("What only this tab has")).to_have_count(0)
    await screen.page.unroute_all(behavior="ignoreErrors")


async def renamed(screen: Screen, codename: str, to: str) -> None:
    """Let the server tell another name of a case."""

    async def answer(route: Route) -> None:
        told = await route.fetch()
        await route.fulfill(response=told, body=(await told.text()).replace(f'"{codename}"', f'"{to}"'))

    await screen.page.route("**/api/board", answer)


@pytest.mark.parametrize("other", ["{name}\u200b", "{name} ", "а{name}", "another-name"])
async def test_a_case_has_one_name_here_and_no_name_only_looks_like_it(
    browsers: Browsers, records: Shelf, other: str
) -> None:
    story = records.story
    screen = await records_of(browsers, records, story.member)
    await screen.button("Lock now").click()
    name = other.format(name=story.case.codename)
    await renamed(screen, story.case.codename, name)
    await unlock(screen)
    await screen.page.locator("ul.choices button").first.click()
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(OTHER_CASE))
    await screen.page.unroute_all(behavior="ignoreErrors")
