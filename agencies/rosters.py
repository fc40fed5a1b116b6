"""Use cases of duty rosters, for the operator of the network: hours, shifts, rotations, imports.

Whoever has a shift sits at the desk; who leaves it loses the shifts to come (`agencies.store`). A changed roster
changes nobody's rooms and nobody's rights: it decides who is rung first.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from agencies import roster_files, store
from agencies.model import CameBy, DeskId, DutyDesk, Opening, PersonId, Shift, ShiftId
from agencies.roster import (
    KEPT,
    MOST_SHIFTS,
    Interval,
    Turn,
    fault_of,
    merged,
    moment_in,
    read_hours,
    rotation,
    without,
)
from agencies.roster_files import Problem
from core import ledger
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import InvalidInput, NotFound
from core.ids import new_id
from core.texts import mark

NO_DESK = mark("There is no such duty desk.")
NO_SHIFT = mark("There is no such shift at this desk.")
NOT_SEATED = mark("Somebody named here does not sit at this desk. Seat the person first: streha agency desk --seat")
FULL = mark("The roster of a desk holds at most {limit} shifts.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a file said, and what became of it: nothing where there were problems, or it was only looked at."""

    shifts: int
    ended: int
    replaced: int
    span: Interval | None
    problems: Sequence[Problem]


class Rosters:
    """Keeps the rosters of duty desks; every change is in the ledger as the operator's."""

    def __init__(self, database: Database, clock: Clock, time_zone: str) -> None:
        self._database = database
        self._clock = clock
        self._time_zone = time_zone
        self._zone = ZoneInfo(time_zone)

    async def set_hours(self, desk_id: DeskId, hours: Collection[str]) -> list[Opening]:
        """Set the weekly opening hours of a desk, in the network's time zone; none: it is open always."""
        openings = read_hours(hours)
        async with self._database.transaction() as tx:
            await self._desk(tx, desk_id)
            await store.put_hours(tx, desk_id, openings, self._time_zone)
            await self._note(tx, desk_id, "hours")
        return openings

    async def add(self, desk_id: DeskId, person_id: PersonId, begins: datetime, ends: datetime) -> list[Shift]:
        """Add one shift; times without an offset are the network's wall time."""
        turn = Turn(person_id=person_id, begins_at=self._moment(begins), ends_at=self._moment(ends))
        return await self._plan(desk_id, [turn], CameBy.HAND)

    async def rotate(
        self, desk_id: DeskId, people: Sequence[PersonId], *, begins: datetime, length: timedelta, count: int
    ) -> list[Shift]:
        """Add shifts that people take in turn, by the clock on the wall."""
        if begins.tzinfo is not None:
            begins = begins.astimezone(self._zone).replace(tzinfo=None)
        turns = rotation(people, begins=begins, length=length, count=count, zone=self._zone)
        return await self._plan(desk_id, turns, CameBy.ROTATION)

    async def remove(self, desk_id: DeskId, ids: Collection[ShiftId] | None) -> int:
        """Remove shifts of a desk; all of them where none is named: then its hours alone say who is on duty."""
        async with self._database.transaction() as tx:
            await self._desk(tx, desk_id)
            removed = await store.take_shifts(tx, desk_id, ids)
            if ids is not None and removed < len(set(ids)):
                raise NotFound(NO_SHIFT)
            await self._note(tx, desk_id, "removed", shifts=removed)
        return removed

    async def import_(self, desk_id: DeskId, content: bytes, *, dry_run: bool = False) -> Imported:
        """Replace what came by import in the time that a file spans, all of it or nothing."""
        async with self._database.transaction() as tx:
            desk = await self._desk(tx, desk_id)
            found = roster_files.read(content, desk.officers, self._zone, self._clock.now())
            span = _span(found.turns)
            if dry_run or found.problems or span is None:
                return Imported(
                    shifts=len(found.turns), ended=found.ended, replaced=0, span=span, problems=found.problems
                )
            taken = await store.take_imported(tx, desk_id, span)
            await self._insert(tx, desk_id, [*found.turns, *without(taken, span)], CameBy.IMPORT)
            await self._note(tx, desk_id, "imported", shifts=len(found.turns), replaced=len(taken))
        return Imported(shifts=len(found.turns), ended=found.ended, replaced=len(taken), span=span, problems=())

    async def _plan(self, desk_id: DeskId, turns: Sequence[Turn], came_by: CameBy) -> list[Shift]:
        now = self._clock.now()
        for each in turns:
            fault = fault_of(each.begins_at, each.ends_at, now)
            if fault is not None:
                raise fault
        async with self._database.transaction() as tx:
            desk = await self._desk(tx, desk_id)
            if not {each.person_id for each in turns} <= {each.id for each in desk.officers}:
                raise InvalidInput(NOT_SEATED)
            shifts = await self._insert(tx, desk_id, turns, came_by)
            await self._note(tx, desk_id, came_by, shifts=len(shifts))
        return shifts

    async def _insert(self, tx: Transaction, desk_id: DeskId, turns: Sequence[Turn], came_by: CameBy) -> list[Shift]:
        shifts = [
            Shift(
                id=ShiftId(new_id()), person_id=each.person_id, begins_at=each.begins_at, ends_at=each.ends_at,
                came_by=came_by,
            )
            for each in turns
        ]  # fmt: skip
        await store.add_shifts(tx, desk_id, shifts, self._clock.now(), KEPT.days)
        if await store.count_shifts(tx, desk_id) > MOST_SHIFTS:
            raise InvalidInput(FULL, limit=MOST_SHIFTS)
        return shifts

    async def _desk(self, tx: Transaction, desk_id: DeskId) -> DutyDesk:
        """Return a desk with who sits there, held: nobody leaves it, and nobody else changes its roster."""
        await store.hold_roster(tx, desk_id)
        desks = (await store.duty(tx, desk_ids=[desk_id], now=self._clock.now())).desks
        if not desks:
            raise NotFound(NO_DESK)
        return desks[0]

    def _moment(self, time: datetime) -> datetime:
        return moment_in(time, self._zone)

    async def _note(self, tx: Transaction, desk_id: DeskId, what: str, **counts: int) -> None:
        await ledger.record(
            tx,
            ledger.Act(
                act="roster_changed", at=self._clock.now(), actor_kind="operator", object_id=desk_id,
                facts={"what": what, **counts},
            ),
        )  # fmt: skip


def _span(turns: Sequence[Turn]) -> Interval | None:
    whole = merged(Interval(begins_at=each.begins_at, ends_at=each.ends_at) for each in turns)
    return Interval(begins_at=whole[0].begins_at, ends_at=whole[-1].ends_at) if whole else None
