"""The staff directory in PostgreSQL: SQL to model, nothing decided here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agencies.model import (
    Agency,
    AgencyId,
    AgencyKind,
    CameBy,
    DeskId,
    DutyDesk,
    Opening,
    Person,
    PersonId,
    Role,
    Shift,
    ShiftId,
    StandIn,
)
from agencies.roster import LONGEST, Interval, Turn
from core import queries
from core.database import Reading, Row, Transaction

SQL = queries.load("agencies")

# How far around a moment a roster is read: what was read may be asked a little later, or by a clock that goes slow.
AROUND = timedelta(days=1)
_EVER = Interval(begins_at=datetime(1970, 1, 1, tzinfo=UTC), ends_at=datetime(2300, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Who answers, and more people who were asked for. An agency without a desk has deputies all the same."""

    desks: list[DutyDesk]
    deputies: dict[AgencyId, tuple[Person, ...]]
    people: dict[PersonId, Person]


async def add_agency(tx: Transaction, agency: Agency, now: datetime) -> None:
    """Insert an agency."""
    await tx.run(SQL["add_agency"], agency.id, agency.name, agency.kind, agency.country, agency.language, now)


async def agencies(tx: Reading, ids: Iterable[AgencyId] | None = None) -> list[Agency]:
    """Return these agencies, or all."""
    rows = await tx.rows(SQL["all_agencies"]) if ids is None else await tx.rows(SQL["agencies_by_id"], list(ids))
    return [_agency(row) for row in rows]


async def add_person(tx: Transaction, person: Person, now: datetime) -> None:
    """Insert a person."""
    await tx.run(
        SQL["add_person"], person.id, person.agency_id, person.name, person.role, person.matrix_user,
        person.signing_key, now,
    )  # fmt: skip


async def people(tx: Reading, ids: Iterable[PersonId], *, share: bool = False) -> dict[PersonId, Person]:
    """Return these people by id, the departed included; `share` keeps them from leaving meanwhile."""
    query = SQL["share_people" if share else "people_by_id"]
    return {row["id"]: person_of(row) for row in await tx.rows(query, list(ids))}


async def country_of(tx: Reading, person_id: PersonId) -> str:
    """Return the country in which a person's agency works (ISO 3166-1, two letters)."""
    return str(await tx.value(SQL["country_of"], person_id))


async def country_of_agency(tx: Reading, agency_id: AgencyId) -> str:
    """Return the country in which an agency works (ISO 3166-1, two letters)."""
    return str(await tx.value(SQL["country_of_agency"], agency_id))


async def lock_person(tx: Transaction, person_id: PersonId) -> bool:
    """Hold a person who leaves, so that nothing is given to them meanwhile; tell whether there is one."""
    return await tx.row(SQL["lock_person"], person_id) is not None


async def staff(tx: Reading, agency_ids: Iterable[AgencyId]) -> list[Person]:
    """Return everybody who works at these agencies now."""
    return [person_of(row) for row in await tx.rows(SQL["people_of_agencies"], list(agency_ids))]


async def person_by_matrix_user(tx: Reading, matrix_user: str) -> Person | None:
    """Return the active person behind a Matrix user."""
    row = await tx.row(SQL["person_by_matrix_user"], matrix_user)
    return person_of(row) if row else None


async def mark_left(tx: Transaction, person_id: PersonId, now: datetime) -> bool:
    """Record that a person has left: no session and nothing to begin one, no desk or shift. Tell if it was news."""
    news = await tx.run(SQL["mark_left"], person_id, now) == 1
    await tx.run(SQL["renew_desk_keys"], person_id, now)
    await tx.run(SQL["leave_desks"], person_id)
    await tx.run(SQL["end_shifts"], person_id, None, now)
    await tx.run(SQL["end_links"], person_id)
    await tx.run(SQL["end_sessions"], person_id)
    await tx.run(SQL["end_passkey_challenges"], person_id)
    await tx.run(SQL["remove_passkeys_of_person"], person_id)
    return news


async def covering_desk(tx: Transaction, agency_id: AgencyId) -> DeskId | None:
    """Hold an agency's desk while it is changed; return the desk that covers for it."""
    found = await tx.value(SQL["covering_desk"], agency_id)
    return None if found is None else DeskId(found)


async def put_desk(
    tx: Transaction,
    desk_id: DeskId,
    agency_id: AgencyId,
    covered_by: DeskId | None,
    now: datetime,
    *,
    always: bool,
) -> DeskId:
    """Open or change the desk of an agency; return its id."""
    return DeskId(await tx.value(SQL["put_desk"], desk_id, agency_id, always, covered_by, now))


async def seat(tx: Transaction, desk_id: DeskId, person_id: PersonId, now: datetime) -> None:
    """Put a person at a desk."""
    if await tx.run(SQL["seat"], desk_id, person_id, now):
        await tx.run(SQL["desk_changed"], desk_id)


async def unseat(tx: Transaction, desk_id: DeskId, person_id: PersonId, now: datetime) -> None:
    """Take a person from a desk, and the shifts there from now on."""
    if await tx.run(SQL["unseat"], desk_id, person_id):
        await tx.run(SQL["end_shifts"], person_id, desk_id, now)
        await tx.run(SQL["renew_desk_key"], desk_id, now)
        await tx.run(SQL["desk_changed"], desk_id)


async def hold_roster(tx: Transaction, desk_id: DeskId) -> None:
    """Hold a desk's roster while it is changed: nobody who sits there leaves meanwhile.

    Seats before the desk, as where somebody leaves it.
    """
    await tx.run(SQL["share_seats"], desk_id)
    await tx.run(SQL["hold_desk"], desk_id)


