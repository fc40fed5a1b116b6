"""What commands of the vault work with: one compartment, by its codename, and the person's keys.

A codename is the server's word for a compartment. Which one it meant when it was first used here is remembered, and
another under the same codename is refused.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cases.rules import NO_COMPARTMENT
from cases.trust.deeds import Exclude
from client.answers import Case, Compartment
from client.api import ApiClient
from client.vault.circles import Circles, TakeAway
from client.vault.epochs import EpochKeys
from client.vault.memory import Memory
from client.vault.person import Unlocked
from client.vault.reading import Reader, View
from client.vault.records import Records
from core.clock import SystemClock
from core.errors import Conflict, NotFound
from core.texts import mark
from streha import terminal
from streha.personal import as_id, speaking_as, speaking_unlocked
from streha.vault_names import described, moment_text

OTHER_COMPARTMENT = mark(
    "DANGER: Streha shows another compartment under this codename than this machine knows. Nothing was done. Ring "
    "whoever leads the case, by a number you know, and tell the operator. Once it is cleared up: streha compartment "
    "forget"
)
NOT_REMEMBERED = mark("This machine remembers no compartment of this codename. Name it by its id.")
SAYS_OUT = mark("Streha says that the case has let somebody out, and nobody has signed it: {who}")
SAYS_BARRED = mark("Streha says that the case has barred somebody, and nobody has signed it: {who}")
SIGN = mark("If you know of it, sign it with your name. Sign?")
NOT_SIGNED = mark(
    "Not signed. Ring whoever leads the case with you, by a number you know: if neither of you knows of it, tell the "
    "operator."
)
TO_BE_SIGNED = mark(
    "Streha says that the case has let somebody out, and nobody has signed it: {who}. Nothing was done. If you know of "
    "it, sign it: streha compartment keys CASE --yes"
)


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


class VaultPlaces:
    """The compartments that Streha lists, as one person's commands act on them."""

    def __init__(self, api: ApiClient, reader: Reader, cases: Sequence[Case]) -> None:
        self.api = api
        self.cases = cases
        self.reader = reader
        self.keys = EpochKeys(reader)

    @property
    def codenames(self) -> list[str]:
        """The codename of every compartment that is listed."""
        return sorted(each.codename for case in self.cases for each in case.compartments)

    def of(self, words: str) -> VaultPlace:
        """Return the compartment of a codename or id; refuse another than the codename has meant here."""
        case, compartment = _found(self.cases, self.reader.memory, words)
        return VaultPlace(
            api=self.api, case=case, compartment=compartment, reader=self.reader, keys=self.keys,
            circles=Circles(self.reader, self.keys), records=Records(self.reader, self.keys),
        )  # fmt: skip


@asynccontextmanager
async def vault_place(key_path: Path, words: str) -> AsyncIterator[VaultPlace]:
    """Speak as the person of a key file, with their keys unlocked, about the compartment of a codename or id."""
    async with vault_places(key_path) as places:
        yield places.of(words)


@asynccontextmanager
async def vault_places(key_path: Path) -> AsyncIterator[VaultPlaces]:
    """Speak as the person of a key file about several compartments: unlocked once, listed once, one reader for all."""
    async with speaking_unlocked(key_path) as (api, unlocked):
        yield VaultPlaces(api, _reader(api, unlocked, key_path), await api.cases())


@asynccontextmanager
async def perhaps_vault_places(key_path: Path, *, wanted: bool) -> AsyncIterator[tuple[ApiClient, VaultPlaces | None]]:
    """Speak as the person of a key file, where wanted about their compartments too; the passphrase is typed once."""
    if wanted:
        async with vault_places(key_path) as places:
            yield places.api, places
    else:
        async with speaking_as(key_path) as api:
            yield api, None


