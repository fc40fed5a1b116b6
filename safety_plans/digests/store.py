"""Digests in PostgreSQL: whose turn it is, and what people carry as far as they may know of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from agencies.model import PersonId
from cases import store as case_store
from cases.model import CaseId, CompartmentId
from cases.news import Standing, standings
from core.database import Row, Transaction
from safety_plans.digests.rules import Carried, Kind, Morning, What
from safety_plans.news import may_know
from safety_plans.store import SQL


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """That a person or an agency may be told what there is. `country` is the agency's, for its holidays."""

    id: UUID
    kind: Kind
    last: date
    country: str


async def begin(tx: Transaction, first_at: datetime, last: date) -> int:
    """Give everybody who works somewhere, and every agency, a first turn, as if they had been told on a day.

    Returns how many had none.
    """
    return await tx.run(SQL["begin_digests"], first_at, last)


async def turns(tx: Transaction, ids: Collection[UUID], now: datetime) -> list[Turn]:
    """Return whose turn it is of these, held; who has left is forgotten."""
    await tx.run(SQL["forget_digests"], list(ids))
    return [
        Turn(id=row["id"], kind=Kind(row["kind"]), last=row["told_on"], country=row["country"])
        for row in await tx.rows(SQL["digests"], list(ids), now)
    ]


async def turned(tx: Transaction, turns: Collection[Turn], next_turns: Collection[datetime]) -> None:
    """Record when they were told last and when their next turns are, and release the leases."""
    await tx.run(SQL["step_digests"], [each.id for each in turns], [each.last for each in turns], list(next_turns))


async def carried(
    tx: Transaction, people: Collection[PersonId], morning: Morning, ends: datetime, *, whole: bool = False
) -> list[Carried]:  # fmt: skip
    """Return what these people have to see to before the next working day begins; the `whole` has every open review.

    Where the owner may not know of it any more it is the coordinator's, who is reminded of it then.
    """
    reviews = await tx.rows(SQL["carried_reviews"], list(people), None if whole else ends)
    measures = await tx.rows(SQL["carried_measures"], list(people), morning.following)
    clocks = await tx.rows(SQL["carried_clocks"], list(people), ends)
    rows = [*reviews, *clocks, *measures]
    known = await standings(
        tx, {row["case_id"] for row in rows}, {row[each] for row in rows for each in ("owner_id", "coordinator_id")}
    )
    found = []
    for what, row in [*((What.REVIEW, each) for each in reviews), *((What.CLOCK, each) for each in clocks)]:
        owner = _first(row, {each: _assesses(standing) for each, standing in known.get(row["case_id"], {}).items()})
        if owner is not None:
            late = row["due_at"] < morning.at
            found.append(_carried(row, owner, what, late=late, due=not late and row["due_at"] < ends))
    for row in measures:
        circle = CompartmentId(row["compartment_id"])
        owner = _first(row, {each: _does(standing, circle) for each, standing in known.get(row["case_id"], {}).items()})
        if owner is not None:
            late = row["deadline"] < morning.day
            found.append(_carried(row, owner, What.MEASURE, late=late, due=not late))
    wanted = frozenset(people)
    return [each for each in found if each.owner_id in wanted]


async def kept_from(tx: Transaction, carried: Collection[Carried]) -> dict[CaseId, frozenset[PersonId]]:
    """Return who must not be counted these cases: the excluded, and for whom one was opened behind their back."""
    ids = {each.case_id for each in carried}
    found = await case_store.exclusions(tx, ids)
    for row in await tx.rows(SQL["opened_for"], list(ids)):
        case_id = CaseId(row["case_id"])
        found[case_id] = found.get(case_id, frozenset()) | {PersonId(row["person_id"])}
    return found


def _first(row: Row, known: dict[PersonId, bool]) -> PersonId | None:
    """Return the owner, or the coordinator where the owner may not know of it, or nobody."""
    people = (PersonId(row["owner_id"]), PersonId(row["coordinator_id"]))
    return next((each for each in people if known.get(each, False)), None)


def _assesses(standing: Standing) -> bool:
    """Whether somebody can see to a review or a clock: who may know of it, and who leads the case."""
    return may_know(standing) or (standing.open and standing.leads)


def _does(standing: Standing, circle: CompartmentId) -> bool:
    """Whether somebody can see to a measure: a member of its circle, or who leads the case."""
    return standing.open and standing.sees(circle)


def _carried(row: Row, owner: PersonId, what: What, *, due: bool, late: bool) -> Carried:
    return Carried(case_id=CaseId(row["case_id"]), owner_id=owner, what=what, due=due, late=late)
