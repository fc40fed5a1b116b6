"""What somebody who has gone had to see to in a case: it is the coordinator's at once, and the channel is told.

What is owed of plans stands in the plan: it is asked of the coordinator when its day comes.
"""

from __future__ import annotations

from datetime import datetime

from cases.model import Case
from core import outbox
from core.database import Transaction
from safety_plans import messages
from safety_plans.store import SQL


async def hand_on(tx: Transaction, case: Case, cause: str, now: datetime) -> int:
    """Give what people own who are in the case, held, no more to its coordinator; return how much it was."""
    handed = await tx.value(SQL["hand_on"], case.id, case.coordinator_id, list(case.core.member_ids))
    if handed:
        await outbox.post(tx, messages.handed_on(case, handed, cause), now)
    return int(handed)
