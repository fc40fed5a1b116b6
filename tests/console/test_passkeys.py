"""Passkeys in a real Chromium: added on a device, signed in with, lost and removed; and the secret that one gives."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Route, expect

from agencies.passkey_sign_in import PASSKEY_REFUSED
from agencies.passkeys import FRESH
from core.settings import Settings
from core.texts import render
from crypto.vault.labels import PASSKEY_SALT
from server.api.console_files import FOLDER, POLICY
from tests.clock import MovableClock
from tests.console.browsers import SMALLEST, Browsers, Machine
from tests.console.passkeys import NAME, Device, device_of
from tests.console.screen import ANYTHING, Screen
from tests.console.serving import ServedConsole, serve_console
from tests.console.test_axe import clean
from tests.console.watching import FAILED_REQUEST
from tests.people import Network, Scene

pytestmark = [pytest.mark.slow, pytest.mark.long]

ADD = "Add a passkey on this device"
ADDED = "Streha {number} is added: from now on you can sign in with it here. It can help to unlock sealed records too."
ADDED_WITHOUT = (
    "Streha {number} is added: from now on you can sign in with it here. It cannot help to unlock sealed records; this "
    "browser then keeps a secret for that itself."
)
WAY = "Sign in with a passkey"
REMOVE = "Remove Streha {number}"
REFUSED = "Nothing was done: the device gave no passkey, or nobody confirmed it in time. Try again."
SECRET = """
async (chosen) => {
  const { passkeySecret, passkeySecretAmong } = await import("/console/vault/passkey_secret.js");
  const bytes = (text) => Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  const text = (bytes) => btoa(String.fromCharCode(...bytes));
  if (chosen === null) return text(await passkeySecret());
  const known = chosen.map((each) => ({ id: each.id, credential: bytes(each.credential) }));
  const { id, secret } = await passkeySecretAmong(known);
  return `${id} ${text(secret)}`;
}
"""


@pytest.fixture
async def console(
    network: Network, clock: MovableClock, settings: Settings, tmp_path: Path
) -> AsyncIterator[ServedConsole]:
    """Serve the console under a name."""
    async with serve_console(network, clock, settings, tmp_path, name=NAME) as served:
        yield served


async def go(screen: Screen) -> None:
    """Go to the screen about passkeys."""
    await screen.page.get_by_role("link", name=screen.words("This device"), exact=True).click()
    await expect(screen.page.get_by_role("heading", name=screen.words("Your passkeys"))).to_be_visible()


def rows(screen: Screen) -> Locator:
    """Return the passkeys in the list."""
    return screen.page.locator(".passkeys > li")


async def added(
    browsers: Browsers, story: Scene, machine: Machine | None = None, *, nth: int = 1
) -> tuple[Screen, Device]:
    """Return a member's window with a device that has a passkey, the nth of theirs."""
    screen = await browsers.board_of(story.member, machine)
    device = await device_of(screen)
    await go(screen)
    await screen.button(ADD).click()
    await expect(rows(screen)).to_have_count(nth)
    return screen, device


async def signed_out(screen: Screen) -> None:
    """Sign out, and be asked how to sign in again."""
    await screen.button("Sign out").click()
    await expect(screen.button(WAY)).to_be_visible()


async def test_a_passkey_is_added_signs_in_and_is_removed(
    browsers: Browsers, console: ServedConsole, story: Scene, language: str
) -> None:
    screen = await browsers.board_of(story.member, Machine(language=language))
    device = await device_of(screen)
    await go(screen)
    await expect(screen.text("You have no passkey.")).to_be_visible()
    await screen.button(ADD).click()
    await expect(screen.text(ADDED, number=ANYTHING)).to_be_visible()
    await expect(rows(screen)).to_have_count(1)
    await expect(rows(screen)).to_contain_text(screen.like("Added {time}, not used yet.", time=ANYTHING))
    (kept,) = await device.kept()
    # What lies at the device tells who its owner is to nobody.
    number = kept["userName"].removeprefix("Streha ")
    assert number.isdigit()
    assert kept["userDisplayName"] == kept["userName"]
    assert kept["rpId"] == NAME
    assert len(base64.b64decode(kept["userHandle"])) == 32
    assert base64.b64decode(kept["userHandle"])[:16] != story.member.id.bytes
    # The same device is not asked for a second one.
    await screen.button(ADD).click()
    await expect(screen.text("This device has a passkey of yours already.")).to_be_visible()

    await signed_out(screen)
    screen.watch.expect(FAILED_REQUEST)
    await screen.page.reload()
    await screen.button(WAY).click()
    await screen.until_live()
    await expect(screen.text("Signed in: {person}", person=story.member.name)).to_be_visible()
    cookies = await screen.page.context.cookies()
    assert [(each["name"], each["httpOnly"], each["sameSite"]) for each in cookies] == [
        ("__Host-streha", True, "Strict")
    ]
    await go(screen)
    await expect(rows(screen)).to_contain_text(screen.words("You are signed in with it."))
    await screen.button(REMOVE, number=number).click()
    await expect(screen.page.get_by_role("group", name=screen.words(REMOVE, number=number))).to_be_visible()
    await screen.button("Cancel").click()
    await screen.button(REMOVE, number=number).click()
    await screen.button("Yes, remove it").click()
    # With it goes the session that it began: this one.
    await console.api.services.feed.assure()
    await expect(screen.button(WAY)).to_be_visible()
    await screen.button(WAY).click()
    await expect(screen.page.get_by_role("alert").filter(has_text=render(PASSKEY_REFUSED, language))).to_be_visible()


