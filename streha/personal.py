"""What a person's commands act on: the API as the person of a key file, and names instead of ids."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from agencies.service import NO_AGENCY, NO_PERSON
from alerts.vocabulary import Event
from cases.rules import NO_CASE, NO_COMPARTMENT
from client import key_file
from client.answers import Agency, Alert, Case, Compartment, Person
from client.api import ApiClient
from client.key_file import KeyFile, LockedKeyFile
from client.vault import kept
from client.vault.person import Unlocked
from client.vault.unlocking import Opened
from core.clock import SystemClock
from core.errors import InvalidInput, NotFound, StrehaError
from core.texts import mark
from crypto.vault.statement import NO_NETWORK
from streha import passphrase_typing, terminal

AMBIGUOUS_PERSON = mark("More than one person has this name. Use the Matrix user or the id.")
AMBIGUOUS_ALERT = mark("More than one alert is open there. Use the id that streha alert list --json prints.")
AMBIGUOUS_DURESS = mark(
    "More than one alert has this name, and at least one is for DURESS. Nothing was done. Say which by its id. "
    "For duress: {duress}. Other: {other}"
)
# So many of each are named where it is asked which, the newest first.
NAMED = 3
NOT_SEALED = mark("The vault needs locked keys, and those in {path} are in clear. Lock them first: streha keys seal")
OF_NO_NETWORK = mark(
    "These keys trust no network yet. Say which, by the fingerprint that your administrator gave you on paper: "
    "streha keys trust"
)
NO_ALERT_THERE = mark("No open alert has this name for you. See streha alert list.")


@asynccontextmanager
async def speaking_as(key_path: Path) -> AsyncIterator[ApiClient]:
    """Speak to the API as the person of a key file, and sign out when all went well.

    After a failure nothing is waited for: the token is forgotten with the process, and the session expires.
    """
    async with speaking_with(own_key(key_path)) as api:
        yield api


@asynccontextmanager
async def speaking_with(key: KeyFile) -> AsyncIterator[ApiClient]:
    """Do the same with a key that was opened before."""
    address = os.environ.get("STREHA_API_URL")
    if address:
        key = replace(key, api_url=key_file.checked_address(address))
    async with ApiClient(key, language=terminal.language()) as api:
        yield api
        await _sign_out(api)


@asynccontextmanager
async def speaking_unlocked(key_path: Path) -> AsyncIterator[tuple[ApiClient, Unlocked]]:
    """Speak to the API with the person's keys of the vault at hand; raise InvalidInput where the file has none."""
    found = key_file.read(key_path)
    if isinstance(found, KeyFile):
        raise InvalidInput(NOT_SEALED, path=str(key_path))
    if found.genesis == NO_NETWORK:
        raise InvalidInput(OF_NO_NETWORK)
    opened = unlocked_key(found, key_path)
    async with speaking_with(opened.key) as api:
        yield api, opened.unlocked


def own_key(key_path: Path) -> KeyFile:
    """Return the key of a file; where it is locked and was not unlocked before, the passphrase is asked for."""
    found = key_file.read(key_path)
    return found if isinstance(found, KeyFile) else unlocked_key(found, key_path).key


def unlocked_key(locked: LockedKeyFile, key_path: Path) -> Opened:
    """Return opened keys: those that were unlocked before, or by the passphrase that is typed now."""
    return kept.found(locked, SystemClock().now(), os.environ) or passphrase_typing.ask(locked, key_path).opened


async def _sign_out(api: ApiClient) -> None:
    """Leave no session behind; one that cannot be ended expires by itself."""
    try:
        await api.sign_out()
    except StrehaError:
        return


async def find_case(api: ApiClient, words: str) -> Case:
    """Return the case of a codename or id."""
    case_id = as_id(words)
    if case_id is not None:
        return await api.case(case_id)
    for each in await api.cases():
        if _same(words, each.codename):
            return each
    raise NotFound(NO_CASE)


async def find_compartment(api: ApiClient, words: str) -> Compartment:
    """Return the compartment of a codename or id; a case's codename means its core compartment."""
    compartment_id = as_id(words)
    for case in await api.cases():
        for each in case.compartments:
            if each.id == compartment_id or (compartment_id is None and _same(words, each.codename)):
                return each
    raise NotFound(NO_COMPARTMENT)


