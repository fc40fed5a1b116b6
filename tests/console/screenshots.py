"""Pictures of every screen, to be looked at: `python -m tests.console.screenshots DIRECTORY`.

Desktop and phone, light and dark, in the three scripts, on a busy night among invented people. Each picture is named
after what it shows: `DIRECTORY/board-phone-dark-sr-Cyrl.png`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.async_api import Browser, Route, ViewportSize, expect

from agencies.model import Agency, Person
from core import database as databases
from core import migrations
from core.settings import Secret, Settings
from core.texts import LANGUAGES
from crypto.vault import invitation
from deploy.stack import LocalStack
from tests.clock import MovableClock
from tests.conftest import START
from tests.console.browsers import DESKTOP, PHONE, Browsers, Machine, start_chromium
from tests.console.elsewhere import deliver, presses
from tests.console.joining import House, code_of, copy_passphrase, newcomer, say_who, show_paper, type_passphrase
from tests.console.passkeys import NAME, device_of
from tests.console.scenery import begun, expected, night, planned, rename
from tests.console.screen import ANYTHING, HOLD, Screen
from tests.console.serving import ServedConsole, serve_console
from tests.console.test_planning import BEGINS, KIND
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Office, Scene
from tests.vault_clients import found

ONE_RAISE = "**/api/alerts/*"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
DEVICES = {"desktop": DESKTOP, "phone": PHONE}
TALLEST = 6000


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """A night of which copies are made, one for each series of pictures."""

    stack: LocalStack
    story: Scene
    network: Network
    clock: MovableClock

    @asynccontextmanager
    async def copy(self, name: str, directory: Path) -> AsyncIterator[ServedConsole]:
        """Serve the console over a copy of the night."""
        url = await self.stack.database(name, template="night")
        clock = MovableClock(self.clock.now())
        async with databases.connect(url) as database:
            network = Network(database, clock)
            network.seeds = self.network.seeds
            settings = Settings(database_url=Secret(url), network="invented network")
            async with serve_console(network, clock, settings, directory, name=NAME) as console:
                yield console


async def take_all(directory: Path) -> None:
    """Take every picture."""
    with TemporaryDirectory() as temporary:
        async with (
            LocalStack(Path(temporary) / "postgres", fast=True, homeserver=False) as stack,
            start_chromium() as browser,
        ):
            studio = await _prepare(stack, Path(temporary))
            series = product(DEVICES, SCHEMES, LANGUAGES)
            for number, (device, scheme, language) in enumerate(series):
                machine = Machine(
                    language=language, scheme=scheme, size=DEVICES[device], touch=device == "phone", real_time=False
                )
                async with studio.copy(f"series_{number}", Path(temporary)) as console:
                    await _take(
                        Album(directory, f"{device}-{scheme}-{language}"), browser, console, studio.story, machine
                    )


async def _prepare(stack: LocalStack, directory: Path) -> Studio:
    clock = MovableClock(START)
    url = await stack.database("night")
    async with databases.connect(url) as database:
        await migrations.migrate(database)
        network = Network(database, clock)
        story = await network.scene()
        await rename(network, _names(story))
        settings = Settings(database_url=Secret(url), network="invented network")
        async with serve_console(network, clock, settings, directory) as console:
            await night(console, story)
    return Studio(stack=stack, story=story, network=network, clock=clock)


def _names(story: Scene) -> dict[Agency | Person, str]:
    agencies: dict[Agency | Person, str] = {
        story.shelter.agency: "Sigurna kuća „Lipa”",
        story.police.agency: "Policijska uprava Lipovac",
        story.welfare.agency: "Centar za socijalni rad Lipovac, odeljenje Gornji Javor",
        story.ngo.agency: "Udruženje „Svitanje”",
    }
    people = (
        *("Ana Javorović", "Boris Hrast-Lipovčević", "Vesna Kolar", "Goran Bukvić", "Dunja Topolić", "Emil Jasen"),
        *("Zora Brestovac", "Ivan Orahov", "Jana Drenić", "Luka Glogić", "Mila Ružić", "Nenad Trešnjev"),
    )
    offices = (story.shelter, story.police, story.welfare, story.ngo)
    staff = [each for office in offices for each in (*office.workers, *office.officers, *office.deputies)]
    return agencies | dict(zip(staff, people, strict=False))


@dataclass(frozen=True, slots=True)
class Album:
    """Where pictures of one series go."""

    directory: Path
    series: str

    async def add(self, screen: Screen, name: str, *, whole: bool = False) -> None:
        """Take a picture of what is seen; or of everything, on a screen high enough for it."""
        page = screen.page
        size = page.viewport_size
        assert size is not None
        if whole:
            height: int = await page.evaluate("document.documentElement.scrollHeight")
            await page.set_viewport_size(ViewportSize(width=size["width"], height=min(height + 20, TALLEST)))
        await page.screenshot(path=self.directory / f"{name}-{self.series}.png")
        await page.set_viewport_size(size)


async def _take(album: Album, browser: Browser, console: ServedConsole, story: Scene, machine: Machine) -> None:
    network = console.api.network
    browsers = Browsers(chromium=browser, console=console)
    outside = await browsers.window(machine)
    outside.watch.expect(FAILED_REQUEST)
    await outside.open()
    await expect(outside.text("On your own machine, run:")).to_be_visible()
    await album.add(outside, "way-in")

    screen = await browsers.board_of(story.coordinator, machine)
    screen.watch.expect(FAILED_REQUEST)
    await album.add(screen, "board")
    await album.add(screen, "board-whole", whole=True)

    async def lost(route: Route) -> None:
        await route.abort("connectionreset")

    await screen.page.get_by_role("combobox", name=screen.words("Channel")).select_option(story.case.codename)
    await screen.page.route(ONE_RAISE, lost)
    async with screen.still():
        async with screen.holding(screen.panic):
            await screen.pass_time(HOLD / 2)
            await album.add(screen, "holding")
            await screen.pass_time(HOLD / 2)
        await expect(screen.own_alert).to_contain_text(screen.words("NOT raised."))
        await album.add(screen, "not-raised")
        await screen.page.unroute(ONE_RAISE)
        async with screen.answered("PUT"):
            await screen.pass_time(HOLD * 10)
    await expect(screen.own_alert).to_contain_text(screen.words("STORED. It has reached nobody yet."))
    await album.add(screen, "stored")
    await deliver(network)
    await expect(screen.own_alert).to_contain_text(screen.like("Delivered to: {rooms}.", rooms=ANYTHING))
    await album.add(screen, "delivered")
    await network.alerts.acknowledge(story.police.officer, (await presses(network))[-1].alert_id)
    await expect(screen.own_alert).to_contain_text(screen.like("ACCEPTED by {people}.", people=ANYTHING))
    await album.add(screen, "accepted")
    await screen.button("Close").click()

    for receiver in (None, story.ngo.worker):
        way = await begun(network, story, receiver)
    await network.under_way.confirm(story.member, way.operation.id, 1)
    await expected(network, story)
    ahead = (await planned(network, story)).operation
    await network.operations.approve(story.coordinator, ahead.id)
    await screen.page.get_by_role("link", name=screen.words("On the way"), exact=True).click()
    last = screen.page.get_by_role("article", name=screen.words("Way {codename}", codename=ahead.codename))
    await last.get_by_role("button", name=screen.words("Go…")).click()
    brings = screen.page.get_by_role("article", name=screen.words("Way {codename}", codename=way.operation.codename))
    await brings.get_by_text(screen.words("Write what they told you")).click()
    await screen.button("Not taken over…").click()
    await screen.button("Somebody else receives…").click()
    await expect(screen.button("They receive")).to_be_visible()
    await expect(screen.text("MISSING: {count}", count=ANYTHING)).to_be_visible()
    await screen.button("Expect to hear from somebody…").click()
    await expect(screen.button("Expect to hear from them")).to_be_visible()
    await album.add(screen, "ways", whole=True)
    await screen.button("Plan a way…").click()
    await screen.page.get_by_label(screen.words(KIND)).select_option("shelter_transfer")
    begins = network.clock.now() + timedelta(days=1)
    await screen.put_moment(screen.page.get_by_label(screen.words(BEGINS)), begins)
    await album.add(screen, "way-planned", whole=True)

    await device_of(screen)
    await screen.page.get_by_role("link", name=screen.words("This device"), exact=True).click()
    await screen.button("Add a passkey on this device").click()
    await screen.page.get_by_role("button", name=screen.like("Remove Streha {number}", number=ANYTHING)).click()
    await album.add(screen, "this-device", whole=True)

    await screen.page.get_by_role("link", name=screen.words("Drill"), exact=True).click()
    await screen.button("Start a drill").click()
    await album.add(screen, "drill-asked")
    await screen.button("Yes, start the drill").click()
    await expect(screen.own_drill).to_contain_text(screen.words("STORED. It has reached nobody yet."))
    await album.add(screen, "drill")
    await _newcomer(album, browsers, console, story, machine)

    await screen.page.get_by_role("link", name=screen.words("Board"), exact=True).click()
    console.line.cut()
    not_live = "NOT live: trying to reconnect since {time}. What you see may be old."
    await expect(screen.text(not_live, time=ANYTHING)).to_be_visible()
    await album.add(screen, "not-live")
    for each in await browsers.close():
        sys.stderr.write(f"{album.series}: {each}\n")


def _called(office: Office, names: dict[Agency | Person, str]) -> Office:
    def each(people: Sequence[Person]) -> tuple[Person, ...]:
        return tuple(replace(person, name=names.get(person, person.name)) for person in people)

    return replace(
        office, agency=replace(office.agency, name=names[office.agency]), workers=each(office.workers),
        officers=each(office.officers), deputies=each(office.deputies),
    )  # fmt: skip


async def _newcomer(
    album: Album, browsers: Browsers, console: ServedConsole, story: Scene, machine: Machine
) -> None:  # fmt: skip
    founded = await found(console.api, *(_called(each, _names(story)) for each in (story.shelter, story.police)))
    house = House(console=console, founded=founded, boss=founded.administrators[story.shelter.agency.id])
    screen = await newcomer(browsers, machine)
    await album.add(screen, "join-paper")
    paper = await house.invite()
    await show_paper(screen, invitation.text(paper).replace("0", "1", 1))
    await expect(screen.page.get_by_role("alert")).to_be_visible()
    await album.add(screen, "join-slip", whole=True)
    await show_paper(screen, paper)
    await expect(screen.page.get_by_role("heading", name=screen.words("Who you are"))).to_be_visible()
    await album.add(screen, "join-person")
    await say_who(screen)
    await expect(screen.page.get_by_role("heading", name=screen.words("Your passphrase"))).to_be_visible()
    await album.add(screen, "join-passphrase")
    passphrase = await copy_passphrase(screen)
    await code_of(screen)
    await album.add(screen, "join-waiting", whole=True)
    await house.attest(await house.offered())
    await type_passphrase(screen, passphrase, "Look whether I am attested, and go on")
    await expect(screen.page.get_by_role("heading", name=screen.words("The records are locked"))).to_be_visible()
    await album.add(screen, "join-done")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("python -m tests.console.screenshots FOLDER")
    album = Path(sys.argv[1])
    album.mkdir(parents=True, exist_ok=True)
    asyncio.run(take_all(album))
