"""Coming in with a paper in a browser: what is held against it, what is offered, and what is believed when."""

from __future__ import annotations

import re
from dataclasses import replace
from uuid import UUID

import pytest
from playwright.async_api import expect

from agencies.model import Role
from agencies.trust.deeds import Revoke
from crypto.vault import invitation
from crypto.vault.passphrase import plain
from tests.console.browsers import Browsers, Machine
from tests.console.joining import (
    DRAWN,
    House,
    code_of,
    copy_passphrase,
    newcomer,
    offer_keys,
    say_who,
    show_paper,
    type_passphrase,
)
from tests.console.screen import Screen
from tests.console.serving import ServedConsole
from tests.console.test_records import KEPT, PAIRING, everywhere
from tests.console.vaulting import Shelf, unlock
from tests.people import Scene
from tests.vault_clients import found

pytestmark = [pytest.mark.slow, pytest.mark.long]

GO_ON = "Look whether I am attested, and go on"
WAIT = "You are not attested yet; your offer waits. Read this code to your administrator when they ring you: {code}"
INVITED = "Your paper invites you as: {role}. If you were told otherwise, stop here, and ring whoever gave it to you."
DONE = "You are attested, and the network is the one of your paper. Destroy the paper now, and unlock."
NOT_WHOLE = "This is not a whole invitation: nine rows of four groups, and the address below them. Type it again."
ROW = "Row {row} is not right. Look at it again, letter by letter."
NOT_TOGETHER = (
    "Each row is right, but they do not belong together, or the address is another one. Look at the address, sign by "
    "sign."
)
OTHER_ADDRESS = (
    "Your paper is for another address than this page's, {address}. Nothing was sent. Look at the address of this page "
    "sign by sign, and open the one on your paper."
)
OTHER_NETWORK = (
    "DANGER: the server shows another network than your paper. Nothing was believed. Ring whoever gave you the paper, "
    "by a number you know, before you do anything else."
)
OTHER_PAST = (
    "DANGER: the server's directory does not hold the entry that your paper names: it holds back entries, or shows "
    "another past. Nothing was believed. Ring whoever gave you the paper, by a number you know."
)
OTHER_PERSON = "The directory does not know you as you offered yourself. Ring your administrator."
GONE = (
    "You are not attested, and the server keeps no offer of yours: the invitation was used by somebody else, taken "
    "back, or its time is over. Ring whoever gave you the paper, by a number you know. If they say that they have "
    "signed and it only waits for others to agree, keep these keys and look again later. If not, give these keys up "
    "and begin anew with another paper."
)
NO_BUNDLE = (
    "The server has no keys for this browser any more: they were taken away, or the passkey was removed. If that was "
    "not you, ring your administrator. To have them here anew, run: streha console --with-keys"
)
WRONG = "The passphrase does not open the keys of this browser. Look at the keyboard's language and type it again."
NOT_AS_SHOWN = "That is not what was shown. Look at your copy, or have it shown once more."
SOMEBODY = (
    "Somebody else is signed in in this browser. Let them sign out on the board first; or use a browser that is yours "
    "alone."
)
WAITS = (
    "Keys that were made here with an invitation wait to be attested. Nothing was taken from the link. To use it here, "
    "give those keys up first."
)


@pytest.fixture
async def house(console: ServedConsole, story: Scene) -> House:
    founded = await found(console.api, story.shelter, story.police, story.welfare)
    return House(console=console, founded=founded, boss=founded.administrators[story.shelter.agency.id])


async def told(screen: Screen, sentence: str, /, **parameters: object) -> None:
    """Require that this is said, and nothing else, of what was wrong."""
    await expect(screen.page.get_by_role("alert")).to_have_text(screen.words(sentence, **parameters))


