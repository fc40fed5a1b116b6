"""The keys of a browser, bound to a passkey of its device: made, opened with, refused, and lost.

Passkeys are Chromium's own virtual ones, with and without the extension `prf`; the server that lies is a process.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from playwright.async_api import Browser, Route, expect

from agencies.model import Person
from core.settings import Settings
from crypto.vault import bundle
from tests.clock import MovableClock
from tests.console.browsers import SMALLEST, Browsers, Machine
from tests.console.passkeys import NAME, Device, device_of
from tests.console.screen import ANYTHING, Screen
from tests.console.serving import ServedConsole, serve_console
from tests.console.test_axe import clean
from tests.console.test_passkeys import SECRET, go
from tests.console.test_records import KEPT, PAIRING
from tests.console.test_records_malice import ALTERED, TOO_EASY, TOO_HARD, WRONG, Lied, lied_to
from tests.console.test_shapes import fits
from tests.console.vaulting import PASSPHRASE, Shelf, choose, locked_page, shelf, unlock
from tests.people import Network, Scene
from tests.vault_clients import data, text

pytestmark = [pytest.mark.slow, pytest.mark.long]

BEGIN = "Open the records with a passkey too…"
MAKE = "Make a new passkey on this device"
MADE = "The passkey is made, and signs you in on the board too. Now bind the keys to it."
BIND = "Bind the keys to a passkey of this device"
BOUND = "Done. From now on this browser opens the records with the passkey and your passphrase together."
FIRST = "First your device asks for your finger, face or PIN: the keys are bound to the passkey Streha {number}."
NO_PASSKEY = (
    "The device gave no passkey, or nobody confirmed it in time. Nothing has changed: try again. If the passkey is "
    "lost, remove it under This device on the board, and run: streha console --with-keys"
)
NO_SECRET = (
    "The passkeys of this device cannot help to open records. Nothing has changed. If one was just made here, it signs "
    "nobody in: remove it from the device."
)
THERE = "This device has a passkey of yours already. Bind the keys to that."
ANOTHER = (
    "The server has kept another passkey than your device made. Nothing was bound. Remove it under This device on the "
    "board, and tell the operator."
)
OTHER_PASSPHRASE = (
    "What the server has for this passkey does not open with your passphrase. Nothing has changed. If you use another "
    "passphrase with this passkey elsewhere, type that; otherwise remove the passkey under This device on the board, "
    "make a new one, and tell the operator."
)
NOT_KEPT = (
    "The server did not keep what was sealed for the passkey. Nothing has changed: this browser opens as before. Try "
    "again, and tell the operator."
)
NO_BUNDLE = (
    "The server has no keys for this browser any more: they were taken away, or the passkey was removed. If that was "
    "not you, ring your administrator. To have them here anew, run: streha console --with-keys"
)
LOCKED = "The records were locked meanwhile. Unlock them and try again."


@pytest.fixture
async def console(
    network: Network, clock: MovableClock, settings: Settings, tmp_path: Path
) -> AsyncIterator[ServedConsole]:
    """Serve the console under a name: passkeys are made for one."""
    async with serve_console(network, clock, settings, tmp_path, name=NAME) as served:
        yield served


@pytest.fixture
async def records(console: ServedConsole, story: Scene) -> Shelf:
    return await shelf(console, story)


async def opened(
    browsers: Browsers, records: Shelf, machine: Machine | None = None, *, secrets: bool = True
) -> tuple[Screen, Device]:
    """Return a member's window with keys that are open, and its device, which has no passkey yet."""
    screen = await locked_page(browsers, records, records.story.member, machine)
    device = await device_of(screen, secrets=secrets)
    await unlock(screen)
    await screen.button(BEGIN).click()
    await expect(screen.text("You have no passkey yet.")).to_be_visible()
    return screen, device


async def bind(screen: Screen, passphrase: str = PASSPHRASE) -> None:
    """Ask for the keys to be bound to the passkey that is there."""
    await screen.page.get_by_label(screen.words("Passphrase"), exact=True).fill(passphrase)
    await screen.button(BIND).click()


async def bound(
    browsers: Browsers, records: Shelf, machine: Machine | None = None
) -> tuple[Screen, Device]:  # fmt: skip
    """Return a member's window whose keys are bound to a passkey."""
    screen, device = await opened(browsers, records, machine)
    await screen.button(MAKE).click()
    await expect(screen.text(MADE)).to_be_visible()
    await bind(screen)
    await expect(screen.text(BOUND)).to_be_visible()
    return screen, device


