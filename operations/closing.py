"""Closing a case or a compartment, which erases its emergency cards.

That waits until no alert is open in it, nobody is awaited or goes soon, and none of its records is under legal hold.

It stands here and not in `cases` because it must know of alerts and operations: whoever is being called for somebody in
danger keeps the channel in which it is answered, and whoever is out is watched until they are home. A drill holds
nothing up.
"""

from __future__ import annotations

from agencies.model import Person
from alerts import store
from alerts.cards import store as card_store
from cases import rules
from cases import store as case_store
from cases.model import CaseId, CompartmentId
from cases.service import CHANNEL
from core import ledger
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict
from core.texts import mark
from operations import store as operation_store

AWAITED = mark(
    "A way is planned or under way here, or somebody is expected to be heard from. Put it off, or end it first: streha "
    "operation list, streha safe-call list"
)
HELD = mark("Records here are under legal hold. Two agencies release it first: streha compartment release")


class Closing:
    """Closes cases and compartments."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def close_case(self, actor: Person, case_id: CaseId) -> None:
        """Close a case: every channel of it ends."""
        async with self._database.transaction() as tx:
            case = await case_store.case(tx, case_id, lock=True)
            rules.require_leader(case, actor.id)
            await self._require_quiet(tx, actor, case.id)
            await self._require_nobody_awaited(tx, case.id)
            await self._require_no_legal_hold(tx, case.id)
            await case_store.close_case(tx, case.id, self._clock.now())
            await card_store.erase_closed(tx, case.id)
            await self._record(tx, "case_closed", actor, case.id)

    async def close_compartment(self, actor: Person, compartment_id: CompartmentId) -> None:
        """Close a compartment other than the core: its channel ends."""
        async with self._database.transaction() as tx:
            case = await case_store.case_of_compartment(tx, compartment_id, lock=True)
            compartment = rules.compartment_seen_by(case, compartment_id, actor.id)
            rules.require_leader(case, actor.id)
            if compartment.core:
                raise Conflict(mark("The core compartment closes with the case."))
            await self._require_quiet(tx, actor, case.id, compartment.id)
            await self._require_nobody_awaited(tx, case.id, compartment.id)
            await self._require_no_legal_hold(tx, case.id, compartment.id)
            await case_store.close_compartment(tx, compartment, self._clock.now())
            await card_store.erase_closed(tx, case.id, compartment.id)
            await self._record(tx, "compartment_closed", actor, case.id, compartment.id)

    async def _require_quiet(
        self, tx: Transaction, actor: Person, case_id: CaseId, compartment_id: CompartmentId | None = None
    ) -> None:
        if await store.any_open(tx, case_id, compartment_id, actor.id):
            raise Conflict(mark("End the open alert first."))

    async def _require_nobody_awaited(
        self, tx: Transaction, case_id: CaseId, compartment_id: CompartmentId | None = None
    ) -> None:
        """Refuse where nobody would be called any more for people who are out, or go soon."""
        if await operation_store.any_awaited(tx, case_id, compartment_id):
            raise Conflict(AWAITED)

    async def _require_no_legal_hold(
        self, tx: Transaction, case_id: CaseId, compartment_id: CompartmentId | None = None
    ) -> None:
        """Refuse where nobody could release the hold any more, or read what it keeps."""
        if await case_store.any_under_legal_hold(tx, case_id, compartment_id):
            raise Conflict(HELD)

    async def _record(
        self, tx: Transaction, act: str, actor: Person, case_id: CaseId, compartment_id: CompartmentId | None = None
    ) -> None:
        now = self._clock.now()
        await ledger.record(
            tx, ledger.Act(act=act, at=now, person_id=actor.id, case_id=case_id, object_id=compartment_id)
        )
        await tx.wake(CHANNEL)
