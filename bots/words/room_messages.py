"""What is said about rooms themselves: to those who lead a case, to who was invited, and last of all in a room.

Only the neutral sentence mentions anybody. What concerns the room of a desk is told to the agency's security
officers, what concerns somebody's room with the bot to those who lead their cases.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from agencies import store as directory
from agencies.model import DeskId, PersonId
from cases import store as case_store
from cases.model import CaseId, CompartmentId
from core.database import Transaction
from core.outbox import Message, Target, TargetKind
from core.texts import mark

RING = "reply_look_ring"
# Each of these stands twice: with the codename for who leads the case, and without.
TEXTS = {
    "room_changed": mark(
        "{codename}: a setting of the channel was changed at the homeserver, and is being put right. Only somebody "
        "with power over the homeserver can do this. Ring your security officer."
    ),
    "room_changed_elsewhere": mark(
        "A setting of a room of Streha was changed at the homeserver, and is being put right. Only somebody with power "
        "over the homeserver can do this. Tell the operator."
    ),
    "room_replaced": mark(
        "{codename}: the channel could not be trusted any more, and there is a new one. Its members have to accept the "
        "invitation. Ring your security officer."
    ),
    "room_replaced_elsewhere": mark(
        "A room of Streha could not be trusted any more, and there is a new one. Its members have to accept the "
        "invitation. Tell the operator."
    ),
    "room_stranger": mark(
        "{codename}: somebody who does not belong there was put into the channel at the homeserver, and is being "
        "removed. Ring your security officer."
    ),
    "room_stranger_elsewhere": mark(
        "Somebody who does not belong there was put into a room of Streha at the homeserver, and is being removed. "
        "Tell the operator."
    ),
    "room_gone": mark(
        "{codename}: {person} has left the channel or declined the invitation, and hears nothing there. Ring {person}. "
        "The operator can invite again."
    ),
    "room_gone_elsewhere": mark(
        "{person} has left a room of Streha or declined the invitation, and hears nothing there, alerts included. Ring "
        "{person}. The operator can invite again."
    ),
    "room_unanswered": mark(
        "{codename}: {person} has not accepted the invitation to the channel for a day, and hears nothing there. Ring "
        "{person}."
    ),
    "room_unanswered_elsewhere": mark(
        "{person} has not accepted an invitation to a room of Streha for a day, and hears nothing there, alerts "
        "included. Ring {person}."
    ),
    "room_invitation_waits": mark(
        "An invitation from Streha is waiting in your app. Please accept it: until then you hear nothing there."
    ),
}
# The last word in a room that is not used any more.
FAREWELLS = {
    "closed": mark(
        "This room is closed. Nobody from Streha hears what is written here. Danger to life: ring {police}."
    ),
    "moved": mark(
        "This room is not used any more. Accept the invitation to the new one and write there: Streha does not hear "
        "what is written here. Danger to life: ring {police}."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """Somebody who is to hear about a room, and of which case it is, where it is a channel."""

    person_id: PersonId
    codename: str | None = None
    case_id: CaseId | None = None


async def concerned(tx: Transaction, target: Target) -> list[Concerned]:
    """Return who is to hear of what happens in the room of a target."""
    match target.kind:
        case TargetKind.COMPARTMENT:
            case = await case_store.case_of_compartment(tx, CompartmentId(target.id))
            circle = case.compartment(CompartmentId(target.id))
            codename = case.codename if circle is None else circle.codename
            return [Concerned(person_id=each, codename=codename, case_id=case.id) for each in sorted(case.leaders)]
        case TargetKind.DESK:
            desks = (await directory.duty(tx, desk_ids=[DeskId(target.id)])).desks
            return [Concerned(person_id=each.id) for desk in desks for each in desk.deputies]
        case TargetKind.PERSON:
            cases = await case_store.cases_of_person(tx, PersonId(target.id))
            leaders = {leader for case in cases for leader in case.leaders} - {target.id}
            return [Concerned(person_id=each) for each in sorted(leaders)]
        case TargetKind.CONTACT | TargetKind.PROBE:
            # No room, or one in which nobody is.
            return []
        case _:
            assert_never(target.kind)


def about(
    template: str, cause: str, target: Target, people: Iterable[Concerned], absent: PersonId | None = None
) -> list[Message]:
    """Return what each of these people hears, alone with the bot: what rings, and what it is about."""
    messages: list[Message] = []
    people = list(people)
    # Whoever is not there hears of it only where nobody else would.
    for each in [each for each in people if each.person_id != absent] or people:
        room = Target(kind=TargetKind.PERSON, id=each.person_id)
        key = f"room:{template}:{target.id}:{cause}:{each.person_id}"
        parameters = {} if absent is None else {"person": str(absent)}
        if each.codename is not None:
            parameters["codename"] = each.codename
        words = template if each.codename is not None else f"{template}_elsewhere"
        messages.append(
            Message(key=f"{key}:ring", target=room, template=RING, mentions=[each.person_id], case_id=each.case_id)
        )
        messages.append(Message(key=key, target=room, template=words, parameters=parameters, case_id=each.case_id))
    return messages


def reminder(person_id: PersonId, cause: str) -> list[Message]:
    """Return what rings somebody who was invited, and says that they were."""
    room = Target(kind=TargetKind.PERSON, id=person_id)
    key = f"room:invitation:{person_id}:{cause}"
    return [
        Message(key=f"{key}:ring", target=room, template=RING, mentions=[person_id]),
        Message(key=key, target=room, template="room_invitation_waits"),
    ]