async def passkeys(records: Shelf, person: Person) -> list[dict[str, str]]:
    """Return a person's passkeys as the server has them."""
    token = await records.console.api.token(person)
    listed: list[dict[str, str]] = (await records.console.api.ask("GET", "/api/passkeys", token=token)).json["passkeys"]
    return listed


async def refused(screen: Screen, sentence: str) -> None:
    """Require that this is said, and nothing else."""
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(sentence))


async def lock(screen: Screen) -> None:
    """Lock the keys away by hand."""
    await screen.button("Lock now").click()
    await expect(screen.page.get_by_role("heading", name=screen.words("The records are locked"))).to_be_visible()


async def test_keys_are_bound_to_a_passkey_which_opens_them_with_the_passphrase(
    browsers: Browsers, records: Shelf, language: str
) -> None:
    member = records.story.member
    screen, device = await opened(browsers, records, Machine(language=language))
    own = await screen.page.evaluate(PAIRING)
    await screen.button(MAKE).click()
    await expect(screen.text(MADE)).to_be_visible()
    await bind(screen)
    await expect(screen.text(BOUND)).to_be_visible()

    # The way that rested in this browser is gone from it, and so is the bundle that it opened.
    (passkey,) = await passkeys(records, member)
    (kept,) = (await records.founded.ask(member, "GET", "bundles")).json["bundles"]
    assert (kept["bundle"], kept["kind"]) == (passkey["id"], 2)
    after = await screen.page.evaluate(PAIRING)
    assert (len(own["secret"]), after["secret"]) == (32, [])

    # Python's side opens what the browser locked.
    secret = base64.b64decode(await screen.page.evaluate(SECRET, None))
    locked = data((await records.founded.ask(member, "GET", f"bundles/{passkey['id']}")).json["bundle"])
    keys = bundle.Keys(seed=records.founded.seed(member), secret=records.founded.secrets[member.id])
    whose = bundle.owner(keys, network=records.founded.id, person=member.id.bytes)
    found = bundle.unlock(locked, whose, kind=bundle.Kind.PASSKEY, passphrase=PASSPHRASE, device_secret=secret)
    assert (found.seed, found.secret) == (keys.seed, keys.secret)
    # What the passkey gives was kept nowhere, and sent to nobody.
    remembered = str(await screen.page.evaluate(KEPT))
    assert secret.decode("latin-1") not in remembered
    sent = [each.post_data or "" for each in screen.watch.requests]
    assert not [each for each in sent if base64.b64encode(secret).decode() in each or "prf" in each]

    await lock(screen)
    await expect(screen.text(FIRST, number=passkey["number"])).to_be_visible()
    await unlock(screen, "suma reka i most od kamena")
    await refused(screen, WRONG)
    await screen.page.reload()
    await unlock(screen)
    await choose(screen, records)
    await lock(screen)
    # The last of all: a device that somebody else held a finger to answers nobody for a while.
    await device.verifies(owner=False)
    await unlock(screen)
    await refused(screen, NO_PASSKEY)


async def test_a_passkey_that_was_lost_is_removed_and_opens_nothing_any_more(
    browsers: Browsers, records: Shelf
) -> None:
    member = records.story.member
    screen, _device = await bound(browsers, records)
    # From another machine, as whoever lost this one would.
    (passkey,) = await passkeys(records, member)
    other = await browsers.board_of(member)
    await go(other)
    await other.button("Remove Streha {number}", number=passkey["number"]).click()
    await other.button("Yes, remove it").click()
    await expect(other.text("You have no passkey.")).to_be_visible()
    assert await records.bundles(member) == set()
    await lock(screen)
    await unlock(screen)
    await refused(screen, NO_BUNDLE)
    # A link brings the keys anew, and a passkey that is not there any more stands in nobody's way.
    await screen.open(await records.link(member))
    await screen.button("Take what the link brings").click()
    await unlock(screen)
    await choose(screen, records)


async def test_a_device_that_gives_no_secret_is_told_of_and_nothing_is_half_made(
    browsers: Browsers, records: Shelf
) -> None:
    member = records.story.member
    screen, device = await opened(browsers, records, secrets=False)
    before, pairing = await records.bundles(member), await screen.page.evaluate(PAIRING)
    await screen.button(MAKE).click()
    await refused(screen, NO_SECRET)
    assert await passkeys(records, member) == []
    # Nor does one help that was added on the board, where it signs in.
    board = await screen.another()
    same = await device_of(board, secrets=False)
    await board.open()
    await go(board)
    await board.button("Add a passkey on this device").click()
    await expect(board.page.locator(".passkeys > li")).to_have_count(1)
    await device.takes(await same.kept())
    await board.page.close()
    await screen.button("Cancel").click()
    await screen.button(BEGIN).click()
    await bind(screen)
    await refused(screen, NO_SECRET)
    assert (await records.bundles(member), await screen.page.evaluate(PAIRING)) == (before, pairing)
    await lock(screen)
    await unlock(screen)
    await choose(screen, records)


