"""Where people and duty desks are called beside Matrix: by voice, by text message, by mail.

Owns the table `contacts`. Something must wake a sleeper: a voice or text contact rings, mail is a record. The numbers
are staff directory, in clear; what is said there never holds content (`alerts.waking`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from agencies.model import DeskId, PersonId
from agencies.store import SQL
from core import ledger
from core.clock import Clock
from core.database import Database, Reading, Row, Transaction
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import new_id
from core.texts import mark

ContactId = NewType("ContactId", UUID)

ADDRESS_LENGTH = 254
NO_CONTACT = mark("There is no such contact. See: streha contact list")
NOT_A_NUMBER = mark("A telephone number begins with + and the country, for example +381600000000, and has no spaces.")
NOT_AN_ADDRESS = mark("This is not a mail address.")
KNOWN_ALREADY = mark("This contact is known already.")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_ADDRESS = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")


class Means(StrEnum):
    """How somebody is called beside Matrix."""

    VOICE = "voice"
    TEXT = "text"
    EMAIL = "email"

    @property
    def wakes(self) -> bool:
        """Whether it is meant to wake a sleeper."""
        return self is not Means.EMAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A telephone number or a mail address: of one person, or of a duty desk whoever sits there."""

    id: ContactId
    person_id: PersonId | None
    desk_id: DeskId | None
    means: Means
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedContact:
    """A contact as the operator sees it: whose it is, by name."""

    contact: Contact
    agency: str
    person: str | None


class Contacts:
    """What the operator does about contacts. Each act is in the ledger, without number or address."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, owner: PersonId | DeskId, means: Means, address: str, *, of_desk: bool) -> ContactId:
        """Note where a person, or a desk, is called."""
        checked, contact_id = checked_address(means, address), ContactId(new_id())
        async with self._database.transaction() as tx:
            added = await tx.row(
                SQL["add_contact"], contact_id, None if of_desk else owner, owner if of_desk else None, means, checked,
                self._clock.now(),
            )  # fmt: skip
            if added is None:
                raise Conflict(KNOWN_ALREADY)
            await _record(tx, "contact_added", contact_id, means, self._clock.now())
        return contact_id

    async def remove(self, contact_id: ContactId) -> None:
        """Call nobody there any more; what still waits to be said there is not said."""
        async with self._database.transaction() as tx:
            removed = await tx.row(SQL["remove_contact"], contact_id, self._clock.now())
            if removed is None:
                raise NotFound(NO_CONTACT)
            await _record(tx, "contact_removed", contact_id, Means(removed["means"]), self._clock.now())

    async def all(self) -> list[ListedContact]:
        """Return every contact in use, by agency."""
        async with self._database.reading() as reading:
            return [
                ListedContact(contact=contact_of(row), agency=row["agency"], person=row["person"])
                for row in await reading.rows(SQL["all_contacts"])
            ]


async def end_with_departure(tx: Transaction, person_id: PersonId, now: datetime) -> None:
    """Remove the contacts of somebody who leaves."""
    for row in await tx.rows(SQL["remove_contacts_of_person"], person_id, now):
        await _record(tx, "contact_removed", ContactId(row["id"]), Means(row["means"]), now)


async def contact(tx: Reading, contact_id: ContactId) -> tuple[Contact, str] | None:
    """Return a contact with the language that is spoken there; nothing where nobody is called there any more."""
    row = await tx.row(SQL["contact"], contact_id)
    return None if row is None else (contact_of(row), row["language"])


async def contacts_at(tx: Reading, number: str) -> list[tuple[Contact, str]]:
    """Return the contacts in use that have this telephone number, each with the language that is spoken there."""
    rows = await tx.rows(SQL["contacts_at"], number) if _NUMBER.fullmatch(number) else []
    return [(contact_of(row), row["language"]) for row in rows]


async def contacts_of(
    tx: Reading, people: Collection[PersonId], desks: Collection[DeskId]
) -> list[tuple[Contact, bool]]:
    """Return where these are called, each with whether its person can be called in a Matrix room too.

    A desk's contact counts as if it could. Whoever has left is not called.
    """
    rows = await tx.rows(SQL["contacts_of"], list(people), list(desks)) if people or desks else []
    return [(contact_of(row), row["linked"]) for row in rows]


async def known(tx: Reading, contact_id: ContactId) -> Contact:
    """Return a contact, also one that was removed."""
    row = await tx.row(SQL["known_contact"], contact_id)
    if row is None:
        raise NotFound(NO_CONTACT)
    return contact_of(row)


def contact_of(row: Row) -> Contact:
    """Return the contact that stands in a row."""
    return Contact(
        id=row["id"],
        person_id=row["person_id"],
        desk_id=row["desk_id"],
        means=Means(row["means"]),
        address=row["address"],
    )


async def _record(tx: Transaction, act: str, contact_id: ContactId, means: Means, now: datetime) -> None:
    await ledger.record(
        tx, ledger.Act(act=act, at=now, actor_kind="operator", object_id=contact_id, facts={"means": means})
    )


def checked_address(means: Means, address: str) -> str:
    """Return a number or address without surplus spaces, or say what is wrong with it."""
    cleaned = address.strip()
    if means is Means.EMAIL:
        if len(cleaned) > ADDRESS_LENGTH or not _ADDRESS.fullmatch(cleaned) or ".." in cleaned:
            raise InvalidInput(NOT_AN_ADDRESS)
    elif not _NUMBER.fullmatch(cleaned):
        raise InvalidInput(NOT_A_NUMBER)
    return cleaned


def rung(contacts: Iterable[tuple[Contact, bool]], *, at_once: bool) -> list[Contact]:
    """Return where is called now: everywhere, or by mail and where Matrix reaches nobody."""
    return [each for each, linked in contacts if at_once or not linked or not each.means.wakes]
