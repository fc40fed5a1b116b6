"""What goes once a case has ended: sealed records when their signed date has come, and what the server knew besides.

Two clocks, and a legal hold stops both. A vault goes when its log says that it is kept no longer, some days after its
end at the earliest: its wraps, grants and contents are destroyed in one transaction. Levels, reviews, alerts and what
is owed go some days after their case was closed. Who was a member goes with the last vault: as long one may have to ask
who could have known. Devices that raised in it go once they were removed or have ended. What stays are ids, codenames,
who led, the logs that people have signed, and the ledger.

Whether the time is to be relied upon is asked before (`core.awake`, by the engine): what is erased never comes back.

Source: the vault's page, *Erasure*.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from alerts import forgetting
from alerts import store as alert_store
from cases import store as case_store
from cases.model import CaseId, CompartmentId
from cases.vault import erasing
from core import ledger, logs
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import StrehaError
from safety_plans.store import SQL

log = logs.get(__name__)

# So long after its end nothing is erased: whoever must put it under legal hold has to hear of the end first.
AFTER_THE_END = timedelta(days=30)
AT_ONCE = 100


async def look(database: Database, clock: Clock) -> int:
    """Erase what is kept no longer; return how many things were done: vaults, cases, all devices that raise no more."""
    now = clock.now()
    ended = now - AFTER_THE_END
    async with database.reading() as reading:
        vaults = await erasing.vaults_over(reading, now, ended, AT_ONCE)
        cases = await reading.rows(SQL["cases_to_forget"], ended, AT_ONCE, None)
        members = await erasing.members_over(reading, ended, AT_ONCE)
    done = 0
    for row in vaults:
        vault = partial(_erase, clock=clock, case_id=row["case_id"], compartment_id=row["compartment_id"])
        done += await _alone(database, vault)
    for row in cases:
        done += await _alone(database, partial(_forget, clock=clock, case_id=row["id"]))
    for case_id in members:
        done += await _alone(database, partial(_forget_members, clock=clock, case_id=case_id))
    return done + await _alone(database, partial(forgetting.forget_devices, now=now))


async def _alone(database: Database, act: Callable[[Transaction], Awaitable[bool]]) -> bool:
    """Do one thing in a transaction of its own: where it fails, its neighbours are done, and it is tried again."""
    try:
        async with database.transaction() as tx:
            return await act(tx)
    except StrehaError as error:
        log.failure("erasing_failed", error)
        return False


async def _erase(tx: Transaction, *, clock: Clock, case_id: UUID, compartment_id: UUID) -> bool:
    """Destroy what opens the records of a vault, and the records. Nobody puts it under legal hold meanwhile."""
    now = clock.now()
    await case_store.case(tx, CaseId(case_id), lock=True)
    vault = CompartmentId(compartment_id)
    if not await erasing.vaults_over(tx, now, now - AFTER_THE_END, 1, only=vault) or await _alerting(tx, case_id):
        return False
    await erasing.erase(tx, vault, now)
    await _record(tx, "vault_erased", clock, case_id, vault)
    return True


async def _forget(tx: Transaction, *, clock: Clock, case_id: UUID) -> bool:
    """Forget the levels, reviews, alerts and reminders of a case that was closed."""
    await case_store.case(tx, CaseId(case_id), lock=True)
    now = clock.now()
    if not await tx.rows(SQL["cases_to_forget"], now - AFTER_THE_END, 1, case_id) or await _alerting(tx, case_id):
        return False
    await forgetting.forget_case(tx, CaseId(case_id))
    await tx.run(SQL["forget_case"], case_id, now)
    await _record(tx, "case_forgotten", clock, case_id, None)
    return True


async def _forget_members(tx: Transaction, *, clock: Clock, case_id: UUID) -> bool:
    """Forget who was of a case that was closed: nothing is sealed there any more."""
    await case_store.case(tx, CaseId(case_id), lock=True)
    await erasing.forget_members(tx, CaseId(case_id))
    await _record(tx, "members_forgotten", clock, case_id, None)
    return True


async def _alerting(tx: Transaction, case_id: UUID) -> bool:
    """Whether an alert is open anywhere in a case; nobody is asked of whom it is kept from."""
    return await alert_store.any_open(tx, CaseId(case_id), None, None)


async def _record(
    tx: Transaction, act: str, clock: Clock, case_id: UUID, compartment_id: CompartmentId | None
) -> None:  # fmt: skip
    await ledger.record(
        tx, ledger.Act(act=act, at=clock.now(), actor_kind="system", case_id=case_id, object_id=compartment_id)
    )
