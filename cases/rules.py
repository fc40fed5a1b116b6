"""Who may see and lead a case: pure rules over the facts of one case.

Whoever may not know something is told that it does not exist (`NotFound`), whatever the reason.
"""

from __future__ import annotations

from dataclasses import replace

from agencies.model import PersonId
from cases.model import Case, Compartment, CompartmentId
from core.errors import Conflict, NotFound
from core.texts import mark

NO_CASE = mark("There is no such case.")
NO_COMPARTMENT = mark("There is no such compartment.")
CASE_CLOSED = mark("This case is closed.")


def as_seen_by(case: Case, person_id: PersonId) -> Case:
    """Return the case with only what this person may know of it."""
    if person_id in case.excluded_ids:
        raise NotFound(NO_CASE)
    if person_id in case.leaders:
        return case
    mine = tuple(each for each in case.compartments if person_id in each.member_ids)
    if not mine:
        raise NotFound(NO_CASE)
    return replace(case, compartments=mine, excluded_ids=frozenset())


def require_leader(case: Case, person_id: PersonId) -> None:
    """Refuse whoever does not lead the case; a member is told so, a stranger that there is none."""
    as_seen_by(case, person_id)
    if person_id not in case.leaders:
        raise Conflict(mark("Only the coordinator or the deputy can do this. Ask them."))
    require_open(case)


def require_open(case: Case) -> None:
    """Refuse changes to a closed case."""
    if not case.open:
        raise Conflict(CASE_CLOSED)


def compartment_seen_by(case: Case, compartment_id: CompartmentId, person_id: PersonId) -> Compartment:
    """Return an open compartment that this person is in or leads."""
    try:
        found = as_seen_by(case, person_id).compartment(compartment_id)
    except NotFound:
        # In the words for a compartment that is not there: nobody may learn that it is.
        raise NotFound(NO_COMPARTMENT) from None
    if found is None or not found.open:
        raise NotFound(NO_COMPARTMENT)
    return found
