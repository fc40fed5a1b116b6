"""Sealed records in a browser, against the real server: read, written, locked, and refused where somebody lies."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from playwright.async_api import expect

from cases.trust import records as record_deeds
from cases.trust.deeds import Remove
from cases.trust.records import MOST_FOLLOWED
from client.vault.memory import LogName, Memory, Proof
from crypto.vault import statement
from crypto.vault.content import Sealed
from crypto.vault.log import Kind
from tests.console.browsers import Browsers, Machine
from tests.console.screen import Screen
from tests.console.serving import ServedConsole
from tests.console.test_axe import clean
from tests.console.test_keyboard import tab_to
from tests.console.test_shapes import SIZES, fits
from tests.console.vaulting import PASSPHRASE, Shelf, choose, locked_page, records_of, shelf, unlock
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene
from tests.vault_clients import Written

pytestmark = pytest.mark.slow

SECRET = "Tiha čaplja spava kod tetke."
PAIRING = """
() => new Promise((done) => {
  indexedDB.open("streha").onsuccess = ({ target: { result } }) => {
    result.transaction("pairing").objectStore("pairing").get("own").onsuccess = (event) => {
      result.close();
      done(event.target.result && { ...event.target.result, secret: [...event.target.result.secret] });
    };
  };
})
"""
KEPT = """
() => new Promise((done) => {
  indexedDB.open("streha").onsuccess = ({ target: { result } }) => {
    const kept = {};
    const names = [...result.objectStoreNames];
    const reading = result.transaction(names);
    const told = (value) => value instanceof Uint8Array ? String.fromCharCode(...value)
      : value && typeof value === "object" ? Object.values(value).map(told).join(" ") : String(value);
    for (const name of names) {
      reading.objectStore(name).getAll().onsuccess = (event) => { kept[name] = event.target.result.map(told); };
    }
    reading.oncomplete = () => { result.close(); done(kept); };
  };
})
"""


@pytest.fixture
async def records(console: ServedConsole, story: Scene) -> Shelf:
    return await shelf(console, story)


async def write(screen: Screen, words: str) -> None:
    """Type a text into the editor, seal and save it."""
    await screen.page.get_by_label(screen.words("Text"), exact=True).fill(words)
    await screen.button("Seal and save").click()
    await expect(screen.page.get_by_role("article")).to_contain_text(words)


async def test_what_python_wrote_opens_in_the_browser_and_the_other_way(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    written = await records.write(story.coordinator, f"Tiha čaplja\n{SECRET}")
    screen = await records_of(browsers, records, story.member)
    await screen.page.get_by_role("button", name="Tiha čaplja").click()
    await expect(screen.page.get_by_role("article")).to_contain_text(SECRET)
    await expect(screen.page.get_by_role("article")).to_contain_text(story.coordinator.name)

    await screen.button("Write the next version").click()
    await write(screen, "Спава код сестре.")
    circle = await records.circle(story.coordinator)
    (name,) = circle.logs.records.current[written.record.bytes]
    version = circle.logs.records.versions[name]
    assert (version.by, version.write.follows) == (story.member.id.bytes, [written.hash])
    answer = (
        await records.founded.ask(
            story.coordinator, "GET", f"{circle.path}/versions/{UUID(bytes=version.write.version)}"
        )
    ).json
    theirs = Written(
        record=written.record, version=UUID(bytes=version.write.version), key=b"", body={},
        sealed=Sealed(content=b"", hash=version.write.content, promise=version.write.promise),
    )  # fmt: skip
    assert circle.read(await circle.accept(), theirs, answer).decode() == "Спава код сестре."

    # Nothing of it rests in this browser: entries of the logs, and what opens nothing without the passphrase.
    kept = await screen.page.evaluate(KEPT)
    assert len(kept["entries"]) == 5
    assert "čaplja" not in str(kept)
    assert "сестре" not in str(kept)
    seed = records.founded.seed(story.member).decode("latin-1")
    assert seed not in str(kept)


async def test_a_passphrase_that_is_wrong_opens_nothing_and_a_link_opens_once(
    browsers: Browsers, records: Shelf
) -> None:
    story = records.story
    screen = await locked_page(browsers, records, story.member)
    handed = await screen.page.evaluate(PAIRING)
    before = await records.bundles(story.member)
    await unlock(screen, "suma reka i most od kamena")
    alert = screen.page.get_by_role("alert")
    wrong = "The passphrase does not open the keys of this browser. Look at the keyboard's language and type it again."
    await expect(alert).to_have_text(screen.words(wrong))
    await expect(screen.page.get_by_label(screen.words("Passphrase"), exact=True)).to_have_value("")
    assert await records.bundles(story.member) == before

    await unlock(screen, f"  {PASSPHRASE.replace(' ', '   ')} ")
    await choose(screen, records)
    # What came by the link is worth nothing any more: another secret, another bundle, and the handed one is gone.
    own = await screen.page.evaluate(PAIRING)
    assert own["secret"] != handed["secret"]
    after = await records.bundles(story.member)
    assert (len(after), after & before) == (1, set())

    await screen.page.reload()
    await unlock(screen)
    await choose(screen, records)
    assert await records.bundles(story.member) == after


async def test_keys_are_locked_away_and_a_text_that_is_begun_comes_back(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    await records.write(story.coordinator, SECRET)
    screen = await records_of(browsers, records, story.member)
    await expect(screen.page.get_by_text(SECRET)).to_be_visible()
    await screen.button("Write a new record").click()
    box = screen.page.get_by_label(screen.words("Text"), exact=True)
    await box.fill("Half a sentence")
    async with screen.still():
        await screen.pass_time(timedelta(minutes=14))
        await box.press("End")
        await screen.pass_time(timedelta(minutes=14))
        await expect(box).to_be_visible()
        await screen.pass_time(timedelta(minutes=2))
    await expect(screen.page.get_by_role("heading", name=screen.words("The records are locked"))).to_be_visible()
    await expect(screen.page.locator("body")).not_to_contain_text("Half a sentence")
    await unlock(screen)
    # The case is opened where one was: at the text that was begun.
    await screen.page.get_by_role("button", name=records.story.case.codename).click()
    await expect(screen.page.get_by_label(screen.words("Text"), exact=True)).to_have_value("Half a sentence")
    await screen.button("Lock now").click()
    await expect(screen.page.get_by_role("heading", name=screen.words("The records are locked"))).to_be_visible()


async def test_two_who_wrote_at_once_are_both_shown_and_brought_together(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    first = await records.write(story.coordinator, "The first")
    screen = await records_of(browsers, records, story.member)
    await screen.page.get_by_role("button", name="The first").click()
    await screen.button("Write the next version").click()
    await screen.page.get_by_label(screen.words("Text"), exact=True).fill("Mine")
    # Somebody else is quicker; neither is lost.
    theirs = await records.write(story.coordinator, "Theirs", record=first.record, follows=[first.hash])
    await screen.button("Seal and save").click()
    # Whoever writes is shown it before anything of theirs is saved, and decides.
    articles = screen.page.get_by_role("article")
    await expect(articles).to_contain_text("Theirs")
    await screen.button("Save beside it: both stand").click()
    await expect(articles).to_have_count(2)
    await expect(articles.nth(0)).to_contain_text("Theirs")
    await expect(articles.nth(1)).to_contain_text("Mine")
    await screen.button("Back to the records").click()
    await expect(screen.text("CONFLICT: {count} versions were written at once", count=2)).to_be_visible()
    await screen.page.get_by_role("button", name="Mine").click()
    await screen.button("Write one version of them").click()
    await write(screen, "What is right of both")
    circle = await records.circle(story.coordinator)
    (name,) = circle.logs.records.current[first.record.bytes]
    follows = circle.logs.records.versions[name].write.follows
    assert len(follows) == 2
    assert theirs.hash in follows


async def test_more_versions_than_one_can_follow_are_brought_together_in_turns(
    browsers: Browsers, records: Shelf
) -> None:
    story = records.story
    first = await records.write(story.coordinator, "The first")
    beside = [
        await records.write(story.coordinator, f"Beside {number:02}", record=first.record, follows=[first.hash])
        for number in range(MOST_FOLLOWED + 1)
    ]
    screen = await records_of(browsers, records, story.member)
    await screen.page.get_by_role("button", name="Beside").click()
    told = screen.text(TOO_MANY, most=MOST_FOLLOWED, count=1)
    await expect(told).to_be_visible()
    await screen.button("Write one version of them").click()
    await screen.page.get_by_label(screen.words("Text"), exact=True).fill("Sixteen of them")
    await screen.button("Seal and save").click()
    articles = screen.page.get_by_role("article")
    await expect(articles).to_have_count(2)
    await expect(articles.nth(0)).to_contain_text("Beside 16")
    await expect(articles.nth(1)).to_contain_text("Sixteen of them")
    await expect(told).to_have_count(0)
    await screen.button("Write one version of them").click()
    await write(screen, "All of them")
    circle = await records.circle(story.coordinator)
    (name,) = circle.logs.records.current[first.record.bytes]
    last = circle.logs.records.versions[name].write.follows
    assert beside[-1].hash in last
    (other,) = set(last) - {beside[-1].hash}
    assert circle.logs.records.versions[other].write.follows == [each.hash for each in beside[:MOST_FOLLOWED]]


async def test_whoever_writes_next_after_a_removal_makes_the_new_keys(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    await records.write(story.coordinator, SECRET)
    screen = await records_of(browsers, records, story.member)
    circle = await records.circle(story.coordinator)
    gone = next(
        each
        for each in story.case.core.member_ids
        if each not in {story.coordinator.id, story.deputy.id, story.member.id}
    )
    assert (await circle.decide(Remove(person=gone.bytes))).status == 200
    await screen.button("Write a new record").click()
    await write(screen, "After they had left")
    circle = await records.circle(story.coordinator)
    assert circle.logs.circle.epoch == 2
    assert gone.bytes not in circle.logs.circle.granted
    assert circle.logs.circle.granted == circle.logs.circle.members
    # Everything opens for those who stayed, also what is older.
    other = await records_of(browsers, records, story.coordinator)
    await expect(other.page.get_by_text(SECRET)).to_be_visible()
    await expect(other.page.get_by_text("After they had left")).to_be_visible()


async def last_of_records(records: Shelf, network: Network) -> bytes:
    """Return the last entry of the records as the server has it."""
    async with network.database.reading() as tx:
        statement_: bytes = await tx.value(
            "SELECT statement FROM vault_entries WHERE kind = $1 AND log = $2 ORDER BY number DESC LIMIT 1",
            int(Kind.RECORDS), records.story.case.core.id,
        )  # fmt: skip
    return statement_


async def rewrite_last(records: Shelf, network: Network) -> None:
    """Let the server show another last entry of the records than the one that people were shown."""
    story = records.story
    circle = await records.circle(story.coordinator)
    number = len(circle.logs.written.hashes) - 1
    circle.logs.written.hashes.pop()
    deed = record_deeds.Write(
        record=uuid4().bytes, version=uuid4().bytes, kind="note", content=bytes(32), promise=bytes(32), follows=[]
    )
    other = circle.record_entry(deed)
    async with network.database.transaction() as tx:
        await tx.run(
            "UPDATE vault_entries SET statement = $1, hash = $2 WHERE kind = $3 AND log = $4 AND number = $5",
            other, statement.hash_of(other), int(Kind.RECORDS), story.case.core.id, number,
        )  # fmt: skip


FORKED = (
    "The server has shown different histories to different people. Work here has stopped and the proof is kept. Ring "
    "whoever leads the case."
)
TOO_MANY = (
    "At most {most} versions can be brought together at once: the first {most} here. {count} more stand beside what "
    "you write, to be brought together with it next."
)
FORGOTTEN = "Forgotten here. The next look fetches and checks everything anew."
WITHHELD = "The server does not give this version. Tell the operator, and ring its author."
HELD_BACK = (
    "The server holds back entries that were there already. Nothing of it was used. Ring whoever leads the case, and "
    "tell the operator."
)


async def test_another_history_stops_work_and_is_kept_as_proof(
    browsers: Browsers, records: Shelf, network: Network, tmp_path: Path
) -> None:
    story = records.story
    await records.write(story.coordinator, SECRET)
    screen = await records_of(browsers, records, story.member)
    ours = await last_of_records(records, network)
    await rewrite_last(records, network)
    await screen.button("Look for news").click()
    alert = screen.page.get_by_role("alert")
    await expect(alert).to_have_text(screen.words(FORKED))
    # Not even a page that is loaded anew goes on.
    await screen.page.reload()
    await unlock(screen)
    await screen.page.get_by_role("button", name=story.case.codename, exact=True).click()
    await expect(alert).to_have_text(screen.words(FORKED))
    kept = await screen.page.evaluate(KEPT)
    assert len(kept["forks"]) == 1

    # The proof is saved as the very file that the command line keeps of the same.
    proof = Proof(
        name=LogName(Kind.RECORDS, story.case.core.id.bytes), number=0, ours=ours,
        theirs=await last_of_records(records, network),
    )  # fmt: skip
    file = Memory(tmp_path, records.founded.id).keep(proof)
    screen.watch.files.add(file.name)
    async with screen.page.expect_download() as downloading:
        await screen.button("Save the proof as a file").click()
    saved = await downloading.value
    content = await asyncio.to_thread(Path(await saved.path()).read_bytes)
    assert (saved.suggested_filename, content) == (file.name, await asyncio.to_thread(file.read_bytes))

    # Other keys for the same network do away with no proof.
    await screen.open(await records.link(story.coordinator))
    await screen.button("Take what the link brings").click()
    await unlock(screen)
    await screen.page.get_by_role("button", name=story.case.codename, exact=True).click()
    await expect(alert).to_have_text(screen.words(FORKED))

    # Whoever has cleared it up says so twice, and begins anew; the proof stays.
    await screen.button("It was cleared up…").click()
    await screen.button("Leave it stopped").click()
    await screen.button("It was cleared up…").click()
    await screen.button("It was cleared up: begin anew").click()
    await expect(screen.page.get_by_role("status")).to_have_text(screen.words(FORGOTTEN))
    await choose(screen, records)
    # Of the entry that the server shows now there is no content.
    await expect(screen.page.get_by_text(screen.words(WITHHELD))).to_be_visible()
    after = await screen.page.evaluate(KEPT)
    assert [each.startswith(kept["forks"][0]) for each in after["forks"]] == [True]


async def test_less_than_was_there_already_is_refused(browsers: Browsers, records: Shelf, network: Network) -> None:
    story = records.story
    await records.write(story.coordinator, SECRET)
    await records.write(story.coordinator, "Another")
    screen = await records_of(browsers, records, story.member)
    async with network.database.transaction() as tx:
        named = (int(Kind.RECORDS), story.case.core.id)
        await tx.run("DELETE FROM vault_entries WHERE kind = $1 AND log = $2 AND number = 1", *named)
        await tx.run("UPDATE vault_logs SET length = 1 WHERE kind = $1 AND log = $2", *named)
    await screen.button("Look for news").click()
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(HELD_BACK))
    await screen.page.reload()
    await unlock(screen)
    await screen.page.get_by_role("button", name=story.case.codename, exact=True).click()
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(HELD_BACK))


async def test_a_version_that_was_altered_is_refused_and_the_others_are_shown(
    browsers: Browsers, records: Shelf, network: Network
) -> None:
    story = records.story
    spoilt = await records.write(story.coordinator, "Spoilt")
    await records.write(story.coordinator, SECRET)
    async with network.database.transaction() as tx:
        await tx.run(
            "UPDATE vault_contents SET content = set_byte(content, 100, get_byte(content, 100) # 1) WHERE version = $1",
            spoilt.version,
        )
    screen = await records_of(browsers, records, story.member)
    altered = "This was altered after it was sealed. It is not shown. Tell whoever leads the case, and the operator."
    await expect(screen.text(altered)).to_be_visible()
    await expect(screen.page.get_by_text(SECRET)).to_be_visible()


async def test_keys_are_of_the_network_that_was_handed_over(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    screen = await browsers.window()
    screen.watch.databases.add("streha")
    screen.watch.expect(FAILED_REQUEST)
    real, records.founded.genesis = records.founded.genesis, b"\x01" + bytes(200)
    link = await records.link(story.member)
    records.founded.genesis = real
    await screen.open(link)
    await unlock(screen)
    other = "This is not the network that your keys belong to. Nothing was opened. Ring your administrator."
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(other))


async def test_who_was_removed_is_told_nothing_more(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    await records.write(story.coordinator, SECRET)
    screen = await records_of(browsers, records, story.member)
    circle = await records.circle(story.coordinator)
    assert (await circle.decide(Remove(person=story.member.id.bytes))).status == 200
    await screen.button("Look for news").click()
    await expect(screen.page.get_by_role("alert")).to_be_visible()
    await expect(screen.page.get_by_text(SECRET)).to_have_count(0)


async def test_the_keys_are_taken_from_a_browser(browsers: Browsers, records: Shelf) -> None:
    screen = await records_of(browsers, records, records.story.member)
    await screen.button("Lock now").click()
    await screen.button("Remove the keys from this browser…").click()
    await screen.button("Remove them").click()
    await expect(screen.page.get_by_role("heading", name=screen.words("This browser has no keys yet"))).to_be_visible()
    assert await screen.page.evaluate("async () => (await indexedDB.databases()).length") == 0
    assert await records.bundles(records.story.member) == set()


async def test_axe_finds_nothing_and_everything_fits(browsers: Browsers, records: Shelf, language: str) -> None:
    story = records.story
    first = await records.write(story.coordinator, f"Prvi zapis o svemu. {'dugačkareč' * 30}")
    machine = Machine(language=language, policy_off=True)
    screen = await locked_page(browsers, records, story.member, machine)
    await everywhere(screen, "locked")
    await unlock(screen)
    await expect(screen.page.get_by_role("button", name=story.case.codename, exact=True)).to_be_visible()
    await everywhere(screen, "cases")
    await choose(screen, records)
    await everywhere(screen, "records")
    await screen.page.get_by_role("button", name="Prvi zapis").click()
    await screen.button("Write the next version").click()
    await everywhere(screen, "editor")
    await records.write(story.coordinator, "Drugo", record=first.record, follows=[first.hash])
    await screen.button("Seal and save").click()
    await expect(screen.page.get_by_role("article")).to_have_count(1)
    await everywhere(screen, "newer")
    await screen.button("Save beside it: both stand").click()
    await expect(screen.page.get_by_role("article")).to_have_count(2)
    await everywhere(screen, "conflict")
    await screen.button("Write one version of them").click()
    await screen.button("Lock now").click()
    await unlock(screen)
    await expect(screen.button("Go on writing it")).to_be_visible()
    await everywhere(screen, "begun")


async def everywhere(screen: Screen, where: str) -> None:
    """Require of a screen that it fits at every size and that axe-core finds nothing."""
    for name, size in SIZES.items():
        await screen.page.set_viewport_size(size)
        await fits(screen, f"{where}, {name}")
    await clean(screen, where)


async def test_the_whole_work_is_done_with_the_keyboard_alone(browsers: Browsers, records: Shelf) -> None:
    story = records.story
    await records.write(story.coordinator, SECRET)
    screen = await locked_page(browsers, records, story.member)
    keyboard = screen.page.keyboard
    await expect(screen.page.get_by_role("main")).to_be_focused()
    await tab_to(screen, screen.page.get_by_label(screen.words("Passphrase"), exact=True))
    await keyboard.type(PASSPHRASE)
    await keyboard.press("Enter")
    case = screen.page.get_by_role("button", name=story.case.codename, exact=True)
    await expect(case).to_be_visible()
    await expect(screen.page.get_by_role("main")).to_be_focused()
    await tab_to(screen, case)
    await keyboard.press("Enter")
    await expect(screen.page.get_by_text(SECRET)).to_be_visible()
    await tab_to(screen, screen.page.get_by_role("button", name=SECRET))
    await keyboard.press("Enter")
    await expect(screen.page.get_by_role("main")).to_be_focused()
    await tab_to(screen, screen.button("Write the next version"))
    await keyboard.press("Enter")
    # Whoever comes to another screen begins at its top.
    await expect(screen.page.get_by_role("main")).to_be_focused()
    await tab_to(screen, screen.page.get_by_label(screen.words("Text"), exact=True))
    await keyboard.press("Control+A")
    await keyboard.type("By keyboard")
    await tab_to(screen, screen.button("Seal and save"))
    await keyboard.press("Enter")
    await expect(screen.page.get_by_role("article")).to_contain_text("By keyboard")
    await expect(screen.page.get_by_role("main")).to_be_focused()