async def put_hours(tx: Transaction, desk_id: DeskId, hours: Sequence[Opening], time_zone: str) -> None:
    """Replace the opening hours of a desk."""
    await tx.run(SQL["clear_hours"], desk_id)
    await tx.run(SQL["put_time_zone"], desk_id, time_zone if hours else None)
    await tx.run_many(SQL["add_hours"], [(desk_id, each.weekday, each.opens, each.closes) for each in hours])


async def add_shifts(tx: Transaction, desk_id: DeskId, shifts: Sequence[Shift], now: datetime, kept: int) -> None:
    """Add shifts to a desk's roster, forgetting those that ended more than `kept` days ago."""
    await tx.run(SQL["forget_shifts"], desk_id, now, kept)
    await tx.run(
        SQL["add_shifts"], desk_id, [each.id for each in shifts], [each.person_id for each in shifts],
        [each.begins_at for each in shifts], [each.ends_at for each in shifts], [each.came_by for each in shifts],
    )  # fmt: skip


async def count_shifts(tx: Reading, desk_id: DeskId) -> int:
    """Return how many shifts a desk's roster holds."""
    return int(await tx.value(SQL["count_shifts"], desk_id))


async def take_shifts(tx: Transaction, desk_id: DeskId, ids: Iterable[ShiftId] | None) -> int:
    """Remove these shifts of a desk, or all; return how many there were."""
    return await tx.run(SQL["take_shifts"], desk_id, None if ids is None else list(ids))


async def take_imported(tx: Transaction, desk_id: DeskId, span: Interval) -> list[Turn]:
    """Remove, and return, what came by import and reaches into a span of time."""
    rows = await tx.rows(SQL["take_imported"], desk_id, span.begins_at, span.ends_at)
    return [Turn(person_id=row["person_id"], begins_at=row["begins_at"], ends_at=row["ends_at"]) for row in rows]


async def desks_of_person(tx: Reading, person_id: PersonId) -> list[DeskId]:
    """Return the desks at which a person sits."""
    return [DeskId(row["desk_id"]) for row in await tx.rows(SQL["desks_of_person"], person_id)]


async def desks_at_all_hours(tx: Reading) -> list[DeskId]:
    """Return the desks that are to be staffed at all hours."""
    return [DeskId(row["id"]) for row in await tx.rows(SQL["desks_at_all_hours"])]


async def duty(
    tx: Reading, *, agency_ids: Iterable[AgencyId] = (), desk_ids: Iterable[DeskId] = (),
    person_ids: Iterable[PersonId] = (), now: datetime | None = None, ahead: timedelta = timedelta(0),
) -> Duty:  # fmt: skip
    """Return who answers for these agencies (desks that cover for them included), at these desks, and these people.

    Of the desks' shifts come those around `now` and so far `ahead`; all of them, which is slow, where no moment is
    given.
    """
    span = _EVER if now is None else Interval(begins_at=now - AROUND, ends_at=now + ahead + AROUND)
    desks: list[Row] = []
    officers: dict[DeskId, list[Person]] = defaultdict(list)
    standing: dict[DeskId, list[StandIn]] = defaultdict(list)
    deputies: dict[AgencyId, list[Person]] = defaultdict(list)
    found: dict[PersonId, Person] = {}
    rows = await tx.rows(
        SQL["duty"], list(agency_ids), list(desk_ids), list(person_ids),
        span.begins_at, span.ends_at, span.begins_at - LONGEST,
    )  # fmt: skip
    for row in rows:
        match row["place"]:
            case "desk":
                desks.append(row)
            case "officer":
                officers[row["desk_id"]].append(person_of(row))
            case "stand_in":
                standing[row["desk_id"]].append(
                    StandIn(person=person_of(row), begins_at=row["begin"][0], ends_at=row["end"][0])
                )
            case "deputy":
                deputies[row["agency_id"]].append(person_of(row))
            case _:
                found[row["id"]] = person_of(row)
    return Duty(
        desks=[
            DutyDesk(
                id=row["desk_id"],
                agency_id=row["desk_agency_id"],
                always_staffed=row["always_staffed"],
                covered_by=row["covered_by"],
                membership_version=row["membership_version"],
                officers=tuple(officers[row["desk_id"]]),
                deputies=tuple(deputies[row["desk_agency_id"]]),
                time_zone=row["time_zone"] or "UTC",
                hours=tuple(_openings(row)),
                shifts=tuple(_shifts(row)),
                has_shifts=row["has_shifts"],
                stand_ins=tuple(standing[row["desk_id"]]),
            )
            for row in desks
        ],
        deputies={agency_id: tuple(each) for agency_id, each in deputies.items()},
        people=found,
    )


def _openings(row: Row) -> list[Opening]:
    hours = row["hours"] or []
    return [Opening(weekday=weekday, opens=opens, closes=closes) for weekday, opens, closes in hours]


def _shifts(row: Row) -> list[Shift]:
    columns = (row["shift_ids"] or [], row["shift_people"] or [], row["begin"] or [], row["end"] or [], row["came_by"])
    return [
        Shift(id=shift_id, person_id=person_id, begins_at=begins_at, ends_at=ends_at, came_by=CameBy(came_by))
        for shift_id, person_id, begins_at, ends_at, came_by in zip(*columns[:4], columns[4] or [], strict=True)
    ]


def person_of(row: Row) -> Person:
    """Return the person of a row of `people`."""
    return Person(
        id=row["id"],
        agency_id=row["agency_id"],
        name=row["name"],
        role=Role(row["role"]),
        matrix_user=row["matrix_user"],
        signing_key=row["signing_key"],
        left_at=row["left_at"],
    )


def _agency(row: Row) -> Agency:
    return Agency(
        id=row["id"],
        name=row["name"],
        kind=AgencyKind(row["kind"]),
        country=row["country"],
        language=row["language"],
    )
