"""A malicious server against newcomers in a browser: each lie is said in one sentence, and nothing is taken in."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import Browser, Route, expect

from agencies.trust.deeds import Attest
from core.settings import Settings
from tests.clock import MovableClock
from tests.console.browsers import Browsers
from tests.console.joining import House, newcomer, offer_keys, show_paper, type_passphrase
from tests.console.screen import Screen
from tests.console.serving import HOST, ServedConsole
from tests.console.test_joining import DONE, GO_ON, GONE, OTHER_NETWORK, OTHER_PAST, told
from tests.console.test_records import KEPT
from tests.malice.town import Town, malicious_town
from tests.people import Network, Scene
from tests.tunnel import tunnel
from tests.vault_clients import genesis_of, text

pytestmark = [pytest.mark.slow, pytest.mark.long]

FORKED = (
    "The server has shown different directories to different people. Nothing was believed and the proof is kept. Tell "
    "an administrator of another agency, by a number you know, and the operator."
)
OTHER_KEYS = (
    "The directory does not name your keys for you. Ring your administrator: compare the code of your offer once more."
)
WRONG_DIRECTORY = (
    "DANGER: the server's directory breaks the rules of the network ({word}). Nothing was believed. Tell an "
    "administrator of another agency, by a number you know."
)


@dataclass(frozen=True, kw_only=True)
class Lied:
    """Whoever comes in where somebody lies."""

    town: Town
    house: House
    browsers: Browsers

    async def bundles(self, person: bytes) -> int:
        """Return how many locked keys the server has of somebody."""
        async with self.town.api.network.database.reading() as tx:
            rows = await tx.rows("SELECT id FROM vault_bundles WHERE person_id = $1", UUID(bytes=person))
        return len(rows)


@pytest.fixture
async def lied(
    network: Network, settings: Settings, tmp_path: Path, story: Scene, chromium: Browser, clock: MovableClock
) -> AsyncIterator[Lied]:
    async with malicious_town(network, settings, tmp_path, story) as town, tunnel(HOST, 0) as line:
        console = ServedConsole(api=town.api, clock=clock, line=line, origin=town.malice.origin)
        boss = town.founded.administrators[story.shelter.agency.id]
        browsers = Browsers(chromium=chromium, console=console)
        yield Lied(town=town, house=House(console=console, founded=town.founded, boss=boss), browsers=browsers)
        await town.malice.begin("honest")
        faults = await browsers.close()
        assert not faults, "\n".join(faults)


async def test_a_directory_that_has_two_pasts_is_proven_and_taken_in_once_it_was_cleared_up(lied: Lied) -> None:
    """An administrator signed two entries for one place, and the server shows a newcomer both."""
    house, boss = lied.house, lied.house.boss
    screen = await newcomer(lied.browsers)
    passphrase, _code = await offer_keys(screen, await house.invite())
    offered = await house.offered()
    before = await house.founded.directory(boss)
    await house.attest(offered)
    said = offered.attested(b"")
    other = house.founded.entry(
        boss, Attest(**{name: getattr(said, name) for name in said.__struct_fields__}, until=2**33), before
    )
    place = before.head.number + 1
    asked = 0

    async def lie(route: Route) -> None:
        nonlocal asked
        asked += 1
        answer = await (await route.fetch()).json()
        if asked == 2:
            answer["length"] += 1
        if asked > 2:
            answer = {"entries": [text(other)], "length": place + 2}
        await route.fulfill(json=answer)

    await screen.page.route("**/api/vault/directory?*", lie)
    await type_passphrase(screen, passphrase, GO_ON)
    await told(screen, FORKED)
    assert await screen.page.context.cookies() == []
    await screen.page.unroute("**/api/vault/directory?*")
    await type_passphrase(screen, passphrase, GO_ON)
    await told(screen, FORKED)
    screen.watch.files.add(f"forked-directory-{'00' * 16}-{place}.json")
    async with screen.page.expect_download():
        await screen.button("Save the proof as a file").click()
    await screen.button("It was cleared up…").click()
    await screen.button("It was cleared up: begin anew").click()
    await type_passphrase(screen, passphrase, GO_ON)
    await expect(screen.page.get_by_text(screen.words(DONE))).to_be_visible()
    assert len((await screen.page.evaluate(KEPT))["forks"]) == 1


async def nothing_taken(screen: Screen) -> None:
    """Require that this browser believes nothing, works as nobody, and still has what waits."""
    kept = await screen.page.evaluate(KEPT)
    assert (kept["pairing"], kept["entries"], kept["heads"], kept["forks"]) == ([], [], [], [])
    assert len(kept["joining"]) == 1
    assert await screen.page.context.cookies() == []


async def test_a_newcomer_is_not_taken_into_what_the_paper_does_not_name(lied: Lied) -> None:
    town, house = lied.town, lied.house
    screen = await newcomer(lied.browsers)
    paper = await house.invite()
    await town.malice.begin("opened-elsewhere")
    await show_paper(screen, paper)
    await told(screen, OTHER_NETWORK)
    assert (await screen.page.evaluate(KEPT))["joining"] == []
    await town.malice.begin("honest")
    passphrase, code = await offer_keys(screen, paper)
    offered = await house.offered()
    assert offered.code == code
    await house.attest(offered)
    network = town.api.network
    staff = {town.scene.police.agency: [town.scene.police.officer]}
    other, _secrets = genesis_of(network.seeds, town.founded.now, staff)
    for attack, argument, sentence, parameters in (
        ("directory-of-another", base64.b64encode(other).decode(), OTHER_NETWORK, {}),
        ("directory-shorter", "1", OTHER_PAST, {}),
        # All that the paper names, and nobody who came since.
        ("directory-shorter", "2", OTHER_KEYS, {}),
        ("flipped", "directory", WRONG_DIRECTORY, {"word": "signature-wrong"}),
        ("ghost-attested", "", WRONG_DIRECTORY, {"word": "not-empowered"}),
        ("challenge-exchanged", text(bytes(32)), GONE, {}),
    ):
        await town.malice.begin(attack, argument)
        await type_passphrase(screen, passphrase, GO_ON)
        await told(screen, sentence, **parameters)
        await nothing_taken(screen)
        assert await lied.bundles(offered.offer.person) == 0
        await town.malice.begin("honest")
    await type_passphrase(screen, passphrase, GO_ON)
    await expect(screen.page.get_by_text(screen.words(DONE))).to_be_visible()
    assert await lied.bundles(offered.offer.person) == 1