async def find_alert(api: ApiClient, words: str, *, ended: bool = False, ends: bool = False) -> Alert:
    """Return the alert of an id, or the open one of a codename; of an alert and a drill, the alert.

    Beside another one, an alert for duress is meant first; last by whoever ends one. With `ended` the newest that has
    ended is found too, where none is open; and where one of several is for duress it is asked which: what is noted of
    the one may be told to everybody who must not know of the other.
    """
    alert_id = as_id(words)
    if alert_id is not None:
        return await api.alert(alert_id)
    found = [each for each in await api.alerts(ended=ended) if _same(words, each.codename)]
    found = [each for each in found if each.status == "Actual"] or found
    if ended:
        return _one_that_may_have_ended(found)
    if len(found) > 1:
        found = [each for each in found if (each.event == Event.DURESS) is not ends] or found
    if not found:
        raise NotFound(NO_ALERT_THERE)
    if len(found) > 1:
        raise InvalidInput(AMBIGUOUS_ALERT)
    return found[0]


def _one_that_may_have_ended(found: Sequence[Alert]) -> Alert:
    """Return the one that is open, or the newest; of several with one for duress nothing but an id can say which."""
    found = [each for each in found if each.stood_down_at is None] or found
    if not found:
        raise NotFound(NO_ALERT_THERE)
    duress = [str(each.id) for each in found if each.event == Event.DURESS]
    other = [str(each.id) for each in found if each.event != Event.DURESS]
    if len(found) > 1 and duress:
        raise InvalidInput(AMBIGUOUS_DURESS, duress=", ".join(duress[:NAMED]), other=", ".join(other[:NAMED]) or "–")
    return found[0]


async def find_person(api: ApiClient, words: str) -> UUID:
    """Return the id of a colleague, by Matrix user, name or id."""
    person_id = as_id(words)
    if person_id is not None:
        return person_id
    people = await api.people()
    found = [each for each in people if each.matrix_user == words] or [
        each for each in people if each.name.casefold() == words.casefold()
    ]
    if len(found) > 1:
        raise InvalidInput(AMBIGUOUS_PERSON)
    if not found:
        raise NotFound(NO_PERSON)
    return found[0].id


async def find_participant(api: ApiClient, alert: Alert, words: str) -> UUID:
    """Return the id of somebody who takes part in an alert, also where no case is shared; else of a colleague."""
    found = [each for each, name in alert.people.items() if name.casefold() == words.casefold()]
    if len(found) > 1:
        raise InvalidInput(AMBIGUOUS_PERSON)
    return found[0] if found else await find_person(api, words)


async def find_agency(api: ApiClient, words: str) -> UUID:
    """Return the id of an agency, by name or id."""
    agency_id = as_id(words)
    if agency_id is not None:
        return agency_id
    for each in await api.agencies():
        if each.name.casefold() == words.casefold():
            return each.id
    raise NotFound(NO_AGENCY)


class Names:
    """Names of people and agencies for what is shown; an id stands where no name may be known."""

    def __init__(self, people: Iterable[Person] = (), agencies: Iterable[Agency] = ()) -> None:
        self._names = {each.id: each.name for each in people} | {each.id: each.name for each in agencies}

    def learn(self, alerts: Iterable[Alert]) -> Names:
        """Take in the names that alerts bring with them; return these names."""
        for each in alerts:
            self._names |= each.people
        return self

    @classmethod
    async def of(cls, api: ApiClient) -> Names:
        """Return the names that this person may know."""
        return cls(await api.people(), await api.agencies())

    def __call__(self, each: UUID | None) -> str:
        """Return one name; nothing for nobody."""
        return "" if each is None else self._names.get(each, str(each)[:8])

    def all(self, ids: Iterable[UUID]) -> str:
        """Return several names in one line."""
        return ", ".join(sorted(self(each) for each in ids))


def as_id(words: str) -> UUID | None:
    """Return the id that the words are, if they are one."""
    try:
        return UUID(words)
    except ValueError:
        return None


def _same(words: str, codename: str) -> bool:
    return words.strip().casefold() == codename.casefold()