@asynccontextmanager
async def closed_or_open(key_path: Path, words: str) -> AsyncIterator[tuple[Reader, bytes]]:
    """Speak about a compartment that may be closed: Streha lists those no more, and this machine remembers them."""
    async with speaking_unlocked(key_path) as (api, unlocked):
        reader = _reader(api, unlocked, key_path)
        place = None
        with suppress(NotFound):
            place = VaultPlaces(api, reader, await api.cases()).of(words)
        if place is not None:
            await say_due(place)
        yield reader, remembered_compartment(reader.memory, words) if place is None else place.id


async def seen(key_path: Path, words: str, *, offline: bool) -> tuple[View, int]:
    """Return a compartment as it stands, or as this machine last saw it, without asking Streha; and the moment."""
    if not offline:
        async with speaking_unlocked(key_path) as (api, unlocked):
            reader = _reader(api, unlocked, key_path)
            cases = await api.cases()
            try:
                compartment = VaultPlaces(api, reader, cases).of(words).id
            except NotFound as unknown:
                # A closed one is listed no more; who led it still sees how it was left.
                listed = {each.id.bytes for case in cases for each in case.compartments}
                with suppress(NotFound):
                    compartment = remembered_compartment(reader.memory, words)
                    if compartment not in listed:
                        return await reader.refresh(compartment), reader.now()
                raise unknown from None
            return await reader.refresh(compartment), reader.now()
    async with speaking_unlocked(key_path) as (api, unlocked):
        reader = _reader(api, unlocked, key_path)
        return reader.remembered(remembered_compartment(reader.memory, words)), reader.now()


def remembered_compartment(memory: Memory, words: str) -> bytes:
    """Return the compartment that a codename has meant on this machine, or the one of an id."""
    wanted = as_id(words)
    known = memory.named(_codename(words)) if wanted is None else wanted.bytes
    if known is None:
        raise NotFound(NOT_REMEMBERED)
    return known


def say_age(view: View, now: int) -> None:
    """Say how old what is shown is."""
    terminal.line(
        mark("As this machine last saw it, {time}: {hours} hours ago. Streha was not asked."),
        time=moment_text(view.refreshed),
        hours=view.age(now) // 3600,
    )


async def say_due(place: VaultPlace, *, yes: bool = False) -> None:
    """Write down, where one leads, whom Streha lets in no more already, and say so; ask first where it is news."""
    written = await place.circles.take_over_due(place.id, lambda view, each: _agrees(view, each, yes=yes))
    if written:
        view = await place.view()
        names = "; ".join(described(view, each) for each in written)
        terminal.aside(mark("Signed by you: no member any more, as the case has it: {names}"), names=names)


def _agrees(view: View, each: TakeAway, *, yes: bool) -> bool:
    if yes:
        return True
    who = described(view, each.person)
    if not sys.stdin.isatty():
        raise Conflict(TO_BE_SIGNED, who=who)
    terminal.aside(SAYS_BARRED if isinstance(each.deed, Exclude) else SAYS_OUT, who=who)
    agreed = terminal.asked(SIGN)
    if not agreed:
        terminal.aside(NOT_SIGNED)
    return agreed


def _reader(api: ApiClient, unlocked: Unlocked, key_path: Path) -> Reader:
    return Reader(api.vault, unlocked, Memory.beside(key_path, unlocked.network), SystemClock())


def _found(cases: Sequence[Case], memory: Memory, words: str) -> tuple[Case, Compartment]:
    """Return the compartment of a codename or id, and its case; a case's codename means its core compartment."""
    wanted, codename = as_id(words), _codename(words)
    known = memory.named(codename) if wanted is None else None
    others = []
    for case in cases:
        for each in case.compartments:
            if wanted is None and _codename(each.codename) != codename:
                continue
            if each.id == wanted or known == each.id.bytes:
                return case, each
            if wanted is None:
                others.append((case, each))
    if not others:
        raise NotFound(NO_COMPARTMENT)
    if known is not None or len(others) > 1:
        raise Conflict(OTHER_COMPARTMENT)
    case, only = others[0]
    memory.remember_name(codename, only.id.bytes)
    return case, only


def _codename(words: str) -> str:
    return words.strip().casefold()
