"""Who may hear of alerts at this moment: asked once more before what waited is said to one person alone.

A room of several is put right before anything is said in it (`bots.rooms`); a room of one person stays that person's
when they have a part in the case no more, and so does a telephone, of which `alerts.reaching` asks the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from agencies.model import PersonId
from alerts import store
from alerts.calling import all_surroundings
from alerts.escalation import CANCEL_PAUSE
from alerts.model import AlertId
from cases import store as case_store
from core.database import Reading, Transaction


async def able_of(
    tx: Reading, alert_ids: Collection[AlertId], now: datetime
) -> Mapping[AlertId, frozenset[PersonId]]:  # fmt: skip
    """Return everybody who may hear of each of these alerts and act on it now."""
    if not alert_ids:
        return {}
    alerts = await store.alerts(tx, alert_ids)
    cases = {each.id: each for each in await case_store.cases(tx, {each.case_id for each in alerts})}
    around = await all_surroundings(tx, [(cases[each.case_id], each) for each in alerts], now)
    return {alert.id: each.able for alert, each in zip(alerts, around, strict=True)}


async def hasten(tx: Transaction, alert_id: AlertId, person_id: PersonId, now: datetime) -> None:
    """Have the next step taken at once: somebody whom the last one was to ring may not hear of it any more.

    Not while calling rests by a raiser's word, and of an accepted alert only where they are its owner.
    """
    await tx.run(store.SQL["hasten_one"], alert_id, now, person_id, CANCEL_PAUSE)
