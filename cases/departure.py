"""A person leaves the staff: memberships, desk, sessions and the link to a Matrix identity end in one transaction.

It stands here and not in `agencies` because it reaches into cases. Nothing is orphaned: whoever leads a
case hands over to the deputy, and where there is none the departure waits until another is named.
"""

from __future__ import annotations

from datetime import datetime

from agencies import contacts, devices, linking
from agencies import store as directory
from agencies.model import PersonId
from agencies.service import NO_PERSON, require_unfounded
from agencies.vault import bundles
from cases import store
from cases.model import Case, CaseId
from cases.service import CHANNEL
from core import ledger
from core.clock import Clock
from core.database import MOVED_ON, Database, Transaction
from core.errors import Conflict, NotFound
from core.texts import mark


async def depart(database: Database, clock: Clock, person_id: PersonId) -> None:
    """End everything a person has on the staff; the operator's act."""
    async with database.transaction() as tx:
        await require_unfounded(tx)
        await depart_in(tx, person_id, clock.now())


async def depart_in(
    tx: Transaction, person_id: PersonId, now: datetime, *, by: PersonId | None = None
) -> None:  # fmt: skip
    """End everything a person has on the staff.

    `by` is whoever revoked them in the vault's directory, which holds at once: a case without a deputy goes to the one
    who has been in it the longest, and where there is nobody else to them.
    """
    # The cases first, then the person: the order in which the services take them.
    led = [await store.case(tx, case_id, lock=True) for case_id in await _led(tx, person_id)]
    if not await directory.lock_person(tx, person_id):
        raise NotFound(NO_PERSON)
    if await _led(tx, person_id) != [case.id for case in led]:
        raise Conflict(MOVED_ON)
    for case in led:
        await _hand_over(tx, case, person_id, now, by)
    for row in await tx.rows(store.SQL["cases_of_member"], person_id):
        case_id = CaseId(row["case_id"])
        for compartment_id in await store.end_membership(tx, case_id, person_id, now):
            await ledger.record(
                tx,
                ledger.Act(
                    act="member_removed", at=now, actor_kind="system", case_id=case_id, object_id=compartment_id,
                    facts={"person": str(person_id)},
                ),
            )  # fmt: skip
    await linking.end_with_departure(tx, person_id, now)
    await contacts.end_with_departure(tx, person_id, now)
    await devices.end_with_departure(tx, person_id, now)
    await bundles.end_with_departure(tx, person_id)
    if await directory.mark_left(tx, person_id, now):
        await ledger.record(
            tx, ledger.Act(act="person_left", at=now, person_id=by, actor_kind="operator", object_id=person_id)
        )
    await tx.wake(CHANNEL)


async def _hand_over(tx: Transaction, case: Case, person_id: PersonId, now: datetime, by: PersonId | None) -> None:
    """Give a case that somebody led to its other leader."""
    successor = case.deputy_id if case.coordinator_id == person_id else case.coordinator_id
    if successor is None:
        if by is None:
            raise Conflict(mark("This person coordinates a case without a deputy. Name another coordinator first."))
        longest = await tx.value(store.SQL["longest_member"], case.core.id, person_id)
        successor = PersonId(longest or by)
        if await store.add_member(tx, case.core.id, successor, by, now):
            await ledger.record(
                tx,
                ledger.Act(
                    act="member_added", at=now, person_id=by, case_id=case.id, object_id=case.core.id,
                    facts={"person": str(successor)},
                ),
            )  # fmt: skip
    await store.set_leaders(tx, case.id, successor, None)
    await ledger.record(
        tx,
        ledger.Act(
            act="leaders_named", at=now, actor_kind="system", case_id=case.id, object_id=successor,
            facts={"coordinator": str(successor)},
        ),
    )  # fmt: skip


async def _led(tx: Transaction, person_id: PersonId) -> list[CaseId]:
    return [CaseId(row["id"]) for row in await tx.rows(store.SQL["led_cases"], person_id)]