async def test_a_wrong_passphrase_and_somebody_else_s_finger_bind_nothing(browsers: Browsers, records: Shelf) -> None:
    member = records.story.member
    screen, device = await opened(browsers, records)
    before, pairing = await records.bundles(member), await screen.page.evaluate(PAIRING)
    await screen.button(MAKE).click()
    await expect(screen.text(MADE)).to_be_visible()
    await screen.button(MAKE).click()
    await refused(screen, THERE)
    await bind(screen, "suma reka i most od kamena")
    await refused(screen, WRONG)
    # Locked while the server was still asked to keep them.

    async def locked_meanwhile(route: Route) -> None:
        if route.request.method == "PUT":
            await lock(screen)
        await route.continue_()

    await screen.page.route("**/api/vault/bundles/*", locked_meanwhile)
    await bind(screen)
    await refused(screen, LOCKED)
    await screen.page.unroute("**/api/vault/bundles/*")
    assert await screen.page.evaluate(PAIRING) == pairing
    await unlock(screen)
    await screen.button(BEGIN).click()
    await device.verifies(owner=False)
    await bind(screen)
    await refused(screen, NO_PASSKEY)
    assert await screen.page.evaluate(PAIRING) == pairing
    assert before < await records.bundles(member)
    await lock(screen)
    await unlock(screen)
    await choose(screen, records)


async def test_what_a_passkey_opens_stays_with_it_and_is_used_again(browsers: Browsers, records: Shelf) -> None:
    """As for a second browser with the same passkey: one that is synced."""
    member = records.story.member
    screen, _device = await bound(browsers, records)
    (passkey,) = await passkeys(records, member)
    made = (await records.founded.ask(member, "GET", f"bundles/{passkey['id']}")).json
    await screen.open(await records.link(member))
    await screen.button("Take what the link brings").click()
    await unlock(screen)
    await screen.button(BEGIN).click()
    assert len(await records.bundles(member)) == 2
    await bind(screen)
    await expect(screen.text(BOUND)).to_be_visible()
    assert await records.bundles(member) == {UUID(passkey["id"])}
    assert (await records.founded.ask(member, "GET", f"bundles/{passkey['id']}")).json == made
    # Keys that leave this browser are still there for others.
    await lock(screen)
    await screen.button("Remove the keys from this browser…").click()
    await screen.button("Remove them").click()
    await expect(screen.text("The keys are removed from this browser.")).to_be_visible()
    assert await records.bundles(member) == {UUID(passkey["id"])}


async def test_an_answer_that_is_lost_leaves_the_old_way_open(browsers: Browsers, records: Shelf) -> None:
    screen, _device = await opened(browsers, records)
    await screen.button(MAKE).click()
    await expect(screen.text(MADE)).to_be_visible()

    async def lost(route: Route) -> None:
        """Let locked keys arrive, and let the answer be lost."""
        if route.request.method == "PUT":
            await route.fetch()
            await route.abort("connectionreset")
        else:
            await route.continue_()

    await screen.page.route("**/api/vault/bundles/*", lost)
    await bind(screen)
    await expect(screen.page.get_by_role("alert")).to_be_visible()
    assert len((await screen.page.evaluate(PAIRING))["secret"]) == 32
    await screen.page.unroute("**/api/vault/bundles/*")
    # What arrived is used, and not made twice.
    await bind(screen)
    await expect(screen.text(BOUND)).to_be_visible()
    assert len(await records.bundles(records.story.member)) == 1


async def test_binding_on_small_screens_and_for_whoever_hears_it(
    browsers: Browsers, records: Shelf, language: str
) -> None:
    machine = Machine(language=language, size=SMALLEST[1], policy_off=True)
    screen, _device = await opened(browsers, records, machine)
    await clean(screen, "a passkey for the records")
    await fits(screen, "a passkey for the records")
    await screen.page.get_by_label(screen.words("Passphrase"), exact=True).wait_for(state="detached")
    await screen.button(MAKE).focus()
    await screen.page.keyboard.press("Enter")
    await expect(screen.text(MADE)).to_be_visible()
    await screen.page.get_by_label(screen.words("Passphrase"), exact=True).focus()
    await screen.page.keyboard.type(PASSPHRASE)
    await fits(screen, "a passkey for the records")
    await screen.page.keyboard.press("Enter")
    await expect(screen.text(BOUND)).to_be_visible()
    await clean(screen, "keys that are bound")
    await lock(screen)
    await clean(screen, "keys that are bound, locked")
    await fits(screen, "a passkey for the records")


