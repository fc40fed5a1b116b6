"""What a members' log decides becomes what everything else goes by: memberships, exclusions, leaders.

Alerts, rooms and the console ask the tables. They change in the transaction that takes an entry in, by what differs. An
entry that the tables' own rules forbid is not taken in; what the tables alone have taken away stays so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from agencies.model import PersonId
from agencies.vault.refusals import NotAsRecorded
from cases import store
from cases.model import Case, Compartment, CompartmentId
from cases.service import CHANNEL, bar, name_leaders, require_staff
from cases.trust.membership import Circle
from core import ledger
from core.database import Transaction


async def follow(
    tx: Transaction, case: Case, compartment: Compartment, before: Circle | None, after: Circle, *, by: PersonId,
    now: datetime,
) -> None:  # fmt: skip
    """Bring the tables to what the log says after an entry; the case is held. Raise NotAsRecorded where they forbid it.

    Of the first entry nothing follows: it must say what is recorded.
    """
    if before is None:
        _require_as_recorded(case, compartment, after)
    else:
        await _members(tx, case, compartment, before, after, by=by, now=now)
        await _leaders(tx, case, compartment, before, after, by=by, now=now)
    await _summary(tx, compartment.id, after, now)
    await tx.wake(CHANNEL)


def _require_as_recorded(case: Case, compartment: Compartment, circle: Circle) -> None:
    """Hold the first entry against what is recorded: the same case, the same members, leaders of this case."""
    right = (
        circle.case == case.id.bytes
        and circle.members == {each.bytes for each in compartment.member_ids}
        and not circle.members & {each.bytes for each in case.excluded_ids}
    )
    leaders = tuple(PersonId(UUID(bytes=each)) for each in circle.leaders)
    right = right and (leaders == case.leaders if compartment.core else leaders[0] in case.leaders)
    if not right:
        raise NotAsRecorded


async def _members(
    tx: Transaction, case: Case, compartment: Compartment, before: Circle, after: Circle, *, by: PersonId, now: datetime
) -> None:  # fmt: skip
    # Whose stay has lapsed is out by the tables, though the log still names them: who is let in again comes anew.
    # So is whoever returns with other keys, or after they had left (`Circle.has_returned`).
    staying = _staying(after, now)
    returned = frozenset(each for each in staying & before.members if before.since[each] != after.since[each])
    added = _people(staying - _staying(before, now) | returned)
    await require_staff(tx, case, added)
    for person_id in added:
        if await store.add_member(tx, compartment.id, person_id, by, now):
            await _record(tx, "member_added", case, compartment, person_id, by, now)
    for person_id in _people(before.members - after.members):
        if await store.end_membership(tx, case.id, person_id, now, compartment.id):
            await _record(tx, "member_removed", case, compartment, person_id, by, now)
    if compartment.core:
        # From a smaller circle its log bars by itself; the tables know exclusions from a whole case.
        await _exclusions(tx, case, before, after, by=by, now=now)


async def _exclusions(
    tx: Transaction, case: Case, before: Circle, after: Circle, *, by: PersonId, now: datetime
) -> None:  # fmt: skip
    for person_id in _people(after.excluded - before.excluded):
        if person_id in case.leaders:
            raise NotAsRecorded
        if person_id not in case.excluded_ids:
            await bar(tx, case, person_id, by=by, now=now)
    for person_id in _people(before.excluded - after.excluded):
        if await tx.run(store.SQL["readmit"], case.id, person_id):
            act = ledger.Act(act="person_readmitted", at=now, person_id=by, case_id=case.id, object_id=person_id)
            await ledger.record(tx, act)


async def _leaders(
    tx: Transaction, case: Case, compartment: Compartment, before: Circle, after: Circle, *, by: PersonId, now: datetime
) -> None:  # fmt: skip
    if before.leaders == after.leaders or not compartment.core:
        return
    coordinator, deputy = (PersonId(UUID(bytes=each)) for each in after.leaders)
    if not {coordinator, deputy} <= compartment.member_ids:
        raise NotAsRecorded
    await require_staff(tx, case, [coordinator, deputy])
    await name_leaders(tx, case, coordinator, deputy, by=by, now=now)


async def _summary(tx: Transaction, compartment_id: CompartmentId, circle: Circle, now: datetime) -> None:
    """Leave for others who has the newest key, whose stay lapses when, whether it is held, and how long it is kept."""
    granted = [UUID(bytes=each) for each in sorted(circle.granted)]
    ends_at = now if circle.closed else _moment(circle.ends_at)
    await tx.run(
        store.SQL["put_vault_circle"], compartment_id, circle.epoch, granted, circle.closed, circle.held,
        _moment(circle.keep_until), ends_at,
    )  # fmt: skip
    await tx.run(store.SQL["forget_vault_lapses"], compartment_id)
    if circle.lapses:
        people, moments = zip(*sorted(circle.lapses.items()), strict=True)
        await tx.run(
            store.SQL["add_vault_lapses"], compartment_id, [UUID(bytes=each) for each in people],
            [datetime.fromtimestamp(each, UTC) for each in moments],
        )  # fmt: skip


def _moment(seconds: int) -> datetime | None:
    """Return a moment of a log; none for 0, and none that no calendar reaches: nothing falls due by it."""
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


async def _record(
    tx: Transaction, act: str, case: Case, compartment: Compartment, person_id: PersonId, by: PersonId, now: datetime
) -> None:  # fmt: skip
    await ledger.record(
        tx,
        ledger.Act(
            act=act, at=now, person_id=by, case_id=case.id, object_id=compartment.id, facts={"person": str(person_id)}
        ),
    )


def _staying(circle: Circle, now: datetime) -> frozenset[bytes]:
    """Return the members whose stay has not lapsed."""
    seconds = now.timestamp()
    return frozenset(each for each in circle.members if seconds < circle.lapses.get(each, seconds + 1))


def _people(ids: frozenset[bytes]) -> list[PersonId]:
    return [PersonId(UUID(bytes=each)) for each in sorted(ids)]
