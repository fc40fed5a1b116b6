"""Who may go into a compartment's vault: its members, by the tables and by its log. To others it does not exist."""

from __future__ import annotations

from dataclasses import replace

from agencies.model import Person, PersonId
from cases import rules, store
from cases.model import Case, Compartment, CompartmentId
from cases.rules import NO_COMPARTMENT
from cases.trust.compartment import Compartment as Logs
from cases.vault.due import present
from core.database import Reading
from core.errors import Conflict, NotFound
from core.texts import mark

ERASED = mark("What was sealed here was erased when its time had come. There is nothing left to keep.")


async def recorded(
    tx: Reading, actor: Person, compartment_id: CompartmentId, *, lock: bool = False, look: bool = False,
    closed: bool = False,
) -> tuple[Case, Compartment]:  # fmt: skip
    """Return an open compartment of which the actor is a member by the tables. Whoever only leads its case is none.

    Where a `closed` one will do, its members are those who were there until it was closed.
    """
    case = await store.case_of_compartment(tx, compartment_id, lock=lock, look=look)
    found = case.compartment(compartment_id) if closed else None
    if found is not None and not found.open:
        if actor.id in case.excluded_ids:
            raise NotFound(NO_COMPARTMENT)
        rows = await tx.rows(store.SQL["members_until_closed"], compartment_id)
        compartment = replace(found, member_ids=frozenset(PersonId(row["person_id"]) for row in rows))
        if actor.id not in compartment.member_ids:
            raise NotFound(NO_COMPARTMENT)
        return case, compartment
    compartment = rules.compartment_seen_by(case, compartment_id, actor.id)
    if actor.id not in compartment.member_ids:
        raise NotFound(NO_COMPARTMENT)
    return case, compartment


def require_leading(actor: Person, kept: Logs) -> None:
    """Refuse whoever does not lead a compartment by its log."""
    if not kept.is_open or actor.id.bytes not in kept.circle.leaders:
        raise NotFound(NO_COMPARTMENT)


def require_member(actor: Person, compartment: Compartment, kept: Logs, now: int, *, opened: bool = True) -> None:
    """Refuse whoever is no member by the log; one that is not `opened` has only the tables' members."""
    if not kept.is_open:
        if opened:
            raise NotFound(NO_COMPARTMENT)
        return
    if actor.id.bytes not in present(kept.circle, compartment, kept.network.now, now):
        raise NotFound(NO_COMPARTMENT)


async def require_sealed(tx: Reading, compartment_id: CompartmentId) -> None:
    """Refuse a vault that was erased; only with its case held does it stay as it is."""
    if await tx.value(store.SQL["vault_erased_at"], compartment_id) is not None:
        raise Conflict(ERASED)
