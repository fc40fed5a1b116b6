"""The keys of duty desks: the public half is here, the secret half only on the machines of those who sit there.

Owns the table `desk_keys`. One pair for each desk, in a file that its officers have (`client.desk_key_file`): whoever
is woken can open what was sealed to the desk, whichever of them it is. Given by somebody of the desk with the signature
of their own key: no session alone gives a desk another key. When somebody leaves the desk, its key is to be renewed;
when it was replaced, what was sealed to it stays sealed to a former key until it is sealed again (`alerts.cards`).
Whether the server shows a sealing client the right key is for people to compare: `crypto.desk_key.fingerprint`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agencies import store
from agencies.linking import MOST_CLOCK_ERROR
from agencies.model import AgencyId, DeskId, DutyDesk, Person, PersonId
from agencies.store import SQL
from core import ledger
from core.clock import Clock
from core.database import Database, Reading, Transaction
from core.errors import Conflict, InvalidInput, NotFound
from core.settings import Settings
from core.texts import mark
from crypto import desk_key, signing

NO_DESK = mark("There is no such duty desk.")
NOT_SIGNED = mark("This was not signed with your own key for this desk. Try again: streha card key")
CLOCK_OFF = mark("The clock of your machine is {minutes} minutes off. Set it right, then try again.")
UNUSABLE = mark("This is no key to which anything can be sealed. Make a new one: streha card key")
FORMER = mark("This desk had this key before. Make a new one: streha card key")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskKey:
    """The standing key of a desk: public, X25519. `renew_since` is since when a new one is due."""

    desk_id: DeskId
    key: bytes
    added_by: PersonId
    added_at: datetime
    renew_since: datetime | None
    # When whoever gave it signed it, in whole seconds, and how: for those who believe no server.
    signed_at: datetime
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOfDesk:
    """A desk, whose it is, and its key if it has one."""

    desk_id: DeskId
    agency_id: AgencyId
    key: DeskKey | None


class DeskKeys:
    """Takes the keys of desks from those who sit there; each is in the ledger."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._network = settings.network

    async def mine(self, actor: Person) -> list[KeyOfDesk]:
        """Return the desks whose key the actor may hold, each with its key."""
        async with self._database.reading() as tx:
            desks = await _desks_of(tx, actor, self._clock.now())
            keys = await standing(tx, [each.id for each in desks])
        return [KeyOfDesk(desk_id=each.id, agency_id=each.agency_id, key=keys.get(each.id)) for each in desks]

    async def put(self, actor: Person, desk_id: DeskId, key: bytes, signed_at: datetime, signature: bytes) -> KeyOfDesk:
        """Give a desk its key, in the place of the one it had; the same again changes nothing while its word stands."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await store.hold_roster(tx, desk_id)
            found = [each for each in await _desks_of(tx, actor, now) if each.id == desk_id]
            if not found:
                raise NotFound(NO_DESK)
            self._require_signed(actor, desk_id, key, signed_at, signature, now)
            known = (await standing(tx, [desk_id])).get(desk_id)
            same = known is not None and known.key == key
            if known is None or not same or not await self._still_stands(tx, known):
                if same:
                    # Whoever gave it is gone, or has other keys: somebody else of the desk stands by it now.
                    await tx.run(SQL["sign_desk_key"], desk_id, key, actor.id, signed_at, signature)
                else:
                    await tx.run(SQL["replace_desk_key"], desk_id, now)
                    if not await tx.run(SQL["add_desk_key"], desk_id, key, actor.id, now, signed_at, signature):
                        raise Conflict(FORMER)
                await ledger.record(
                    tx,
                    ledger.Act(
                        act="desk_key_given", at=now, person_id=actor.id, object_id=desk_id,
                        facts={"key": desk_key.fingerprint(key)},
                    ),
                )  # fmt: skip
            key_now = (await standing(tx, [desk_id])).get(desk_id)
        return KeyOfDesk(desk_id=desk_id, agency_id=found[0].agency_id, key=key_now)

    async def _still_stands(self, tx: Reading, known: DeskKey) -> bool:
        """Whether whoever gave a key still works there, and has the key that they signed it with."""
        giver = (await store.people(tx, [known.added_by])).get(known.added_by)
        if giver is None or not giver.active:
            return False
        try:
            desk_key.check(
                giver.signing_key, known.signature, network=self._network, person=giver.id.bytes,
                desk=known.desk_id.bytes, key=known.key, at=int(known.signed_at.timestamp()),
            )  # fmt: skip
        except signing.SignatureInvalid:
            return False
        return True

    def _require_signed(
        self, actor: Person, desk_id: DeskId, key: bytes, signed_at: datetime, signature: bytes, now: datetime
    ) -> None:  # fmt: skip
        try:
            desk_key.require_usable(key)
        except desk_key.KeyUnusable:
            raise InvalidInput(UNUSABLE) from None
        off: timedelta = abs(now - signed_at)
        if off > MOST_CLOCK_ERROR:
            raise InvalidInput(CLOCK_OFF, minutes=round(off.total_seconds() / 60))
        try:
            desk_key.check(
                actor.signing_key, signature, network=self._network, person=actor.id.bytes, desk=desk_id.bytes, key=key,
                at=int(signed_at.timestamp()),
            )  # fmt: skip
        except signing.SignatureInvalid:
            raise InvalidInput(NOT_SIGNED) from None


async def standing(tx: Reading, desk_ids: Iterable[DeskId]) -> dict[DeskId, DeskKey]:
    """Return the standing keys of these desks; a desk without one is left out."""
    return {
        row["desk_id"]: DeskKey(
            desk_id=row["desk_id"], key=row["key"], added_by=row["added_by"], added_at=row["added_at"],
            renew_since=row["renew_since"], signed_at=row["signed_at"], signature=row["signature"],
        )
        for row in await tx.rows(SQL["desk_keys"], list(desk_ids))
    }  # fmt: skip


def belongs_to(desk: DutyDesk, person_id: PersonId) -> bool:
    """Whether somebody may hold a desk's key: sits there, stands in, or could stand in as its security officer."""
    stand_ins = (each.person for each in desk.stand_ins)
    return any(each.id == person_id for each in (*desk.officers, *desk.deputies, *stand_ins))


async def _desks_of(tx: Reading | Transaction, actor: Person, now: datetime) -> list[DutyDesk]:
    """Return the desks that somebody who still works there belongs to."""
    seats = await store.desks_of_person(tx, actor.id)
    duty = await store.duty(tx, agency_ids=[actor.agency_id], desk_ids=seats, now=now)
    return [each for each in duty.desks if belongs_to(each, actor.id)]
