"""A case for whoever is forced and has none in which anybody may hear of it: so that calling goes on as in every other.

It is opened by the sentence itself. Whoever answers for the person's agency leads it; in it are the agency's security
officers and whoever leads cases for it, and its desk and the desks staffed at all hours respond; the network's
administrators are called after them (`alerts.calling`). The person, and whoever is excluded from one of their cases, is
excluded from it. It stays open when its alert has ended: what is left to do has its place there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from agencies import store as directory
from agencies.model import AgencyId, Person, PersonId
from alerts import store
from alerts.duress.companions import companions
from cases import store as case_store
from cases.model import Case, CaseId, Compartment, CompartmentId, Part
from cases.service import CHANNEL, free_codename
from core import ledger, outbox
from core.database import Transaction
from core.ids import new_id
from core.outbox import Lane, Message, Target, TargetKind, Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Who takes part: `members` in the order in which they would lead, and the agencies that respond."""

    members: tuple[PersonId, ...]
    responders: frozenset[AgencyId]
    excluded: frozenset[PersonId]


async def case_for(tx: Transaction, forced: Person, now: datetime) -> Case | None:
    """Return the case in which others are called for somebody, opened or staffed anew; None where nobody is left."""
    found = await case_store.case_opened_for(tx, forced.id)
    staff = await _staff(tx, forced, now)
    if staff is None:
        return found
    case = found or await _opened(tx, forced, staff, now)
    await _take_part(tx, case, staff, now)
    return await case_store.case(tx, case.id)


async def _staff(tx: Transaction, forced: Person, now: datetime) -> Staff | None:
    desks = await directory.desks_at_all_hours(tx)
    duty = await directory.duty(tx, agency_ids=[forced.agency_id], desk_ids=desks, now=now)
    excluded = {forced.id}
    for case in await case_store.cases_of_person(tx, forced.id):
        excluded |= case.excluded_ids
    leading = await tx.rows(store.SQL["coordinators_of_agency"], forced.agency_id)
    coordinators = (await directory.people(tx, [row["id"] for row in leading])).values()
    administrators = await store.administrators(tx)
    # Whoever is on the way with them is kept from the alert, and takes no part.
    apart = excluded | await companions(tx, forced.id, now)
    # Whoever may be forced as well leads it only where nobody else is left.
    doubtful = (await store.wrote_since(tx, now - store.RESTING)).keys()

    def able(people: Iterable[Person]) -> list[Person]:
        return sorted(
            (each for each in people if each.active and each.id not in apart), key=lambda each: each.id in doubtful
        )

    own = [each for each in duty.desks if each.agency_id == forced.agency_id]
    elsewhere = [each for each in duty.desks if each.id in desks]
    members = able([*duty.deputies.get(forced.agency_id, ()), *coordinators])
    leaders = able(
        members
        + [each for desk in own for each in desk.officers]
        + [each for each in administrators if each.agency_id == forced.agency_id]
        + [each for desk in elsewhere for each in desk.officers]
        + administrators
    )
    if not leaders:
        return None
    taking_part = {each.id: each for each in (*leaders[:2], *members)}
    responders = {forced.agency_id, *(each.agency_id for each in taking_part.values())}
    responders |= {each.agency_id for each in elsewhere if able(each.officers)}
    return Staff(members=tuple(taking_part), responders=frozenset(responders), excluded=frozenset(excluded))


async def _opened(tx: Transaction, forced: Person, staff: Staff, now: datetime) -> Case:
    (agency,) = await directory.agencies(tx, [forced.agency_id])
    coordinator, *others = staff.members
    case = Case(
        id=CaseId(new_id()), codename=await free_codename(tx), language=agency.language, coordinator_id=coordinator,
        deputy_id=others[0] if others else None, opened_at=now, closed_at=None, opened_for=forced.id,
    )  # fmt: skip
    core = Compartment(
        id=CompartmentId(new_id()), case_id=case.id, codename=case.codename, core=True, membership_version=1,
        closed_at=None, member_ids=frozenset(),
    )  # fmt: skip
    await case_store.add_case(tx, case)
    await case_store.add_compartment(tx, core, now)
    facts = {"coordinator": str(coordinator)} | ({"deputy": str(case.deputy_id)} if case.deputy_id else {})
    await ledger.record(
        tx,
        _act("case_opened", case, now, None, **facts),
        _act("compartment_opened", case, now, core.id),
    )
    await outbox.post(tx, [_told(case, each) for each in case.leaders], now)
    return await case_store.case(tx, case.id)


async def _take_part(tx: Transaction, case: Case, staff: Staff, now: datetime) -> None:
    """Give everybody their part who has none yet; a leader who may not lead any more is replaced."""
    by = staff.members[0]
    for agency_id in sorted(staff.responders):
        await case_store.put_agency(tx, case.id, agency_id, Part.RESPONDER)
    for person_id in sorted(staff.excluded - case.excluded_ids):
        await case_store.exclude(tx, case.id, person_id, by, now)
        await case_store.end_membership(tx, case.id, person_id, now)
    acts = [
        _act("member_added", case, now, case.core.id, person=str(each))
        for each in staff.members
        if await case_store.add_member(tx, case.core.id, each, by, now)
    ]
    leading = [each for each in case.leaders if each not in staff.excluded]
    people = await directory.people(tx, leading)
    still = [each for each in leading if each in people and people[each].active]
    if len(still) < len(case.leaders):
        still += [each for each in staff.members if each not in still]
        await case_store.set_leaders(tx, case.id, still[0], still[1] if len(still) > 1 else None)
        acts.append(_act("leaders_named", case, now, coordinator=str(still[0])))
        await outbox.post(tx, [_told(case, each) for each in still[:2] if each not in case.leaders], now)
    await ledger.record(tx, *acts)
    await tx.wake(CHANNEL)


def _told(case: Case, person_id: PersonId) -> Message:
    return Message(
        key=f"duress_case:{case.id}:{person_id}", target=Target(kind=TargetKind.PERSON, id=person_id),
        template="duress_case_led", parameters={"codename": case.codename}, lane=Lane.ALERT, urgency=Urgency.EXTREME,
        case_id=case.id,
    )  # fmt: skip


def _act(act: str, case: Case, now: datetime, object_id: CompartmentId | None = None, **facts: str) -> ledger.Act:
    return ledger.Act(act=act, at=now, actor_kind="system", case_id=case.id, object_id=object_id, facts={**facts})
