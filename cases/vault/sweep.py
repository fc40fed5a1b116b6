"""What time decides of the vault: stays that lapse, and keys that are overdue.

Somebody who is a member no more cannot fetch anything, and nothing is written under a key that they have. Another key
is made by the program of the next member who opens the records; where nobody does within the hour, the channel is told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from agencies.model import PersonId
from cases import store
from cases.model import CompartmentId
from cases.service import CHANNEL
from cases.vault.messages import epoch_overdue
from core import ledger, logs, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import StrehaError

log = logs.get(__name__)

# So long the next key may be due before anybody is told.
PATIENCE = timedelta(hours=1)
AT_ONCE = 100


async def look(database: Database, clock: Clock) -> None:
    """End stays that are over, note which keys are due, and tell of those that are overdue."""
    now = clock.now()
    async with database.reading() as reading:
        lapsed = await reading.rows(store.SQL["vault_lapsed"], now, AT_ONCE)
    for row in lapsed:
        compartment_id, person_id = CompartmentId(row["compartment_id"]), PersonId(row["person_id"])
        await _alone(database, partial(_lapse, compartment_id=compartment_id, person_id=person_id, now=now))
    async with database.transaction() as tx:
        await tx.run(store.SQL["mark_epochs_due"], now)
    async with database.reading() as reading:
        untold = await reading.rows(store.SQL["epochs_untold"], now - PATIENCE, AT_ONCE)
    for row in untold:
        compartment_id = CompartmentId(row["compartment_id"])
        await _alone(database, partial(_tell, compartment_id=compartment_id, now=now))


async def _alone(database: Database, act: Callable[[Transaction], Awaitable[None]]) -> None:
    """Do one thing in a transaction of its own: where it fails, its neighbours are done all the same."""
    try:
        async with database.transaction() as tx:
            await act(tx)
    except StrehaError as error:
        log.failure("vault_step_failed", error)


async def _lapse(tx: Transaction, compartment_id: CompartmentId, person_id: PersonId, now: datetime) -> None:
    case = await store.case_of_compartment(tx, compartment_id, lock=True)
    # Somebody of another agency may have agreed meanwhile: then it lapses no more.
    if not await tx.run(store.SQL["end_vault_lapse"], compartment_id, person_id, now):
        return
    if await store.end_membership(tx, case.id, person_id, now, compartment_id):
        await ledger.record(
            tx,
            ledger.Act(
                act="member_removed", at=now, actor_kind="system", case_id=case.id, object_id=compartment_id,
                facts={"person": str(person_id)},
            ),
        )  # fmt: skip
        await tx.wake(CHANNEL)


async def _tell(tx: Transaction, compartment_id: CompartmentId, now: datetime) -> None:
    case = await store.case_of_compartment(tx, compartment_id)
    since = await tx.value(store.SQL["epoch_told"], compartment_id, now, now - PATIENCE)
    compartment = case.compartment(compartment_id)
    if since is None or compartment is None or not compartment.open:
        return
    leaders = [each for each in case.leaders if each in compartment.member_ids]
    await outbox.post(tx, epoch_overdue(case.id, compartment_id, compartment.codename, since, leaders), now)
    await ledger.record(
        tx,
        ledger.Act(
            act="vault_epoch_overdue", at=now, actor_kind="system", case_id=case.id, object_id=compartment_id,
        ),
    )  # fmt: skip
    log.error("vault_epoch_overdue", compartment_id=compartment_id)
