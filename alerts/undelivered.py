"""A call that could not be delivered is loud: the alert's channel hears whom to ring instead."""

from __future__ import annotations

from datetime import datetime

from agencies import contacts
from agencies import store as directory
from agencies.contacts import Contact, ContactId
from agencies.model import DeskId
from alerts import messages, reaching, store
from alerts.calling import followers, surroundings
from alerts.duress.discretion import post
from alerts.model import AlertId
from cases import store as case_store
from core import outbox
from core.database import Transaction
from core.outbox import Target, TargetKind


async def tell(tx: Transaction, alert_id: AlertId, target: Target, now: datetime) -> None:
    """Say in the alert's channel that a room could not be called; where it is the channel, in the other rooms.

    A contact that could not be called is told of as whose it is. Nobody is told to ring whoever may not know of the
    alert any more, nor, in place of a contact, whoever pressed and may be hiding.
    """
    alert = await store.alert(tx, alert_id)
    if alert.ended:
        return
    case = await case_store.case(tx, alert.case_id)
    around = await surroundings(tx, case, alert, now)
    if target.kind is TargetKind.CONTACT:
        contact = await contacts.known(tx, ContactId(target.id))
        if not reaching.may_ring(alert, around, contact):
            return
        target = _owner(contact)
    elif target.kind is TargetKind.PERSON and target.id not in around.able:
        return
    said = (await outbox.deliveries_of_alerts(tx, [alert_id]))[alert_id]
    codename, told = around.codename, await followers(tx, said, around)
    channel = Target(kind=TargetKind.COMPARTMENT, id=alert.compartment_id)
    parameters: dict[str, str] = {}
    if target.kind is TargetKind.DESK:
        desks = (await directory.duty(tx, desk_ids=[DeskId(target.id)], now=now)).desks
        parameters = {"agencies": ",".join(str(each.agency_id) for each in desks)}
    elif target.kind is TargetKind.PERSON:
        parameters = {"person": str(target.id)}
    rooms = [channel] if target != channel else [each for each in told if each != channel]
    notices = [messages.not_delivered(alert, codename, room, target, parameters) for room in rooms]
    await post(tx, alert, around, notices, now)


def _owner(contact: Contact) -> Target:
    """Return whose a contact is, as whom people know: a person or a duty desk."""
    if contact.person_id is not None:
        return Target(kind=TargetKind.PERSON, id=contact.person_id)
    assert contact.desk_id is not None  # noqa: S101 (the table holds one or the other)
    return Target(kind=TargetKind.DESK, id=contact.desk_id)
