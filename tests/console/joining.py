"""Newcomers of a founded network: papers as an administrator's machine makes them, and administrators who attest."""

from __future__ import annotations

import os
from dataclasses import dataclass
from uuid import UUID

from playwright.async_api import expect

from agencies.model import Person, Role
from agencies.trust import offers
from agencies.trust.deeds import Attest
from agencies.trust.offers import Offered
from crypto.tokens import token_hash
from crypto.vault import invitation
from crypto.vault.invitation import Invitation
from tests.console.browsers import Browsers, Machine
from tests.console.screen import Screen
from tests.console.serving import ServedConsole
from tests.console.vaulting import DATABASE
from tests.console.watching import FAILED_REQUEST
from tests.vault_clients import Founded, data, text

NAME = "Vera Primer"
MATRIX_USER = "@vera-joins:streha.test"
DAY = 86_400
DRAWN = ".drawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """A network into which people come, and the administrator who invites and attests them."""

    console: ServedConsole
    founded: Founded
    boss: Person

    async def invite(self, *, role: Role = Role.PRACTITIONER, address: str = "") -> Invitation:
        """Return the paper of an invitation that the server keeps."""
        network = await self.founded.directory(self.boss)
        paper = Invitation(
            role=role, genesis=network.id, head=network.head.hash, token=os.urandom(16),
            address=address or self.console.origin,
        )  # fmt: skip
        body = {"token_hash": text(token_hash(paper.token)), "name": NAME, "role": role, "hours": 72}
        answer = await self.founded.ask(self.boss, "POST", "invitations", body)
        assert answer.status == 201, answer.body
        return paper

    async def waiting(self) -> list[dict[str, str]]:
        """Return the invitations that are open, as the administrator is told."""
        found: list[dict[str, str]] = (await self.founded.ask(self.boss, "GET", "invitations")).json["invitations"]
        return found

    async def offered(self) -> Offered:
        """Return what was offered under the one invitation that is open."""
        (found,) = await self.waiting()
        return offers.read(data(found["offer"]), self.founded.id)

    async def attest(self, offered: Offered, **other: object) -> None:
        """Say that it is so, as an administrator who has heard the code; or something else of the same person."""
        said = offered.attested(b"")
        fields = {name: getattr(said, name) for name in said.__struct_fields__} | other
        decided = await self.founded.decide(self.boss, Attest(**fields, until=self.founded.now + DAY))
        assert decided.status == 200, decided.body
        await self.dismiss()

    async def dismiss(self) -> None:
        """Take the one open invitation back."""
        (found,) = await self.waiting()
        assert (await self.founded.ask(self.boss, "DELETE", f"invitations/{found['invitation']}")).status == 204

    async def bundles(self, screen: Screen, person: UUID) -> list[str]:
        """Return the ids of the locked keys that whoever is signed in in a window keeps; they must be this person."""
        answer = await screen.page.evaluate("async () => (await (await fetch('/api/board')).json()).me.id")
        assert answer == str(person)
        found: list[str] = await screen.page.evaluate(
            "async () => (await (await fetch('/api/vault/bundles')).json()).bundles.map((each) => each.bundle)"
        )
        return found


async def newcomer(browsers: Browsers, machine: Machine | None = None) -> Screen:
    """Open the page of records in a browser that has nothing, and begin to come in."""
    screen = await browsers.window(machine)
    screen.watch.databases.add(DATABASE)
    screen.watch.expect(FAILED_REQUEST)
    await screen.open(f"{screen.home}records/")
    await screen.button("Come in with an invitation").click()
    return screen


async def show_paper(screen: Screen, paper: Invitation | str) -> None:
    """Type a paper."""
    typed = paper if isinstance(paper, str) else invitation.text(paper)
    await screen.page.get_by_label(screen.words("Your paper"), exact=True).fill(typed)
    await screen.button("Go on").click()


async def say_who(screen: Screen, name: str = NAME, matrix_user: str = MATRIX_USER) -> None:
    """Give name and Matrix user."""
    await screen.page.get_by_label(screen.words("Your name"), exact=True).fill(name)
    await screen.page.get_by_label(screen.words("Your Matrix user"), exact=True).fill(matrix_user)
    await screen.button("Go on").click()


async def copy_passphrase(screen: Screen) -> str:
    """Read the passphrase that is drawn, and type it from the copy."""
    await expect(screen.page.get_by_role("heading", name=screen.words("Your passphrase"))).to_be_visible()
    drawn = await screen.page.locator(DRAWN).inner_text()
    await screen.button("I have written it down").click()
    await type_passphrase(screen, drawn, "Make my keys and offer them")
    return drawn


async def type_passphrase(screen: Screen, passphrase: str, then: str) -> None:
    """Type a passphrase and press a button."""
    await screen.page.get_by_label(screen.words("Passphrase"), exact=True).fill(passphrase)
    await screen.button(then).click()


async def code_of(screen: Screen) -> str:
    """Return the code that is shown to whoever waits."""
    await expect(screen.page.get_by_role("heading", name=screen.words("Your keys wait to be attested"))).to_be_visible()
    return await screen.page.locator(DRAWN).inner_text()


async def offer_keys(screen: Screen, paper: Invitation) -> tuple[str, str]:
    """Come as far as an offer; return the passphrase and the code."""
    await show_paper(screen, paper)
    await say_who(screen)
    drawn = await copy_passphrase(screen)
    return drawn, await code_of(screen)