async def test_a_passkey_that_is_removed_elsewhere_ends_its_windows_and_no_others(
    browsers: Browsers, console: ServedConsole, story: Scene
) -> None:
    screen, _device = await added(browsers, story)
    screen.watch.expect(FAILED_REQUEST)
    await signed_out(screen)
    await screen.button(WAY).click()
    await screen.until_live()
    other = await browsers.board_of(story.member)
    await go(other)
    await other.page.get_by_role("button", name=other.like(REMOVE, number=ANYTHING)).click()
    await other.button("Yes, remove it").click()
    await expect(other.text("You have no passkey.")).to_be_visible()
    await expect(other.page.get_by_role("main")).to_be_focused()
    await console.api.services.feed.assure()
    await expect(screen.text("Your session has ended. Sign in again.")).to_be_visible()
    await other.page.reload()
    await expect(other.text("You have no passkey.")).to_be_visible()


async def test_whoever_is_not_the_owner_does_not_get_in(browsers: Browsers, story: Scene) -> None:
    screen, device = await added(browsers, story)
    screen.watch.expect(FAILED_REQUEST)
    await signed_out(screen)
    await device.verifies(owner=False)
    await screen.button(WAY).click()
    await expect(screen.text(REFUSED)).to_be_visible()
    # There is another way in for whoever is.
    await expect(screen.text("On your own machine, run:")).to_be_visible()


async def test_a_copy_that_counts_from_before_is_refused(browsers: Browsers, network: Network, story: Scene) -> None:
    screen, device = await added(browsers, story)
    copied = await device.kept()
    screen.watch.expect(FAILED_REQUEST)
    for _ in range(2):
        await signed_out(screen)
        await screen.button(WAY).click()
        await screen.until_live()
    thief = await browsers.window()
    thief.watch.expect(FAILED_REQUEST)
    await thief.open()
    stolen = await device_of(thief)
    await stolen.takes(copied)
    await thief.button(WAY).click()
    await expect(thief.page.get_by_role("alert")).to_contain_text("Signing in with this passkey failed.")
    async with network.database.transaction() as tx:
        told = await tx.rows("SELECT template FROM outbox WHERE template LIKE 'passkey%' ORDER BY sequence")
    assert [row["template"] for row in told][-1] == "passkey_went_back"


async def test_an_answer_that_is_shown_again_is_refused_and_one_that_is_cut_off_is_asked_anew(
    browsers: Browsers, console: ServedConsole, story: Scene
) -> None:
    screen, _device = await added(browsers, story)
    screen.watch.expect(FAILED_REQUEST)
    await signed_out(screen)
    bodies: list[str] = []

    async def lost(route: Route) -> None:
        """Let it arrive, and let the answer be lost."""
        bodies.append(route.request.post_data or "")
        await route.fetch()
        await route.abort("connectionreset")

    await screen.page.route("**/api/sign-in/passkey", lost)
    await screen.button(WAY).click()
    await expect(screen.page.get_by_role("alert")).to_be_visible()
    await screen.page.unroute("**/api/sign-in/passkey")
    again = await console.api.ask(
        "POST", "/api/sign-in/passkey", raw=bodies[0].encode(), headers={"Origin": console.origin}
    )
    again.require_problem(401)
    # Nothing of what the device gave for the vault was sent.
    assert "prf" not in bodies[0]
    await screen.button(WAY).click()
    await screen.until_live()


async def test_a_session_that_is_not_fresh_is_told_to_sign_in_again(
    browsers: Browsers, story: Scene, clock: MovableClock
) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    device = await device_of(screen)
    await go(screen)
    clock.move(FRESH)
    await screen.button(ADD).click()
    await expect(screen.page.get_by_role("alert")).to_contain_text("within ten minutes of signing in")
    assert await device.kept() == []
    await expect(screen.text("You have no passkey.")).to_be_visible()


async def test_where_the_console_has_no_name_a_link_is_the_way(browsers: Browsers, console: ServedConsole) -> None:
    screen = await browsers.window()
    screen.watch.expect(FAILED_REQUEST)
    await screen.page.goto(console.home.replace(NAME, "127.0.0.1"))
    await expect(screen.text("On your own machine, run:")).to_be_visible()
    await screen.page.wait_for_load_state("networkidle")
    await expect(screen.button(WAY)).to_have_count(0)
    screen.watch.faults.clear()  # the story goes to another address than the console's own