async def test_a_newcomer_comes_in_by_paper_and_by_voice(browsers: Browsers, house: House, language: str) -> None:
    screen = await newcomer(browsers, Machine(language=language, policy_off=True))
    await everywhere(screen, "paper")
    await show_paper(screen, await house.invite(role=Role.SECURITY_OFFICER))
    # The role is the paper's, and is shown before anything is signed.
    role = screen.words("security officer")
    await expect(screen.page.get_by_text(screen.words(INVITED, role=role))).to_be_visible()
    await everywhere(screen, "person")
    await say_who(screen)
    await expect(screen.page.locator(DRAWN)).to_be_visible()
    await everywhere(screen, "passphrase")
    passphrase = await copy_passphrase(screen)
    assert len(plain(passphrase).split()) == 7
    assert plain(passphrase).isascii()
    code = await code_of(screen)
    await everywhere(screen, "waiting")
    offered = await house.offered()
    assert (offered.code, offered.offer.role, offered.offer.name) == (code, Role.SECURITY_OFFICER, "Vera Primer")

    # What rests in this browser opens nothing without the passphrase, and nobody is signed in by it yet.
    kept = await screen.page.evaluate(KEPT)
    assert (kept["pairing"], len(kept["joining"]), kept["entries"]) == ([], 1, [])
    await type_passphrase(screen, passphrase, GO_ON)
    await told(screen, WAIT, code=code)
    await screen.page.reload()
    assert await code_of(screen) == code

    await house.attest(offered)
    await type_passphrase(screen, passphrase, GO_ON)
    await expect(screen.page.get_by_text(screen.words(DONE))).to_be_visible()
    kept = await screen.page.evaluate(KEPT)
    assert (len(kept["pairing"]), kept["joining"], len(kept["entries"])) == (1, [], 2)
    pairing = await screen.page.evaluate(PAIRING)
    assert bytes(pairing["network"]) == house.founded.id
    person = UUID(bytes=offered.offer.person)
    assert await house.bundles(screen, person) == [str(UUID(bytes=bytes(pairing["bundle"])))]
    await unlock(screen, passphrase)
    await expect(screen.button("Lock now")).to_be_visible()

    # Whoever has no other machine signs in with the same keys.
    await screen.page.context.clear_cookies()
    await screen.page.reload()
    await type_passphrase(screen, "wrong words", "Sign in and unlock")
    await told(screen, WRONG)
    await everywhere(screen, "signed out")
    await type_passphrase(screen, passphrase, "Sign in and unlock")
    await expect(screen.button("Lock now")).to_be_visible()
    cookies = await screen.page.context.cookies()
    assert [(each["name"], each["httpOnly"]) for each in cookies] == [("__Host-streha", True)]


async def test_keys_sign_nobody_in_who_left_or_where_another_is_signed_in(
    browsers: Browsers, console: ServedConsole, house: House, story: Scene
) -> None:
    screen = await newcomer(browsers)
    passphrase, _code = await offer_keys(screen, await house.invite())
    offered = await house.offered()
    await house.attest(offered)
    await type_passphrase(screen, passphrase, GO_ON)
    await expect(screen.page.get_by_text(screen.words(DONE))).to_be_visible()
    await screen.page.context.clear_cookies()
    await screen.page.reload()
    await expect(screen.button("Sign in and unlock")).to_be_visible()
    board = await screen.another()
    await board.open(await console.address_for(story.member))
    await board.until_live()
    await type_passphrase(screen, passphrase, "Sign in and unlock")
    await told(screen, SOMEBODY)
    # Whoever was signed in still is.
    await board.page.reload()
    await board.until_live()
    await board.page.close()
    await screen.page.context.clear_cookies()
    decided = await house.founded.decide(house.boss, Revoke(person=offered.offer.person))
    assert decided.status == 200, decided.body
    await type_passphrase(screen, passphrase, "Sign in and unlock")
    # What a person kept at the server goes with them: their browser has nothing to open any more.
    await told(screen, NO_BUNDLE)
    assert await screen.page.context.cookies() == []


async def test_slips_of_the_pen_are_named_before_anything_is_sent(browsers: Browsers, house: House) -> None:
    paper = await house.invite()
    right = invitation.text(paper)
    rows = right.split("\n")
    screen = await newcomer(browsers)
    sent = len(screen.sent("POST"))
    field = screen.page.get_by_label(screen.words("Your paper"), exact=True)
    other = "A" if rows[2][0] != "A" else "B"
    await field.fill("\n".join([*rows[:2], other + rows[2][1:], rows[3]]))
    await expect(screen.page.get_by_role("listitem").filter(has_text=screen.words(ROW, row=3))).to_have_count(1)
    # The row that is being typed is not called wrong.
    await field.fill("\n".join([*rows[:2], rows[2][:9]]))
    await expect(screen.page.locator(".wrong-rows li")).to_have_count(0)
    wrong = rows[4].replace(rows[4][0], "Z" if rows[4][0] != "Z" else "Y", 1)
    elsewhere = "https://streha.example"
    for typed, sentence, parameters in (
        ("\n".join(rows[:9]), NOT_WHOLE, {}),
        ("\n".join([*rows[:4], wrong, *rows[5:]]), ROW, {"row": 5}),
        (right + "5", NOT_TOGETHER, {}),
        (invitation.text(replace(paper, address=elsewhere)), OTHER_ADDRESS, {"address": elsewhere}),
    ):
        await show_paper(screen, typed)
        await told(screen, sentence, **parameters)
        # Nothing of what was typed is lost.
        assert await field.input_value() == typed
    assert len(screen.sent("POST")) == sent
    # In small letters and without the groups, as tired people type.
    await show_paper(screen, "\n".join([*(each.lower().replace(" ", "") for each in rows[:9]), rows[9]]))
    await expect(screen.page.get_by_role("heading", name=screen.words("Who you are"))).to_be_visible()


