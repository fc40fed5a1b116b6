"""Does what a calendar file changes: first the sealed record of which date is which operation, then the plans.

Cut off anywhere, the next run goes on: what is new was kept with its operation's id before it is planned, and is
planned once for that id; what is moved or called off is kept as such only after it was done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from agencies.model import PersonId
from client.api import ApiClient
from client.court_dates import kept
from client.court_dates.kept import KIND, Known
from client.court_dates.matching import Change, Changes, Turn
from client.operations import Operation
from client.vault.reading import View
from client.vault.records import Records
from core.errors import Conflict
from core.texts import mark
from operations.model import MilestoneKind, OperationStatus
from operations.planning import Plan, Step
from operations.transitions import AHEAD

SEVERAL = mark(
    "Two records of court dates stand here: {records}. Whoever leads the case erases one: streha record erase"
)
# Makes the plan of a new way, from the moment at which it begins.
Planner = Callable[[datetime], Plan]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a circle keeps of court dates, and in which record, if there is one."""

    dates: Sequence[Known] = ()
    record: bytes | None = None


async def kept_dates(records: Records, view: View) -> Kept:
    """Return what is kept in a circle. Raises Conflict where it stands twice or cannot be read."""
    found: list[Kept] = []
    for each in await records.of_kind(view, KIND):
        dates = kept.decoded(each.text)
        if dates is not None:
            found.append(Kept(dates=dates, record=each.version.write.record))
    if len(found) > 1:
        names = sorted({str(UUID(bytes=each.record)) for each in found if each.record is not None})
        raise Conflict(SEVERAL, records=", ".join(names))
    if found and found[0].record is not None:
        # What the next version follows must count as read.
        await records.get(view.compartment.id, found[0].record)
    return found[0] if found else Kept()


def planned(change: Change, planner: Planner) -> Plan:
    """Return the plan of what is new, or what was planned, moved: its people and steps stay as they were decided."""
    if change.operation is None:
        return planner(change.begins_at)
    before = change.operation
    by = change.begins_at - before.begins_at
    return Plan(
        coordinator_id=PersonId(before.coordinator), buddy_id=PersonId(before.buddy),
        liaison_id=None if before.liaison is None else PersonId(before.liaison),
        receiver_id=None if before.receiver is None else PersonId(before.receiver),
        begins_at=change.begins_at, ends_at=before.ends_at + by,
        steps=[
            Step(
                kind=MilestoneKind(each.kind), due_at=None if each.planned_at is None else each.planned_at + by,
                confirmers=tuple(PersonId(one) for one in each.confirmers),
            )
            for each in before.steps
        ],
    )  # fmt: skip


async def carry_out(
    api: ApiClient, records: Records, circle: UUID, known: Kept, changes: Changes, planner: Planner
) -> list[tuple[Change, Operation | None]]:
    """Do all that a file changes; return each change with the operation as it stands now."""
    new = {each.known.key: each.known for each in changes.changes if each.turn is Turn.NEW}
    if new:
        known = await _keep(records, circle, known, new)
    done = [(each, await _act(api, circle, each, planner)) for each in changes.changes]
    await _keep(records, circle, known, {each.known.key: each.known for each in changes.changes})
    return done


async def _act(api: ApiClient, circle: UUID, change: Change, planner: Planner) -> Operation | None:
    found = change.operation
    if change.turn is Turn.NEW:
        return await api.operations.plan(circle, change.known.operation, planned(change, planner))
    if found is None or change.turn is Turn.UNCHANGED:
        return found
    if change.turn is Turn.CANCELLED:
        return found if _put_off(found) else await api.operations.decide(found.operation, "postpone")
    if found.begins_at == change.begins_at and found.status in AHEAD:
        # Done before something was cut off, or by hand.
        return found
    if not _put_off(found):
        await api.operations.decide(found.operation, "postpone")
    return await api.operations.plan_anew(found.operation, planned(change, planner))


async def _keep(records: Records, circle: UUID, known: Kept, changed: dict[tuple[str, str], Known]) -> Kept:
    """Keep what changed, if anything did; everything else stays."""
    dates = {each.key: each for each in known.dates} | changed
    if list(dates.values()) == list(known.dates):
        return known
    put = await records.put(circle.bytes, kept.encoded(list(dates.values())), kind=KIND, record=known.record)
    return replace(known, dates=list(dates.values()), record=put.record.bytes)


def _put_off(operation: Operation) -> bool:
    return operation.status == OperationStatus.POSTPONED
