"""Where a device that can only raise may raise: the rule, and who is told when there is no such place any more.

A person's device raises where the person could; one that is nobody's where its agency has a part. Where that is over
(the compartment closed, the person removed or excluded, the agency without a part), all of it looks alike, to the
device and to whoever is told. Somebody may be in danger all the same, so it is never silent: the duty desk and the
security officers of the device's agency are rung, with the device's label and whose it is, and not a word of any case.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from agencies import contacts
from agencies import store as directory
from agencies.model import DeskId, DutyDesk, PersonId, RaisingDevice
from agencies.roster import on_duty
from agencies.store import Duty
from alerts import waking
from alerts.audience import Call
from cases import rules
from cases.model import Case, Compartment, CompartmentId
from core import outbox
from core.database import Transaction
from core.errors import NotFound
from core.outbox import Lane, Message, Target, TargetKind, Urgency
from core.texts import mark

TEXTS = {
    "device_unheard": mark(
        "The device {device} of {agencies} called for help {time}, and there is NO ALERT: it has no place to raise in "
        "any more. Find out now who is in danger.\nDanger to life: ring {police} now."
    ),
    "device_unheard_of_person": mark(
        "{person} called for help {time} with the device {device}, and there is NO ALERT: it has no place to raise in "
        "any more. Ring {person} now.\nDanger to life: ring {police} now."
    ),
    "device_added": mark(
        "{codename}: from now on the device {device} of {agencies} can raise alerts here. If nobody expects that, ring "
        "the operator."
    ),
    "device_added_of_person": mark(
        "{codename}: from now on the device {device} of {person} can raise alerts here. If nobody expects that, ring "
        "the operator."
    ),
    "device_removed": mark("{codename}: the device {device} of {agencies} can raise no alerts here any more."),
    "device_removed_of_person": mark("{codename}: the device {device} of {person} can raise no alerts here any more."),
}


def place_of(case: Case, device: RaisingDevice) -> Compartment:
    """Return the open compartment in which a device raises, or say that there is none for it, whatever the reason."""
    compartment_id = CompartmentId(device.compartment_id)
    if device.person_id is not None:
        return rules.compartment_seen_by(case, compartment_id, device.person_id)
    found = case.compartment(compartment_id)
    if found is None or not found.open or not case.open or device.agency_id not in case.agencies:
        raise NotFound(rules.NO_COMPARTMENT)
    return found


def hearing(device: RaisingDevice, duty: Duty, at: datetime) -> list[Call]:
    """Return who is rung for a device without a place: its agency's desk and deputies, and who else is needed.

    Who is on duty is rung; where nobody is, everybody who sits there, and the desk that covers too. The device's own
    person is not rung.
    """
    own = [each for each in duty.desks if each.agency_id == device.agency_id]
    calls = [each for desk in own for each in _at_desk(device, desk, at)]
    if not any(on_duty(desk, at) for desk in own):
        covering = {desk.covered_by for desk in own}
        calls += [each for desk in duty.desks if desk.id in covering for each in _at_desk(device, desk, at)]
    deputies = [each.id for each in duty.deputies.get(device.agency_id, ()) if each.id != device.person_id]
    return calls + [Call(target=Target(kind=TargetKind.PERSON, id=each), mentions=(each,)) for each in deputies]


async def tell(tx: Transaction, device: RaisingDevice, now: datetime) -> bool:
    """Ring whoever must hear that a device has no place; once a minute. Tell whether there was anybody."""
    calls = hearing(device, await directory.duty(tx, agency_ids=[device.agency_id], now=now), now)
    if not calls:
        # Whoever never sleeps, whichever agency it is.
        duty = await directory.duty(tx, desk_ids=await directory.desks_at_all_hours(tx), now=now)
        calls = [each for desk in duty.desks for each in _at_desk(device, desk, now)]
    minute = now.isoformat(timespec="minutes")
    said = [each for call in calls for each in _unheard(device, call, minute, now)]
    await outbox.post(tx, said, now)
    people = {PersonId(person) for call in calls for person in call.mentions}
    desks = {DeskId(call.target.id) for call in calls if call.target.kind is TargetKind.DESK}
    found = await contacts.contacts_of(tx, people, desks)
    called = contacts.rung(found, at_once=True)
    await outbox.post(tx, waking.beside(None, f"device:{device.id}:ring:{minute}:", called), now)
    return bool(calls)


def notices(template: str, device: RaisingDevice, case: Case, compartment: Compartment) -> list[Message]:
    """Return what the channel, and those leaders who are not in it, hear of a device that was added or removed."""
    template += "" if device.person_id is None else "_of_person"
    outside = sorted(each for each in case.leaders if each not in compartment.member_ids)
    targets = [Target(kind=TargetKind.PERSON, id=each) for each in outside]
    if compartment.open:
        targets.append(Target(kind=TargetKind.COMPARTMENT, id=compartment.id))
    parameters = {"codename": compartment.codename, **_shown(device)}
    return [
        Message(
            key=f"device:{device.id}:{template}:{each.id}", target=each, template=template,
            parameters=parameters, case_id=case.id,
        )
        for each in targets
    ]  # fmt: skip


def _at_desk(device: RaisingDevice, desk: DutyDesk, at: datetime) -> Iterable[Call]:
    seated = [each.id for each in desk.officers if each.active and each.id != device.person_id]
    rung = [each.id for each in on_duty(desk, at) if each.id in seated] or seated
    if rung:
        yield Call(target=Target(kind=TargetKind.DESK, id=desk.id), mentions=tuple(rung))


def _unheard(device: RaisingDevice, call: Call, minute: str, now: datetime) -> list[Message]:
    cause = f"device:{device.id}"
    template = "device_unheard" if device.person_id is None else "device_unheard_of_person"
    parameters = {**_shown(device), "time": now.isoformat()}
    ring = Message(
        key=f"{cause}:ring:{minute}:{call.target.id}", target=call.target, template="alert_ring",
        mentions=call.mentions, lane=Lane.ALERT, urgency=Urgency.EXTREME,
    )  # fmt: skip
    words = Message(
        key=f"{cause}:unheard:{minute}:{call.target.id}", target=call.target, template=template,
        parameters=parameters, lane=Lane.ALERT, urgency=Urgency.EXTREME,
    )  # fmt: skip
    return [ring, words]


def _shown(device: RaisingDevice) -> dict[str, str]:
    return {"device": device.label, "agencies": str(device.agency_id), "person": str(device.person_id or "")}
