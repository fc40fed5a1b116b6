"""A call that could not be delivered is loud: the alert's channel hears whom to ring instead."""

from __future__ import annotations

from datetime import datetime

from agencies import store as directory
from agencies.model import DeskId
from alerts import messages, store
from alerts.calling import compartment_of, followers, surroundings
from alerts.model import AlertId
from cases import store as case_store
from core import outbox
from core.database import Transaction
from core.outbox import Target, TargetKind


async def tell(tx: Transaction, alert_id: AlertId, target: Target, now: datetime) -> None:
    """Say in the alert's channel that a room could not be called; where it is the channel, in the other rooms."""
    alert = await store.alert(tx, alert_id)
    if alert.ended:
        return
    case = await case_store.case(tx, alert.case_id)
    said = (await outbox.deliveries_of_alerts(tx, [alert_id]))[alert_id]
    around = await surroundings(tx, case, compartment_of(alert, case))
    codename, told = around.codename, await followers(tx, said, around)
    channel = Target(kind=TargetKind.COMPARTMENT, id=alert.compartment_id)
    parameters: dict[str, str] = {}
    if target.kind is TargetKind.DESK:
        desks = (await directory.duty(tx, desk_ids=[DeskId(target.id)])).desks
        parameters = {"agencies": ",".join(str(each.agency_id) for each in desks)}
    elif target.kind is TargetKind.PERSON:
        parameters = {"person": str(target.id)}
    rooms = [channel] if target != channel else [each for each in told if each != channel]
    await outbox.post(tx, [messages.not_delivered(alert, codename, room, target, parameters) for room in rooms], now)
