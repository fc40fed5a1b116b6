"""What commands of the vault work with: a compartment by its codename, people by the names of the signed directory."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from agencies.service import NO_PERSON
from cases.rules import NO_COMPARTMENT
from client.answers import Case, Compartment
from client.api import ApiClient
from client.vault import records as vault_records
from client.vault.circles import Circles
from client.vault.epochs import EpochKeys
from client.vault.memory import Memory
from client.vault.reading import Reader, View
from client.vault.records import Records
from core.clock import SystemClock
from core.errors import InvalidInput, NotFound
from core.texts import mark
from streha import terminal
from streha.personal import AMBIGUOUS_PERSON, as_id, speaking_unlocked

AMBIGUOUS_RECORD = mark("More than one record begins so. Write more of it.")
# So much of an id is shown, and enough to name a record by.
SHORT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultPlace:
    """One compartment, as a person's commands act on it."""

    api: ApiClient
    case: Case
    compartment: Compartment
    reader: Reader
    keys: EpochKeys
    circles: Circles
    records: Records

    @property
    def id(self) -> bytes:
        """The compartment's id."""
        return self.compartment.id.bytes

    async def view(self) -> View:
        """Return the compartment as it stands now."""
        return await self.reader.refresh(self.id)


@asynccontextmanager
async def vault_place(key_path: Path, words: str) -> AsyncIterator[VaultPlace]:
    """Speak as the person of a key file, with their keys unlocked, about the compartment of a codename or id."""
    async with speaking_unlocked(key_path) as (api, unlocked):
        case, compartment = await _found(api, words)
        memory = Memory.beside(key_path, unlocked.network)
        reader = Reader(api.vault, unlocked, memory, SystemClock())
        keys = EpochKeys(reader)
        yield VaultPlace(
            api=api,
            case=case,
            compartment=compartment,
            reader=reader,
            keys=keys,
            circles=Circles(reader, keys),
            records=Records(reader, keys),
        )


def person_named(view: View, words: str, among: Iterable[bytes] | None = None) -> bytes:
    """Return the id of somebody of the signed directory, by name, Matrix user or id."""
    people = view.directory.people
    wanted = as_id(words)
    if wanted is not None:
        return wanted.bytes
    chosen = people if among is None else {each: people[each] for each in among if each in people}
    found = [each for each, member in chosen.items() if member.matrix_user and member.matrix_user == words] or [
        each for each, member in chosen.items() if member.name.casefold() == words.strip().casefold()
    ]
    if len(found) > 1:
        raise InvalidInput(AMBIGUOUS_PERSON)
    if not found:
        raise NotFound(NO_PERSON)
    return found[0]


def record_named(view: View, words: str) -> bytes:
    """Return the record of an id, or of the beginning of one."""
    known = {each.write.record for each in view.compartment.records.versions.values()}
    return _beginning(known, words, vault_records.NO_RECORD)


def version_named(view: View, words: str) -> bytes:
    """Return the version of an id, or of the beginning of one."""
    known = {each.write.version for each in view.compartment.records.versions.values()}
    return _beginning(known, words, vault_records.NO_VERSION)


def name_of(view: View, person: bytes) -> str:
    """Return somebody's name as the directory attests it; an id stands for whoever is in it no more."""
    member = view.directory.people.get(person)
    return str(UUID(bytes=person))[:SHORT] if member is None else member.name


def short(each: bytes) -> str:
    """Return so much of an id as people need to name it."""
    return str(UUID(bytes=each))[:SHORT]


def say_age(view: View, now: int) -> None:
    """Say how old what is shown is."""
    terminal.line(
        mark("As this machine last saw it, {time}: {hours} hours ago. Streha was not asked."),
        time=moment_text(view.refreshed),
        hours=view.age(now) // 3600,
    )


def moment_text(seconds: int) -> str:
    """Return a moment of a log as people read it."""
    return terminal.moment(datetime.fromtimestamp(seconds, UTC))


async def say_due(place: VaultPlace) -> None:
    """Write down, where one leads, whom Streha lets in no more already, and say so."""
    written = await place.circles.take_over_due(place.id)
    if written:
        view = await place.view()
        names = ", ".join(name_of(view, each) for each in written)
        sys.stderr.write(
            terminal.say(mark("Signed by you: no member any more, as the case has it: {names}"), names=names) + "\n"
        )


def _beginning(known: Iterable[bytes], words: str, absent: str) -> bytes:
    typed = words.strip().casefold()
    found = [each for each in known if typed and str(UUID(bytes=each)).startswith(typed)]
    if len(found) > 1:
        raise InvalidInput(AMBIGUOUS_RECORD)
    if not found:
        raise NotFound(absent)
    return found[0]


async def _found(api: ApiClient, words: str) -> tuple[Case, Compartment]:
    """Return the compartment of a codename or id, and its case; a case's codename means its core compartment."""
    compartment_id = as_id(words)
    for case in await api.cases():
        for each in case.compartments:
            named = each.codename.casefold() == words.strip().casefold()
            if each.id == compartment_id or (compartment_id is None and named):
                return case, each
    raise NotFound(NO_COMPARTMENT)