async def test_by_keyboard_alone_on_the_smallest_screen(browsers: Browsers, story: Scene, language: str) -> None:
    screen = await browsers.board_of(story.member, Machine(language=language, size=SMALLEST[1]))
    await device_of(screen)
    await screen.page.get_by_role("link", name=screen.words("This device"), exact=True).focus()
    await screen.page.keyboard.press("Enter")
    await expect(screen.page.get_by_role("main")).to_be_focused()
    await expect(screen.text("You have no passkey.")).to_be_visible()
    await screen.page.keyboard.press("Tab")
    await expect(screen.button(ADD)).to_be_focused()
    await screen.page.keyboard.press("Enter")
    await expect(rows(screen)).to_have_count(1)
    await screen.page.keyboard.press("Tab")
    await expect(rows(screen).get_by_role("button")).to_be_focused()
    await screen.page.keyboard.press("Space")
    await screen.page.keyboard.press("Tab")
    wide = await screen.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    await expect(screen.button("Yes, remove it")).to_be_visible()


async def test_axe_finds_nothing_about_passkeys(browsers: Browsers, story: Scene, language: str) -> None:
    machine = Machine(language=language, policy_off=True)
    screen, _device = await added(browsers, story, machine)
    await clean(screen, "a passkey")
    await screen.page.get_by_role("button", name=screen.like(REMOVE, number=ANYTHING)).click()
    await clean(screen, "removing a passkey")
    await screen.button("Cancel").click()
    screen.watch.expect(FAILED_REQUEST)
    await signed_out(screen)
    await clean(screen, "the way in with a passkey")


async def test_a_part_that_could_not_be_fetched_is_fetched_again(browsers: Browsers, story: Scene) -> None:
    screen = await browsers.board_of(story.member)
    screen.watch.expect(FAILED_REQUEST)
    await screen.page.route("**/rare/device.js", lambda route: route.abort("connectionreset"))
    await screen.page.get_by_role("link", name=screen.words("This device"), exact=True).click()
    await expect(screen.text("This part of the page could not be loaded. Check the connection.")).to_be_visible()
    # The call for help is there all the same.
    await expect(screen.panic).to_be_visible()
    await screen.page.unroute("**/rare/device.js")
    await screen.button("Try again").click()
    await expect(screen.text("You have no passkey.")).to_be_visible()


# What a passkey gives for the vault -----------------------------------------------------------------


async def give_module(screen: Screen) -> None:
    """Let the window have the module, wherever it is served one day."""
    source = (FOLDER / "vault" / "passkey_secret.js").read_text(encoding="utf-8")
    headers = {"Content-Type": "text/javascript", "Content-Security-Policy": POLICY}
    await screen.page.route(
        "**/console/vault/passkey_secret.js", lambda route: route.fulfill(body=source, headers=headers)
    )


def test_both_programs_ask_for_the_same() -> None:
    source = (FOLDER / "vault" / "passkey_secret.js").read_text(encoding="utf-8")
    assert f'PASSKEY_SALT = "{PASSKEY_SALT.decode()[:-1]}\\0";' in source


async def test_a_passkey_gives_the_same_secret_each_time_and_each_its_own(browsers: Browsers, story: Scene) -> None:
    screen, device = await added(browsers, story)
    await give_module(screen)
    first, second = [await screen.page.evaluate(SECRET, None) for _ in range(2)]
    assert first == second
    assert len(base64.b64decode(first)) == 32
    (kept,) = await device.kept()
    known = [
        {"id": "other", "credential": base64.b64encode(bytes(32)).decode()},
        {"id": "this", "credential": kept["credentialId"]},
    ]
    assert await screen.page.evaluate(SECRET, known) == f"this {first}"
    # Another passkey gives another.
    other, _other_device = await added(browsers, story, nth=2)
    await give_module(other)
    assert await other.page.evaluate(SECRET, None) != first
    # And nothing of it went anywhere.
    sent = [each.post_data or "" for window in (screen, other) for each in window.watch.requests]
    assert not [each for each in sent if first in each or "prf" in each]


async def test_a_device_that_gives_no_secret_says_so(browsers: Browsers, story: Scene) -> None:
    screen = await browsers.board_of(story.member)
    await device_of(screen, secrets=False)
    await go(screen)
    await screen.button(ADD).click()
    await expect(screen.text(ADDED_WITHOUT, number=ANYTHING)).to_be_visible()
    await give_module(screen)
    failed = await screen.page.evaluate(f"({SECRET})(null).catch((error) => error.constructor.name)")
    assert failed == "NoSecret"


async def test_a_secret_is_not_given_to_whoever_is_not_the_owner(browsers: Browsers, story: Scene) -> None:
    screen, device = await added(browsers, story)
    await give_module(screen)
    await device.verifies(owner=False)
    failed = await screen.page.evaluate(f"({SECRET})(null).catch((error) => error.name)")
    assert failed == "NotAllowedError"
