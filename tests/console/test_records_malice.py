"""A malicious server against the page of records: every lie is found, said in one sentence, and nothing comes of it.

The lies are those of `tests.malice.attacks`, told by the same process between Chromium and Streha to browsers that have
seen nothing yet and to ones that remember. Of what was refused nothing is shown, kept or stored.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import Browser, expect

from cases.trust.deeds import Remove
from cases.trust.grants import EpochGrant, write_epoch_grant
from core.settings import Settings
from crypto.vault import bundle, epoch
from tests.clock import MovableClock
from tests.console.browsers import Browsers
from tests.console.screen import Screen
from tests.console.serving import HOST, ServedConsole
from tests.console.vaulting import Shelf, choose, records_of, unlock
from tests.malice.town import Town, malicious_town
from tests.people import Network, Scene
from tests.tunnel import tunnel
from tests.vault_clients import Written, text

pytestmark = [pytest.mark.slow, pytest.mark.long]

WORDS = ("Tiha čaplja spava.", "Druga priča o mostu.")
UNWRITTEN = "Not to be written"

ALTERED = (
    "What the server gave is not what people have signed. Nothing of it was used. Tell whoever leads the case, and the "
    "operator."
)
NOT_ALLOWED = "The rules do not let this stand: somebody may not do what was done here. Nothing of it was used."
HELD_BACK = (
    "The server holds back entries that were there already. Nothing of it was used. Ring whoever leads the case, and "
    "tell the operator."
)
OTHER_NETWORK = "This is not the network that your keys belong to. Nothing was opened. Ring your administrator."
FORKED = (
    "The server has shown different histories to different people. Work here has stopped and the proof is kept. Ring "
    "whoever leads the case."
)
UNSEALED = "This was altered after it was sealed. It is not shown. Tell whoever leads the case, and the operator."
NOT_PROMISED = "The key is not the one that everybody was promised. Nothing was opened. Ring whoever leads the case."
WRONG = "The passphrase does not open the keys of this browser. Look at the keyboard's language and type it again."
TOO_EASY = (
    "The server asks for less protection of your passphrase than is safe. Do not type it again, and tell the operator."
)
TOO_HARD = (
    "This browser has too little memory to open your keys, or takes too long. Use another, or your own machine's "
    "command line."
)
KEYS_WITHHELD = (
    "The server keeps back keys that were given to you: what people have signed shows it. Nobody has forgotten you. "
    "Tell the operator, and whoever leads the case."
)
NEWEST_REFUSED = "The newest key of these records was refused. What older keys open is shown; nothing can be written."
HIDDEN = (
    "This was read in this browser before, and now the server does not show it. It may keep it from you alone. Tell "
    "the operator, and ring whoever leads the case."
)
NOT_GIVEN_BACK = (
    "Your text was placed, but it could not be read back from the server. It is kept sealed in this browser and is not "
    "counted as saved. Tell the operator, and throw it away only when another member has read it."
)

# The logs as this browser remembers them, and the proofs of forks that it keeps.
REMEMBERED = """
() => new Promise((done) => {
  indexedDB.open("streha").onsuccess = ({ target: { result } }) => {
    const [kept, reading] = [{}, result.transaction(["entries", "forks"])];
    const coded = (bytes) => btoa(String.fromCharCode(...bytes));
    reading.objectStore("entries").getAll().onsuccess = (event) => { kept.entries = event.target.result.map(coded); };
    reading.objectStore("forks").getAll().onsuccess = (event) => { kept.forks = event.target.result.length; };
    reading.oncomplete = () => { result.close(); done(kept); };
  };
})
"""
FORGET = """
() => new Promise((done) => {
  indexedDB.open("streha").onsuccess = ({ target: { result } }) => {
    const writing = result.transaction(["entries", "heads"], "readwrite");
    for (const name of ["entries", "heads"]) writing.objectStore(name).clear();
    writing.oncomplete = () => { result.close(); done(); };
  };
})
"""


@dataclass(kw_only=True)
class Lied:
    """A browser between which and Streha somebody lies, and what Streha holds."""

    town: Town
    shelf: Shelf
    screen: Screen
    written: list[Written]

    async def held(self) -> list[int]:
        """Return how long the logs are at the server."""
        async with self.town.api.network.database.reading() as tx:
            rows = await tx.rows("SELECT length FROM vault_logs ORDER BY kind, log")
        return [row["length"] for row in rows]

    async def remembered(self) -> list[str]:
        """Return the entries that the browser remembers: true ones alone, and no fork."""
        kept = await self.screen.page.evaluate(REMEMBERED)
        async with self.town.api.network.database.reading() as tx:
            rows = await tx.rows("SELECT statement FROM vault_entries")
        true = {base64.b64encode(row["statement"]).decode() for row in rows}
        assert set(kept["entries"]) <= true
        assert kept["forks"] == 0
        entries: list[str] = sorted(kept["entries"])
        return entries

    async def forgets(self) -> None:
        """Let the browser have its keys, and have seen nothing yet."""
        await self.screen.page.evaluate(FORGET)
        await self.screen.page.reload()

    async def opens(self) -> None:
        """Unlock, and choose the case where that went well."""
        await unlock(self.screen)
        case = self.screen.page.get_by_role("button", name=self.shelf.story.case.codename)
        await expect(case.or_(self.screen.page.get_by_role("alert"))).to_be_visible()
        if await case.count():
            await case.click()

    async def refused(self, sentence: str) -> None:
        """Require one sentence, and that nothing of a record is on the screen; the server is honest again then."""
        alert = self.screen.page.get_by_role("alert")
        await expect(alert).to_have_text(self.screen.words(sentence))
        await self.town.malice.begin("honest")
        await self.nothing_is_shown()

    async def nothing_is_shown(self) -> None:
        """Require that nothing of a record is on the screen."""
        for words in WORDS:
            await expect(self.screen.page.get_by_text(words)).to_have_count(0)

    async def reads(self) -> None:
        """Open the case at an honest server: nothing has been spoilt."""
        await choose(self.screen, self.shelf)
        for words in WORDS:
            await expect(self.screen.page.get_by_text(words)).to_be_visible()


@pytest.fixture
async def lied(
    network: Network, settings: Settings, tmp_path: Path, story: Scene, chromium: Browser, clock: MovableClock
) -> AsyncIterator[Lied]:
    async with lied_to(network, settings, tmp_path, story, chromium, clock) as made:
        yield made


@asynccontextmanager
async def lied_to(
    network: Network, settings: Settings, tmp_path: Path, story: Scene, chromium: Browser, clock: MovableClock,
    *, name: str = HOST,
) -> AsyncIterator[Lied]:  # fmt: skip
    """Open the records of a member in a browser that reaches Streha, by this name, through malice alone."""
    async with malicious_town(network, settings, tmp_path, story, name=name) as town, tunnel(HOST, 0) as line:
        console = ServedConsole(api=town.api, clock=clock, line=line, origin=town.malice.origin)
        circle = await town.founded.circle(story.coordinator, town.core)
        assert (await circle.open(story.case.id, story.deputy, story.case.core.member_ids)).status == 200
        circle = await town.founded.circle(story.coordinator, town.core)
        assert (await circle.begin_epoch(bytes([7]) * 32)).status == 200
        shelf = Shelf(console=console, story=story, founded=town.founded, key=bytes([7]) * 32)
        written = [await shelf.write(story.coordinator, words) for words in WORDS]
        browsers = Browsers(chromium=chromium, console=console)
        screen = await records_of(browsers, shelf, story.member)
        made = Lied(town=town, shelf=shelf, screen=screen, written=written)
        for words in WORDS:
            await expect(screen.page.get_by_text(words)).to_be_visible()
        yield made
        await town.malice.begin("honest")
        faults = await browsers.close()
        assert not faults, "\n".join(faults)


NEWLY_SHOWN = [
    ("ghost-member", "", NOT_ALLOWED),
    ("ghost-attested", "", NOT_ALLOWED),
    ("flipped", "directory", ALTERED),
    ("flipped", "members", ALTERED),
    ("flipped", "records", ALTERED),
    ("reordered", "members", ALTERED),
    ("reordered", "records", ALTERED),
    ("doubled", "directory", ALTERED),
    ("doubled", "members", ALTERED),
    ("doubled", "records", ALTERED),
    ("key-replaced", "", ALTERED),
    ("other-network", "", OTHER_NETWORK),
    # Records were written by people who had seen more than is shown.
    ("truncated", "directory", HELD_BACK),
    ("truncated", "members", HELD_BACK),
]


async def test_a_browser_that_has_seen_nothing_yet_is_not_deceived(lied: Lied) -> None:
    before = await lied.held()
    for attack, argument, sentence in NEWLY_SHOWN:
        await lied.forgets()
        await lied.town.malice.begin(attack, argument)
        await lied.opens()
        await lied.refused(sentence)
        await lied.remembered()
    assert await lied.held() == before
    # It begins anew at an honest server, and has lost nothing.
    await lied.screen.page.reload()
    await unlock(lied.screen)
    await lied.reads()


SHOWN_AGAIN = [
    ("ghost-member", "", NOT_ALLOWED),
    ("ghost-attested", "", NOT_ALLOWED),
    ("flipped", "directory", ALTERED),
    ("flipped", "members", ALTERED),
    ("flipped", "records", ALTERED),
    ("other-network", "", HELD_BACK),
    ("truncated", "directory", HELD_BACK),
    ("truncated", "members", HELD_BACK),
    ("truncated", "records", HELD_BACK),
]


async def test_a_browser_that_remembers_is_not_deceived(lied: Lied) -> None:
    before, held = await lied.remembered(), await lied.held()
    for attack, argument, sentence in SHOWN_AGAIN:
        await lied.town.malice.begin(attack, argument)
        await lied.screen.button("Look for news").click()
        await lied.refused(sentence)
        assert await lied.remembered() == before
        await lied.reads()
    assert await lied.held() == held


async def test_nothing_is_written_to_a_server_that_lies_and_no_text_is_lost(lied: Lied) -> None:
    before, held = await lied.remembered(), await lied.held()
    box = lied.screen.page.get_by_label(lied.screen.words("Text"), exact=True)
    await lied.screen.button("Write a new record").click()
    await box.fill(UNWRITTEN)
    for attack, argument, sentence in SHOWN_AGAIN:
        await lied.town.malice.begin(attack, argument)
        await lied.screen.button("Seal and save").click()
        await lied.refused(sentence)
        assert await lied.remembered() == before
        await lied.screen.page.get_by_role(
            "button", name=re.compile(f"^{lied.shelf.story.case.codename}")
        ).first.click()
        await expect(box).to_have_value(UNWRITTEN)
    assert await lied.held() == held


# What is said of each version in its place, and of the newest epoch's key above them all.
GIVEN = [
    ("content-flipped", UNSEALED),
    ("content-cut", ALTERED),
    ("content-extended", UNSEALED),
    ("wrap-flipped", UNSEALED),
    ("wrap-cut", ALTERED),
    ("versions-turned", UNSEALED),
    ("grant-flipped", ALTERED),
    ("grant-cut", ALTERED),
    # What the log shows to have been given is not blamed on colleagues.
    ("grant-withheld", KEYS_WITHHELD),
]


async def test_sealed_bytes_that_were_changed_open_nothing(lied: Lied) -> None:
    before, held = await lied.remembered(), await lied.held()
    for attack, sentence in GIVEN:
        await lied.screen.button("Lock now").click()
        await lied.town.malice.begin(attack)
        await lied.opens()
        told = lied.screen.page.get_by_role("main").get_by_text(lied.screen.words(sentence))
        of_key = 1 if attack.startswith("grant") else 0
        await expect(told, attack).to_have_count(len(WORDS) + of_key)
        await expect(lied.screen.page.get_by_text(lied.screen.words(NEWEST_REFUSED))).to_have_count(of_key)
        await lied.nothing_is_shown()
        await lied.town.malice.begin("honest")
        assert await lied.remembered() == before
        await lied.screen.button("Other cases").click()
        await lied.reads()
    assert await lied.held() == held


async def test_what_was_opened_here_is_not_hidden_afterwards(lied: Lied) -> None:
    """Neither by a shorter log where the logs themselves were lost, nor by content that is given no more."""
    screen = lied.screen
    await lied.forgets()
    await lied.town.malice.begin("truncated", "records")
    await lied.opens()
    await lied.refused(HIDDEN)
    await screen.page.reload()
    await unlock(screen)
    await lied.reads()
    await screen.button("Lock now").click()
    await lied.town.malice.begin("versions-withheld")
    await lied.opens()
    await expect(screen.page.get_by_text(screen.words(HIDDEN))).to_have_count(len(WORDS))
    await lied.nothing_is_shown()


BUNDLES = [
    # Nobody can tell these from a passphrase that is wrong.
    ("bundle-flipped", WRONG),
    ("bundle-of-another", WRONG),
    ("bundle-cut", ALTERED),
    ("bundle-weakened", TOO_EASY),
    ("bundle-small", TOO_EASY),
    ("bundle-inflated", TOO_HARD),
]


async def test_a_bundle_that_was_changed_opens_nothing_and_is_not_tried(lied: Lied) -> None:
    story, founded = lied.shelf.story, lied.town.founded
    keys = bundle.Keys(seed=founded.seed(story.coordinator), secret=founded.secrets[story.coordinator.id])
    whose = bundle.owner(keys, network=founded.id, person=story.coordinator.id.bytes)
    others = bundle.lock(keys, whose, kind=bundle.Kind.DEVICE, passphrase="another", device_secret=bytes(32))
    for attack, sentence in BUNDLES:
        await lied.screen.button("Lock now").click()
        await lied.town.malice.begin(attack, text(others) if attack == "bundle-of-another" else "")
        await unlock(lied.screen)
        await lied.refused(sentence)
        await unlock(lied.screen)
        await lied.reads()


async def test_a_removal_that_is_withheld_is_found_by_what_others_have_seen(lied: Lied) -> None:
    story = lied.shelf.story
    kept = {story.coordinator.id, story.deputy.id, story.member.id}
    gone = min(story.case.core.member_ids - kept)
    circle = await lied.shelf.circle(story.coordinator)
    known = {
        UUID(bytes=each.write.version): UUID(bytes=each.write.record) for each in circle.logs.records.versions.values()
    }
    assert (await circle.decide(Remove(person=gone.bytes))).status == 200
    circle = await lied.shelf.circle(story.coordinator)
    wraps = {version: (record, bytes(32)) for version, record in known.items()}
    assert (await circle.begin_epoch(bytes([8]) * 32, wraps)).status == 200
    await lied.shelf.write(story.coordinator, "After the removal")
    # Whoever knew of less before, and whoever knew of nothing.
    await lied.town.malice.begin("removal-withheld")
    await lied.screen.button("Look for news").click()
    await lied.refused(HELD_BACK)
    await lied.forgets()
    await lied.town.malice.begin("removal-withheld")
    await lied.opens()
    await lied.refused(HELD_BACK)


async def test_grants_of_others_and_of_other_keys_open_nothing(lied: Lied) -> None:
    story, founded = lied.shelf.story, lied.town.founded
    circle = await lied.shelf.circle(story.coordinator)
    which = epoch.Epoch(network=founded.id, compartment=circle.id.bytes, number=1)
    me = circle.logs.network.now.people[story.member.id.bytes]
    statement = write_epoch_grant(
        founded.seed(story.coordinator), founded.id,
        EpochGrant(
            log=circle.id.bytes, epoch=1, member=story.member.id.bytes, entry=circle.logs.members.hashes[1],
            by=story.coordinator.id.bytes,
            grant=epoch.grant(which, bytes([5]) * 32, member=story.member.id.bytes, member_key=me.box_key),
        ),
    )  # fmt: skip
    others = (await founded.ask(story.coordinator, "GET", f"{circle.path}/grant")).json["statement"]
    for replayed, sentence in ((text(statement), NOT_PROMISED), (others, ALTERED)):
        await lied.screen.button("Lock now").click()
        await lied.town.malice.begin("grant-replayed", replayed)
        await lied.opens()
        told = lied.screen.page.get_by_role("main").get_by_text(lied.screen.words(sentence))
        await expect(told).to_have_count(1 + len(WORDS))
        await lied.nothing_is_shown()
        await lied.town.malice.begin("honest")
        # Mended, it opens without locking anything first.
        await lied.screen.button("Look for news").click()
        for words in WORDS:
            await expect(lied.screen.page.get_by_text(words)).to_be_visible()


async def test_an_altered_key_of_one_epoch_hides_nothing_that_another_opens(lied: Lied) -> None:
    """Of two epochs one grant is altered, the newer or the older: each version has a wrap that opens."""
    story, screen = lied.shelf.story, lied.screen
    kept = {story.coordinator.id, story.deputy.id, story.member.id}
    circle = await lied.shelf.circle(story.coordinator)
    assert (await circle.decide(Remove(person=min(story.case.core.member_ids - kept).bytes))).status == 200
    circle = await lied.shelf.circle(story.coordinator)
    keys = {each.version: (each.record, each.key) for each in lied.written}
    assert (await circle.begin_epoch(bytes([8]) * 32, keys)).status == 200
    for number in ("2", "1"):
        await screen.button("Lock now").click()
        await lied.town.malice.begin("grant-of-one-epoch-flipped", number)
        await lied.opens()
        for words in WORDS:
            await expect(screen.page.get_by_text(words)).to_be_visible()
        newest = number == "2"
        await expect(screen.page.get_by_text(screen.words(NEWEST_REFUSED))).to_have_count(int(newest))
        if newest:
            # Nothing is sealed with a key that nobody was promised; the text stays.
            held = await lied.held()
            await screen.button("Write a new record").click()
            box = screen.page.get_by_label(screen.words("Text"), exact=True)
            await box.fill(UNWRITTEN)
            await screen.button("Seal and save").click()
            await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(ALTERED))
            assert await lied.held() == held
            await screen.page.get_by_role("button", name=re.compile(f"^{story.case.codename}")).first.click()
            await expect(box).to_have_value(UNWRITTEN)
            await screen.button("Do not save…").click()
            await screen.button("Throw the text away").click()
        await lied.town.malice.begin("honest")


async def test_two_logs_are_found_when_one_reads_the_other_and_are_kept_as_proof(lied: Lied) -> None:
    """The server takes in what this browser writes and shows it to nobody else; another writes at the same place."""
    screen, story = lied.screen, lied.shelf.story
    await lied.town.malice.begin("swallowed", "records")
    await screen.button("Write a new record").click()
    await screen.page.get_by_label(screen.words("Text"), exact=True).fill("Only for me")
    await screen.button("Seal and save").click()
    # It sees its own entry, as if all was well; only its bytes are nowhere, and the text here is the only one.
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(NOT_GIVEN_BACK))
    await expect(screen.page.get_by_label(screen.words("Text"), exact=True)).to_have_value("Only for me")
    await lied.town.malice.begin("honest")
    await lied.shelf.write(story.coordinator, "For all")
    await screen.page.reload()
    await lied.opens()
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(FORKED))
    assert (await screen.page.evaluate(REMEMBERED))["forks"] == 1
    # It was sealed, and is there again to be copied.
    begun = screen.page.get_by_label(re.compile(f"^Begun in {story.case.codename}"))
    await expect(begun).to_have_value("Only for me")
