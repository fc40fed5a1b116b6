"""A call that could not be delivered is loud: the alert's channel hears whom to ring instead."""

from __future__ import annotations

from datetime import datetime

from agencies import store as directory
from agencies.model import DeskId
from alerts import messages, store
from alerts.model import AlertId
from cases import store as case_store
from core import outbox
from core.database import Transaction
from core.outbox import Target, TargetKind


async def tell(tx: Transaction, alert_id: AlertId, target: Target, now: datetime) -> None:
    """Say in the alert's channel that a room could not be called; where that is the channel, nobody can."""
    alert = await store.alert(tx, alert_id)
    if alert.ended or target.kind is TargetKind.COMPARTMENT:
        return
    channel = Target(kind=TargetKind.COMPARTMENT, id=alert.compartment_id)
    codename = (await case_store.compartments(tx, [alert.compartment_id]))[0].codename
    if target.kind is TargetKind.DESK:
        desks = await directory.desks(tx, desk_ids=[DeskId(target.id)])
        parameters = {"agencies": ",".join(str(each.agency_id) for each in desks)}
    else:
        parameters = {"person": str(target.id)}
    await outbox.post(tx, [messages.not_delivered(alert, codename, channel, target, parameters)], now)
