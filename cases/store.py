"""Cases in PostgreSQL: SQL to model, nothing decided here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from agencies.model import AgencyId, PersonId
from cases.model import Case, CaseId, Compartment, CompartmentId, Part
from cases.rules import NO_CASE, NO_COMPARTMENT
from core import queries
from core.database import Reading, Transaction
from core.errors import NotFound

SQL = queries.load("cases")
# Cases come as JSON with what belongs to them: one statement instead of five, and nothing built twice.
_CASES = msgspec.json.Decoder(list[Case])


async def case(tx: Reading, case_id: CaseId, *, lock: bool = False, share: bool = False) -> Case:
    """Return one case with everything in it, as it will still be when the transaction ends.

    `lock` holds it for a change. `share` only keeps others from changing it, so that nobody who is excluded
    at this very moment is called; any number may share it at once.
    """
    if lock:
        await tx.row(SQL["lock_case"], case_id)
    elif share:
        await tx.rows(SQL["share_cases"], [case_id])
    found = await cases(tx, [case_id])
    if not found:
        raise NotFound(NO_CASE)
    return found[0]


async def shared_cases(tx: Transaction, case_ids: Collection[CaseId]) -> dict[CaseId, Case]:
    """Return several cases by id, kept from being changed."""
    await tx.rows(SQL["share_cases"], list(case_ids))
    return {each.id: each for each in await cases(tx, case_ids)}


async def case_of_compartment(
    tx: Reading, compartment_id: CompartmentId, *, lock: bool = False, look: bool = False
) -> Case:
    """Return the case that a compartment belongs to, held for a change or shared; see `case`. `look` does neither."""
    held = "lock_case_of_compartment" if lock else "share_case_of_compartment"
    query = SQL["case_of_compartment" if look else held]
    case_id = await tx.value(query, compartment_id)
    if case_id is None:
        raise NotFound(NO_COMPARTMENT)
    return await case(tx, CaseId(case_id))


async def case_by_codename(tx: Reading, codename: str) -> Case:
    """Return the case of a codename, its own or one of its compartments'."""
    case_id = await tx.value(SQL["case_by_codename"], codename)
    if case_id is None:
        raise NotFound(NO_CASE)
    return await case(tx, CaseId(case_id))


async def case_opened_for(tx: Transaction, person_id: PersonId) -> Case | None:
    """Return the open case that was opened for somebody who is forced, held for a change."""
    case_id = await tx.value(SQL["case_opened_for"], person_id)
    return None if case_id is None else await case(tx, CaseId(case_id), lock=True)


async def cases_of_person(tx: Reading, person_id: PersonId) -> list[Case]:
    """Return the open cases in which a person has a part and is not excluded."""
    return _CASES.decode(await tx.value(SQL["cases_of_person"], person_id) or "[]")


async def cases(tx: Reading, ids: Iterable[CaseId]) -> list[Case]:
    """Return these cases with everything in them."""
    return _CASES.decode(await tx.value(SQL["cases_by_id"], list(ids)) or "[]")


async def exclusions(tx: Reading, case_ids: Iterable[CaseId]) -> dict[CaseId, frozenset[PersonId]]:
    """Return who is excluded from these cases."""
    excluded: dict[CaseId, set[PersonId]] = defaultdict(set)
    for row in await tx.rows(SQL["exclusions"], list(case_ids)):
        excluded[row["case_id"]].add(row["person_id"])
    return {case_id: frozenset(people) for case_id, people in excluded.items()}


async def taken_out(
    tx: Reading, case_ids: Iterable[CaseId], person_ids: Iterable[PersonId]
) -> frozenset[tuple[CaseId, PersonId]]:  # fmt: skip
    """Return who of these people was taken out of one of these cases and has no part in it any more."""
    rows = await tx.rows(SQL["taken_out"], list(case_ids), list(person_ids))
    return frozenset((row["case_id"], row["person_id"]) for row in rows)


async def add_case(tx: Transaction, case_: Case) -> None:
    """Insert a case; its agencies and compartments follow one by one."""
    await tx.run(
        SQL["add_case"], case_.id, case_.codename, case_.language, case_.coordinator_id, case_.deputy_id,
        case_.opened_at, case_.opened_for,
    )  # fmt: skip


async def codename_taken(tx: Transaction, codename: str) -> bool:
    """Tell whether a codename is in use."""
    return bool(await tx.value(SQL["codename_taken"], codename))


async def put_agency(tx: Transaction, case_id: CaseId, agency_id: AgencyId, part: Part) -> None:
    """Give an agency its part in a case."""
    await tx.run(SQL["put_agency"], case_id, agency_id, part)


async def set_leaders(tx: Transaction, case_id: CaseId, coordinator_id: PersonId, deputy_id: PersonId | None) -> None:
    """Name the coordinator and the deputy."""
    await tx.run(SQL["set_leaders"], case_id, coordinator_id, deputy_id)


async def any_under_legal_hold(tx: Transaction, case_id: CaseId, compartment_id: CompartmentId | None = None) -> bool:
    """Whether an open compartment of a case, or just this one, is under legal hold."""
    return bool(await tx.value(SQL["any_under_legal_hold"], case_id, compartment_id))


async def close_case(tx: Transaction, case_id: CaseId, now: datetime) -> None:
    """Close a case with all its compartments."""
    await tx.run(SQL["close_case"], case_id, now)
    await tx.run(SQL["close_compartments"], case_id, None, now)


async def close_compartment(tx: Transaction, compartment: Compartment, now: datetime) -> None:
    """Close one compartment."""
    await tx.run(SQL["close_compartments"], compartment.case_id, compartment.id, now)


async def add_compartment(tx: Transaction, compartment: Compartment, now: datetime) -> None:
    """Insert a compartment without members."""
    await tx.run(
        SQL["add_compartment"], compartment.id, compartment.case_id, compartment.codename, compartment.core, now
    )


async def add_member(
    tx: Transaction, compartment_id: CompartmentId, person_id: PersonId, granted_by: PersonId, now: datetime
) -> bool:
    """Add a member; tell whether that was news."""
    return bool(await tx.run(SQL["add_member"], compartment_id, person_id, granted_by, now))


async def end_membership(
    tx: Transaction, case_id: CaseId, person_id: PersonId, now: datetime, compartment_id: CompartmentId | None = None
) -> list[CompartmentId]:
    """End a person's membership of one compartment or of all in a case; return which it was."""
    rows = await tx.rows(SQL["end_membership"], case_id, compartment_id, person_id, now)
    left = [CompartmentId(row["compartment_id"]) for row in rows]
    await tx.run(SQL["membership_changed"], left)
    return left


async def exclude(tx: Transaction, case_id: CaseId, person_id: PersonId, by: PersonId, now: datetime) -> bool:
    """Exclude a person from a case for good; tell whether they were not before."""
    return bool(await tx.run(SQL["exclude"], case_id, person_id, by, now))
