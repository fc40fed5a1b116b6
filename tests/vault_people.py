"""People who type commands of the vault in a test, with keys that are open and a folder of their own."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from agencies.model import Agency, Person
from agencies.trust.deeds import Approve, Rekey
from client import key_file
from client.vault import kept, unlocking
from core.clock import SystemClock
from crypto.vault import sealed_box
from tests.at_terminal import Terminal
from tests.commands import Ran, streha
from tests.vault_clients import Founded, new_seed
from tests.vault_machines import unlocked_keys

PASSPHRASE = "never typed in this test: the keys are kept open"


@contextmanager
def people_with_open_keys(founded: Founded, folder: Path) -> Iterator[People]:
    """Let people of a founded network type; their opened keys lie in memory until the end."""
    folder.mkdir(mode=0o700)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        yield People(founded, folder, Path(memory))


class People:
    """Who types, with keys that are open."""

    def __init__(self, founded: Founded, folder: Path, memory: Path) -> None:
        self._founded = founded
        self._folder = folder
        self._environment = {"XDG_RUNTIME_DIR": str(memory)}

    async def __call__(self, person: Person, *arguments: object, typed: str = "") -> Ran:
        return await streha(
            *arguments, "--key", self.key(person), environment={**os.environ, **self._environment}, typed=typed
        )

    async def at_terminal(self, person: Person, question: str, answer: str, *arguments: object) -> str:
        """Let somebody answer one question at a real terminal; return all that was shown."""
        given = [*map(str, arguments), "--key", str(self.key(person))]

        def typed() -> str:
            terminal = Terminal(*given, environment=self._environment)
            try:
                seen = terminal.sees(question)
                terminal.types(answer)
                return seen + terminal.rest()
            finally:
                terminal.close()

        return await asyncio.to_thread(typed)

    async def rekey(self, person: Person, by: tuple[Agency, Agency]) -> None:
        """Give somebody other keys, by administrators of two agencies; their key file is another from then on."""
        founded = self._founded
        one, other = (founded.administrators[each.id] for each in by)
        key, secret = new_seed(founded.api, person), os.urandom(32)
        deed = Rekey(
            person=person.id.bytes, signing_key=key, box_key=sealed_box.public_key(secret), until=founded.now + 3600
        )  # fmt: skip
        assert (await founded.decide(one, deed)).status == 200
        (proposal,) = [each.hash for each in (await founded.directory(one)).now.proposals.values()]
        assert (await founded.decide(other, Approve(proposal=proposal))).status == 200
        founded.secrets[person.id] = secret
        old = self.key(person)
        old.rename(old.with_suffix(".old"))

    def key(self, person: Person) -> Path:
        """Return a person's locked key file; the keys are open for an hour."""
        path = self._folder / f"{person.id}.key"
        if not path.exists():
            unlocked = unlocked_keys(self._founded, person)
            locked = unlocking.sealed(
                self._founded.api.key(person), unlocked.keys, passphrase=PASSPHRASE, words="", genesis=self._founded.id
            )
            key_file.write_locked(path, locked, new=True)
            opened = unlocking.with_keys(locked, unlocked.keys)
            kept.keep(locked, opened, SystemClock().now() + timedelta(hours=1), self._environment)
        return path
