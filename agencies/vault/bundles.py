"""People's keys as they locked them: kept for each of their devices, and given to whoever knows a bundle's id.

The id is random and known to the device alone; where a passkey opens it, it is the passkey's. Without the device's
secret, or what the passkey gives, and the passphrase a bundle is worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agencies.model import Person, PersonId
from agencies.passkeys import NO_PASSKEY
from agencies.store import SQL
from core import ledger
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, InvalidInput, NotFound
from core.texts import mark
from crypto.vault.bundle import BUNDLE_BYTES, Kind

MOST = 10
NO_BUNDLE = mark("There are no such keys.")
NOT_A_BUNDLE = mark("These are no locked keys as this program knows them. Update your program.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A bundle that a person keeps here."""

    id: UUID
    kind: Kind
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A bundle for a device, and whose it says to be."""

    person_id: PersonId
    kind: Kind
    bundle: bytes


async def end_with_departure(tx: Transaction, person_id: PersonId) -> None:
    """Destroy what somebody who leaves had kept here: whoever learns a passphrase later finds nothing to open."""
    await tx.run(SQL["forget_bundles"], person_id)


class Bundles:
    """Keeps locked keys."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def put(self, actor: Person, bundle_id: UUID, kind: int, bundle: bytes) -> None:
        """Keep a bundle of the actor's, or another in its place."""
        if kind not in list(Kind) or len(bundle) != BUNDLE_BYTES or bundle[0] != 1 or bundle[1] != kind:
            raise InvalidInput(NOT_A_BUNDLE)
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await tx.run(SQL["lock_person"], actor.id)
            # What a passkey opens has its id and goes with it: nothing is kept for one that is gone meanwhile.
            if kind == Kind.PASSKEY and not await tx.value(SQL["is_passkey_of"], bundle_id, actor.id):
                raise NotFound(NO_PASSKEY)
            kept = {row["id"] for row in await tx.rows(SQL["bundles_of_person"], actor.id)}
            if bundle_id not in kept and len(kept) >= MOST:
                raise Conflict(mark("You keep keys of {limit} devices already. Take one away first."), limit=MOST)
            if not await tx.run(SQL["put_bundle"], bundle_id, actor.id, kind, bundle, now):
                raise NotFound(NO_BUNDLE)
            act = ledger.Act(
                act="bundle_put", at=now, person_id=actor.id, object_id=bundle_id, facts={"kind": kind}
            )  # fmt: skip
            await ledger.record(tx, act)

    async def mine(self, actor: Person) -> list[Kept]:
        """Return which bundles the actor keeps."""
        async with self._database.reading() as tx:
            rows = await tx.rows(SQL["bundles_of_person"], actor.id)
        return [Kept(id=row["id"], kind=Kind(row["kind"]), made_at=row["made_at"]) for row in rows]

    async def take_away(self, actor: Person, bundle_id: UUID) -> None:
        """Destroy a bundle of the actor's: a device that is lost opens nothing with it any more."""
        async with self._database.transaction() as tx:
            if not await tx.run(SQL["take_bundle"], bundle_id, actor.id):
                raise NotFound(NO_BUNDLE)
            act = ledger.Act(act="bundle_taken", at=self._clock.now(), person_id=actor.id, object_id=bundle_id)
            await ledger.record(tx, act)

    async def fetch(self, bundle_id: UUID) -> Found:
        """Return a bundle to whoever knows its id; nobody is signed in yet."""
        async with self._database.transaction() as tx:
            row = await tx.row(SQL["bundle_by_id"], bundle_id)
            if row is None:
                raise NotFound(NO_BUNDLE)
            act = ledger.Act(act="bundle_fetched", at=self._clock.now(), actor_kind="system", object_id=bundle_id)
            await ledger.record(tx, act)
        return Found(person_id=PersonId(row["person_id"]), kind=Kind(row["kind"]), bundle=bytes(row["bundle"]))
