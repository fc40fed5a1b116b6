"""Who may look at an alert and act on it, for every use case that does: asked of the recipient rows and the case."""

from __future__ import annotations

from datetime import datetime

from agencies.model import Person
from alerts import store
from alerts.audience import Surroundings
from alerts.calling import surroundings
from alerts.model import Alert, AlertId
from cases import store as case_store
from core.clock import Clock
from core.database import Reading, Transaction
from core.errors import NotFound


async def around_of(tx: Reading, alert: Alert, now: datetime, *, acts: bool = True) -> Surroundings:
    """Gather the facts around an alert; where somebody acts by them they stay as they are until it is done."""
    case = await case_store.case(tx, alert.case_id, share=acts)
    return await surroundings(tx, case, alert, now)


async def held(tx: Transaction, alert_id: AlertId, clock: Clock) -> tuple[Alert, Surroundings]:
    """Return an alert and the facts around it, neither of which changes until what somebody does by them is done."""
    alert = await store.held(tx, alert_id)
    return alert, await around_of(tx, alert, clock.now(), acts=False)


def require_called(actor: Person, alert: Alert, around: Surroundings, *, or_raiser: bool = False) -> None:
    """Refuse whoever was not called, or may not act any more: is excluded, or has left, or has no part."""
    part = alert.called(actor.id) or (or_raiser and actor.id in alert.raiser_ids)
    if not part or actor.id not in around.able:
        raise NotFound(store.NO_ALERT)


def require_sight(actor: Person, alert: Alert, around: Surroundings) -> None:
    """Refuse whoever neither raised it nor was called, and is neither in its compartment nor leads its case."""
    member = actor.id in around.compartment.member_ids or actor.id in around.case.leaders
    part = member or actor.id in alert.raiser_ids or alert.called(actor.id)
    if not part or actor.id not in around.able:
        raise NotFound(store.NO_ALERT)
