"""People with records: a network that is founded, a circle that is open, and browsers that were given keys.

What Python's side writes here is written by `tests.vault_clients`, statement by statement; what a browser writes, only
the page itself.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from playwright.async_api import expect

from agencies.model import Person
from crypto.vault import bundle
from server.api.wire.directory import token_bytes, token_text
from tests.console.browsers import Browsers, Machine
from tests.console.screen import Screen
from tests.console.serving import ServedConsole
from tests.console.watching import FAILED_REQUEST
from tests.people import Scene
from tests.vault_clients import Circle, Founded, Written, found, text

PASSPHRASE = "šuma, reka i most od kamena"
DATABASE = "streha"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The records of a story's case, with everybody's keys."""

    console: ServedConsole
    story: Scene
    founded: Founded
    key: bytes

    async def circle(self, person: Person) -> Circle:
        """Return the compartment as somebody has it."""
        return await self.founded.circle(person, self.story.case.core.id)

    async def write(
        self,
        person: Person,
        words: str,
        *,
        record: UUID | None = None,
        follows: Sequence[bytes] = (),
        kind: str = "note",
    ) -> Written:
        """Write a version as somebody's program in Python would."""
        circle = await self.circle(person)
        written = circle.version(await circle.accept(), words.encode(), record=record, follows=follows, kind=kind)
        answer = await circle.put_record(written.body)
        assert answer.status == 200, answer.body
        return written

    async def link(self, person: Person, passphrase: str = PASSPHRASE) -> str:
        """Return the address that signs a browser in and hands it a person's keys."""
        keys = bundle.Keys(seed=self.founded.seed(person), secret=self.founded.secrets[person.id])
        whose = bundle.owner(keys, network=self.founded.id, person=person.id.bytes)
        bundle_id, secret = uuid4(), os.urandom(32)
        locked = bundle.lock(keys, whose, kind=bundle.Kind.DEVICE, passphrase=passphrase, device_secret=secret)
        answer = await self.founded.ask(person, "PUT", f"bundles/{bundle_id}", {"kind": 1, "bundle": text(locked)})
        assert answer.status == 204, answer.body
        link = await self.console.api.services.browser_sign_in.link(
            person, token_bytes(await self.console.api.token(person))
        )
        handed = b"\x01" + self.founded.id + person.id.bytes + bundle_id.bytes + secret
        code = base64.urlsafe_b64encode(handed).rstrip(b"=").decode()
        return f"{self.console.home}records/#{token_text(link.code)}.{code}"

    async def bundles(self, person: Person) -> set[UUID]:
        """Return the ids of the locked keys that a person keeps at the server."""
        answer = (await self.founded.ask(person, "GET", "bundles")).json
        return {UUID(each["bundle"]) for each in answer["bundles"]}


async def shelf(console: ServedConsole, story: Scene) -> Shelf:
    """Found the network, open the case's circle and begin its first epoch."""
    founded = await found(console.api, story.shelter, story.police, story.welfare, story.ngo)
    circle = await founded.circle(story.coordinator, story.case.core.id)
    assert (await circle.open(story.case.id, story.deputy, story.case.core.member_ids)).status == 200
    key = os.urandom(32)
    circle = await founded.circle(story.coordinator, story.case.core.id)
    assert (await circle.begin_epoch(key)).status == 200
    return Shelf(console=console, story=story, founded=founded, key=key)


async def locked_page(browsers: Browsers, shelf: Shelf, person: Person, machine: Machine | None = None) -> Screen:
    """Open a window that was just given a person's keys."""
    screen = await browsers.window(machine)
    screen.watch.databases.add(DATABASE)
    screen.watch.expect(FAILED_REQUEST)
    await screen.open(await shelf.link(person))
    await expect(screen.page.get_by_role("heading", name=screen.words("The records are locked"))).to_be_visible()
    return screen


async def unlock(screen: Screen, passphrase: str = PASSPHRASE) -> None:
    """Type a passphrase."""
    await screen.page.get_by_label(screen.words("Passphrase"), exact=True).fill(passphrase)
    await screen.button("Unlock").click()


async def records_of(browsers: Browsers, shelf: Shelf, person: Person, machine: Machine | None = None) -> Screen:
    """Open a window in which the records of the story's case are open."""
    screen = await locked_page(browsers, shelf, person, machine)
    await unlock(screen)
    await choose(screen, shelf)
    return screen


async def choose(screen: Screen, shelf: Shelf) -> None:
    """Open the records of the story's case, and wait for them."""
    codename = shelf.story.case.codename
    await screen.page.get_by_role("button", name=codename).click()
    heading = screen.words("Records of {codename}", codename=codename)
    await expect(screen.page.get_by_role("heading", name=heading)).to_be_visible()
