"""Use cases of the staff directory, for the operator of the network.

People sign in with the key that stands here (`agencies.sign_in`); a person's departure ends memberships
too and therefore lives in `cases.departure`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta

from agencies import duty_rings, store
from agencies.duty_ring import DutyRing
from agencies.model import Agency, AgencyId, AgencyKind, DeskId, DutyDesk, Person, PersonId, Role
from agencies.vault import logs
from core import ledger
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import new_id
from core.texts import LANGUAGES, mark

NAME_LENGTH = 120
SIGNING_KEY_BYTES = 32
_MATRIX_USER = re.compile(r"@[a-z0-9._=/+-]{1,200}:[A-Za-z0-9.:\[\]-]{1,50}")
NO_AGENCY = mark("There is no such agency.")
NO_PERSON = mark("There is no such person.")


class Agencies:
    """Keeps agencies, people and duty desks; every act is in the ledger as the operator's."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add_agency(self, *, name: str, kind: AgencyKind, country: str, language: str) -> Agency:
        """Admit an agency to the network."""
        if not re.fullmatch(r"[A-Z]{2}", country):
            raise InvalidInput(mark("A country is two capital letters, for example RS."))
        if language not in LANGUAGES:
            raise InvalidInput(mark("This language is not known. Known are en, sr-Latn and sr-Cyrl."))
        agency = Agency(id=AgencyId(new_id()), name=clean_name(name), kind=kind, country=country, language=language)
        async with self._database.transaction() as tx:
            await store.add_agency(tx, agency, self._clock.now())
            await self._record(tx, "agency_added", agency.id)
        return agency

    async def add_person(
        self, *, agency_id: AgencyId, name: str, role: Role, matrix_user: str, signing_key: bytes
    ) -> Person:
        """Record a person of an agency's staff, with the public half of the person's signing key."""
        if not is_matrix_user(matrix_user):
            raise InvalidInput(mark("A Matrix user looks like @name:server, in small letters."))
        if len(signing_key) != SIGNING_KEY_BYTES:
            raise InvalidInput(mark("A signing key has 32 bytes."))
        person = Person(
            id=PersonId(new_id()),
            agency_id=agency_id,
            name=clean_name(name),
            role=role,
            matrix_user=matrix_user,
            signing_key=signing_key,
        )
        async with self._database.transaction() as tx:
            await require_unfounded(tx)
            if not await store.agencies(tx, [agency_id]):
                raise NotFound(NO_AGENCY)
            await store.add_person(tx, person, self._clock.now())
            await self._record(tx, "person_added", person.id)
        return person

    async def open_desk(self, agency_id: AgencyId, *, always_staffed: bool, covered_by: DeskId | None = None) -> DeskId:
        """Open the duty desk of an agency, or change it."""
        async with self._database.transaction() as tx:
            if not await store.agencies(tx, [agency_id]):
                raise NotFound(NO_AGENCY)
            formerly = await store.covering_desk(tx, agency_id)
            desk_id = await store.put_desk(
                tx, DeskId(new_id()), agency_id, covered_by, self._clock.now(), always=always_staffed
            )
            if desk_id == covered_by:
                raise InvalidInput(mark("A duty desk cannot cover for itself."))
            covering = {"covered_by": covered_by, "formerly_covered_by": formerly} if covered_by != formerly else {}
            await self._record(tx, "desk_opened", desk_id, **covering)
        return desk_id

    async def seat(self, desk_id: DeskId, person_id: PersonId) -> None:
        """Put a person of the desk's agency on duty."""
        async with self._database.transaction() as tx:
            await self._require_same_agency(tx, desk_id, person_id)
            await store.seat(tx, desk_id, person_id, self._clock.now())
            await self._record(tx, "duty_taken", desk_id, person=person_id)

    async def unseat(self, desk_id: DeskId, person_id: PersonId) -> None:
        """Take a person off duty, and out of the desk's roster from now on."""
        async with self._database.transaction() as tx:
            await self._require_same_agency(tx, desk_id, person_id)
            await store.unseat(tx, desk_id, person_id, self._clock.now())
            await self._record(tx, "duty_left", desk_id, person=person_id)

    async def all_agencies(self) -> list[Agency]:
        """Return every agency."""
        async with self._database.transaction() as tx:
            return await store.agencies(tx)

    async def all_staff(self) -> list[Person]:
        """Return everybody who works at an agency of the network."""
        async with self._database.transaction() as tx:
            return await store.staff(tx, [each.id for each in await store.agencies(tx)])

    async def all_desks(self, *, ahead: timedelta | None = None) -> list[DutyDesk]:
        """Return every duty desk, with its whole roster, or that of now and so far `ahead`."""
        now = None if ahead is None else self._clock.now()
        async with self._database.transaction() as tx:
            everywhere = [each.id for each in await store.agencies(tx)]
            return (await store.duty(tx, agency_ids=everywhere, now=now, ahead=ahead or timedelta(0))).desks

    async def desks_of(self, agency_ids: Collection[AgencyId], *, ahead: timedelta = timedelta(0)) -> list[DutyDesk]:
        """Return the duty desks of these agencies, and those that cover for them, with rosters so far `ahead`."""
        async with self._database.transaction() as tx:
            return (await store.duty(tx, agency_ids=agency_ids, now=self._clock.now(), ahead=ahead)).desks

    async def rings_of(self, desk_ids: Collection[DeskId]) -> list[tuple[DutyRing, list[PersonId]]]:
        """Return the test rings of these desks whose shifts have not ended, each with who stands in."""
        async with self._database.transaction() as tx:
            return await duty_rings.of_desks(tx, desk_ids, self._clock.now())

    async def agencies(self, agency_ids: Collection[AgencyId]) -> list[Agency]:
        """Return these agencies."""
        async with self._database.transaction() as tx:
            return await store.agencies(tx, agency_ids)

    async def _require_same_agency(self, tx: Transaction, desk_id: DeskId, person_id: PersonId) -> None:
        desks = (await store.duty(tx, desk_ids=[desk_id], now=self._clock.now())).desks
        person = (await store.people(tx, [person_id])).get(person_id)
        if not desks or person is None or not person.active:
            raise NotFound(NO_PERSON)
        if person.agency_id != desks[0].agency_id:
            raise InvalidInput(mark("This person belongs to another agency than the desk."))

    async def _record(
        self, tx: Transaction, act: str, object_id: AgencyId | PersonId | DeskId, **named: PersonId | DeskId | None
    ) -> None:
        facts: dict[str, str | int | bool] = {fact: str(each) for fact, each in named.items() if each is not None}
        await ledger.record(
            tx,
            ledger.Act(act=act, at=self._clock.now(), actor_kind="operator", object_id=object_id, facts=facts),
        )


async def require_unfounded(tx: Transaction) -> None:
    """Refuse to change the staff by the operator's word alone where agencies attest their own people."""
    if await logs.is_founded(tx):
        raise Conflict(
            mark("The network is founded: an administrator of the agency says who is on its staff. Use: streha attest")
        )


def is_matrix_user(text: str) -> bool:
    """Tell whether this names a Matrix user."""
    return _MATRIX_USER.fullmatch(text) is not None


def clean_name(name: str) -> str:
    """Return a name without surplus spaces; refuse an empty, endless or unprintable one."""
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > NAME_LENGTH or not cleaned.isprintable():
        raise InvalidInput(mark("A name has 1 to {limit} printable characters."), limit=NAME_LENGTH)
    return cleaned