# A server that lies ----------------------------------------------------------------------------------


@pytest.fixture
async def lied(
    network: Network, settings: Settings, tmp_path: Path, story: Scene, chromium: Browser, clock: MovableClock
) -> AsyncIterator[Lied]:
    async with lied_to(network, settings, tmp_path, story, chromium, clock, name=NAME) as made:
        await device_of(made.screen)
        await made.screen.button("Other cases").click()
        await made.screen.button(BEGIN).click()
        await expect(made.screen.text("You have no passkey yet.")).to_be_visible()
        yield made


LIES = [
    # Nobody can tell these from a passphrase that is wrong.
    ("bundle-flipped", WRONG),
    ("bundle-of-another", WRONG),
    ("bundle-salted", WRONG),
    ("bundle-cut", ALTERED),
    ("bundle-of-the-other-kind", ALTERED),
    ("bundle-weakened", TOO_EASY),
    ("bundle-small", TOO_EASY),
    ("bundle-inflated", TOO_HARD),
]


async def test_a_bundle_that_was_changed_opens_nothing_with_a_passkey_either(lied: Lied) -> None:
    screen = lied.screen
    await screen.button(MAKE).click()
    await expect(screen.text(MADE)).to_be_visible()
    await bind(screen)
    await expect(screen.text(BOUND)).to_be_visible()
    others = text(_locked_for(lied, lied.shelf.story.coordinator))
    for attack, sentence in LIES:
        await lock(screen)
        await lied.town.malice.begin(attack, others if attack == "bundle-of-another" else "")
        await unlock(screen)
        await lied.refused(sentence)
        await unlock(screen)
        await lied.reads()


async def test_a_server_that_lies_while_keys_are_bound_leaves_the_old_way_as_it_is(lied: Lied) -> None:
    screen, shelf_, member = lied.screen, lied.shelf, lied.shelf.story.member
    before, pairing = await shelf_.bundles(member), await screen.page.evaluate(PAIRING)

    async def nothing_has_changed() -> None:
        assert await screen.page.evaluate(PAIRING) == pairing
        assert before <= await shelf_.bundles(member)

    # Another passkey than the device's is said to be there: told at once, and later the device knows it not.
    await lied.town.malice.begin("passkeys-exchanged", base64.b64encode(bytes(32)).decode())
    await screen.button(MAKE).click()
    await refused(screen, ANOTHER)
    await screen.button("Cancel").click()
    await screen.button(BEGIN).click()
    await bind(screen)
    await refused(screen, NO_PASSKEY)
    await nothing_has_changed()

    # The passkey is said to be called as the bundle is that opens now, and that would go away.
    (own,) = before
    await lied.town.malice.begin("passkeys-renamed", str(own))
    await screen.button("Cancel").click()
    await screen.button(BEGIN).click()
    await bind(screen)
    await refused(screen, ANOTHER)
    await nothing_has_changed()

    await lied.town.malice.begin("bundle-swallowed")
    await screen.button("Cancel").click()
    await screen.button(BEGIN).click()
    await bind(screen)
    await refused(screen, NOT_KEPT)
    await nothing_has_changed()

    # The keys of somebody else, or of anybody's making, in the place of one's own.
    await lied.town.malice.begin("honest")
    (passkey,) = await passkeys(shelf_, member)
    wrong = {"kind": 2, "bundle": text(_locked_for(lied, shelf_.story.coordinator))}
    assert (await shelf_.founded.ask(member, "PUT", f"bundles/{passkey['id']}", wrong)).status == 204
    await bind(screen)
    await refused(screen, OTHER_PASSPHRASE)
    await nothing_has_changed()
    assert (await shelf_.founded.ask(member, "DELETE", f"bundles/{passkey['id']}")).status == 204
    await bind(screen)
    await expect(screen.text(BOUND)).to_be_visible()
    assert await shelf_.bundles(member) == {UUID(passkey["id"])}
    await lock(screen)
    await expect(screen.text(FIRST, number=ANYTHING)).to_be_visible()
    await unlock(screen)
    await lied.reads()


def _locked_for(lied: Lied, person: Person) -> bytes:
    """Return somebody's keys, locked for a passkey."""
    founded = lied.town.founded
    keys = bundle.Keys(seed=founded.seed(person), secret=founded.secrets[person.id])
    whose = bundle.owner(keys, network=founded.id, person=person.id.bytes)
    return bundle.lock(keys, whose, kind=bundle.Kind.PASSKEY, passphrase=PASSPHRASE, device_secret=bytes(32))