async def test_a_used_a_foreign_and_a_forged_paper_open_nothing(browsers: Browsers, house: House) -> None:
    paper = await house.invite()
    screen = await newcomer(browsers)
    await show_paper(screen, replace(paper, token=bytes(16)))
    await expect(screen.page.get_by_role("alert")).to_contain_text("opens nothing")
    await show_paper(screen, replace(paper, genesis=bytes(32)))
    await told(screen, OTHER_NETWORK)
    await show_paper(screen, paper)
    for name, user, sentence in (
        ("\N{ZERO WIDTH SPACE}", "@vera:streha.test", "A name has 1 to {limit} printable characters."),
        ("Vera Primer", "vera", "A Matrix user looks like @name:server, in small letters."),
    ):  # fmt: skip
        await say_who(screen, name, user)
        await told(screen, sentence, **({"limit": 200} if "limit" in sentence else {}))
    await say_who(screen)
    await screen.button("I have written it down").click()
    await type_passphrase(screen, "not what was shown", "Make my keys and offer them")
    await told(screen, NOT_AS_SHOWN)
    await screen.button("Show it once more").click()
    await copy_passphrase(screen)
    await code_of(screen)
    late = await newcomer(browsers)
    await show_paper(late, paper)
    await expect(late.page.get_by_role("alert")).to_contain_text("somebody else may have")
    assert (await late.page.evaluate(KEPT))["joining"] == []


async def test_keys_that_did_not_arrive_are_kept_and_offered_again(browsers: Browsers, house: House) -> None:
    screen = await newcomer(browsers)
    await show_paper(screen, await house.invite())
    await say_who(screen)
    await screen.page.route("**/api/vault/invitations/offers", lambda route: route.abort())
    passphrase = await copy_passphrase(screen)
    heading = screen.page.get_by_role("heading", name=screen.words("Your keys were NOT offered yet"))
    await expect(heading).to_be_visible()
    await screen.page.unroute("**/api/vault/invitations/offers")
    await screen.page.reload()
    await screen.button("Offer them now").click()
    code = await code_of(screen)
    offered = await house.offered()
    assert offered.code == code
    await house.dismiss()
    await type_passphrase(screen, passphrase, GO_ON)
    await told(screen, GONE)
    await screen.button("Give up these keys…").click()
    await screen.button("Give them up").click()
    await expect(screen.button("Come in with an invitation")).to_be_visible()
    assert (await screen.page.evaluate(KEPT))["joining"] == []


async def test_a_directory_that_differs_from_paper_or_offer_is_not_taken_in(browsers: Browsers, house: House) -> None:
    screen = await newcomer(browsers)
    paper = await house.invite()
    passphrase, _code = await offer_keys(screen, replace(paper, head=bytes(32)))
    offered = await house.offered()
    await house.attest(offered)
    await type_passphrase(screen, "seven other words that nobody drew here", GO_ON)
    await told(screen, WRONG)
    await type_passphrase(screen, passphrase, GO_ON)
    await told(screen, OTHER_PAST)
    kept = await screen.page.evaluate(KEPT)
    assert (kept["pairing"], kept["entries"], len(kept["joining"])) == ([], [], 1)
    # Nobody works on in this browser with what is not the paper's.
    assert await screen.page.context.cookies() == []

    other = await newcomer(browsers)
    passphrase, _code = await offer_keys(other, await house.invite())
    await house.attest(await house.offered(), matrix_user="@another:streha.test")
    await type_passphrase(other, passphrase, GO_ON)
    await told(other, OTHER_PERSON)
    assert (await other.page.evaluate(KEPT))["pairing"] == []


async def test_a_link_takes_nothing_from_keys_that_wait(browsers: Browsers, house: House, story: Scene) -> None:
    screen = await newcomer(browsers)
    passphrase, code = await offer_keys(screen, await house.invite())
    shelf = Shelf(console=house.console, story=story, founded=house.founded, key=b"")
    await screen.open(await shelf.link(story.member))
    await told(screen, WAITS)
    kept = await screen.page.evaluate(KEPT)
    assert (kept["pairing"], len(kept["joining"])) == ([], 1)
    await screen.open(f"{screen.home}records/")
    assert await code_of(screen) == code
    # What nobody attests is given up only when it is wanted so.
    await screen.button("Give up these keys…").click()
    await screen.button("Keep them").click()
    await house.attest(await house.offered())
    await type_passphrase(screen, passphrase, GO_ON)
    await expect(screen.page.get_by_text(screen.words(DONE))).to_be_visible()


async def test_what_is_typed_and_shown_is_gone_when_somebody_comes_back(browsers: Browsers, house: House) -> None:
    screen = await newcomer(browsers)
    await show_paper(screen, await house.invite())
    await say_who(screen)
    await expect(screen.page.locator(DRAWN)).to_be_visible()
    await screen.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    await expect(screen.page.locator(DRAWN)).to_have_count(0)
    await expect(screen.button("Come in with an invitation")).to_be_visible()


async def test_nobody_comes_in_over_somebody_who_is_signed_in(
    browsers: Browsers, console: ServedConsole, house: House, story: Scene
) -> None:
    screen = await newcomer(browsers)
    await screen.open(await console.address_for(story.member))
    await screen.until_live()
    await screen.open(f"{screen.home}records/")
    await screen.button("Come in with an invitation").click()
    await show_paper(screen, await house.invite())
    await told(screen, SOMEBODY)
    await expect(screen.page.get_by_text(re.compile(re.escape(story.member.name)))).to_have_count(0)
