"""That somebody who is barred from a case asks for it is written down; they are answered as if it did not exist.

What is looked up is looked up for everybody who is answered so, whoever they are and whatever they named. Only what is
written differs, and nobody waits for that to reach the disk; the answer is held besides (`server.api.hold`). Once
within `AGAIN_AFTER` for each compartment: a program that asks again and again fills no ledger. Those who lead see it
among what `streha known` shows as refused. Ground: domain/scenarios.md 7, "the attempt is recorded".
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from agencies.model import Person
from cases.store import SQL
from core import ledger, logs
from core.clock import Clock
from core.database import Database, Row

AGAIN_AFTER = timedelta(hours=1)

log = logs.get(__name__)


class Asking:
    """Writes down who asked in vain for what they are barred from."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def note(self, asker: Person, ids: Collection[UUID]) -> None:
        """Record an asking that named these ids and found nothing; raise nothing, whatever fails."""
        try:
            await self._note(asker, ids)
        except Exception as error:  # noqa: BLE001 (an error would be answered otherwise, and so tell who is barred)
            log.failure("asking_not_recorded", error)

    async def _note(self, asker: Person, ids: Collection[UUID]) -> None:
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await tx.run(SQL["not_waiting_for_the_disk"])
            rows = await tx.rows(SQL["barred_asking"], asker.id, list(ids), now - AGAIN_AFTER)
            await ledger.record(tx, *(_asked(asker, row, now) for row in rows))


def _asked(asker: Person, barred: Row, now: datetime) -> ledger.Act:
    case_id, compartment_id = barred["case_id"], barred["compartment_id"]
    return ledger.Act(
        act="asked_while_barred", at=now, person_id=asker.id, case_id=case_id, object_id=compartment_id
    )  # fmt: skip
