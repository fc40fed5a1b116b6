"""Whoever comes on duty is rung, in the room and by telephone, and a deputy stands in for whoever does not answer.

When is decided by `agencies.stints`, how it goes on by `agencies.duty_ring`; here both are carried out, once however
many engines run: a desk is held while its rings are decided, a ring while it is taken further.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta, tzinfo
from uuid import UUID

from agencies import contacts, duty_rings
from agencies import store as directory
from agencies.contacts import Contact
from agencies.duty_ring import ANSWERED_WITHIN, DutyRing, DutyRingId, RingState, RingStep, may_follow
from agencies.duty_rings import LastRings
from agencies.model import DeskId, DutyDesk, Person, PersonId
from agencies.roster import KEPT
from agencies.stints import AHEAD, Stint, due, stints, zone_of
from alerts.duty import messages
from alerts.store import SQL
from core import ledger, logs, metrics, once, outbox
from core.clock import Clock
from core.database import Database, Reading, Transaction
from core.errors import Conflict, NotFound, Unavailable
from core.outbox import Message, Target, TargetKind
from core.sweep import sweep
from core.texts import mark

log = logs.get(__name__)

# Alerts wait for nobody's ring: many desks open at the same minute, and are rung a few in each round.
AT_ONCE = 20
# A message's time is its homeserver's, a ring's is the engine's: they may differ a little.
CLOCKS_APART = timedelta(seconds=5)
NO_RING = mark("No such test ring waits for you. The shift may be over.")
ANSWERED_ALREADY = mark("Nothing of this test ring is left to answer: somebody else has answered, or has the shift.")


async def ring_due(database: Database, clock: Clock, network: tzinfo) -> int:
    """Ring whoever comes on duty; return how many rings began: with AT_ONCE there may be more.

    `network` is the zone of desks without hours.
    """
    now = clock.now()
    async with database.reading() as look:
        desk_ids = await duty_rings.rostered_desks(look, now, now + AHEAD)
        desks = (await directory.duty(look, desk_ids=desk_ids, now=now)).desks if desk_ids else []
        last = await duty_rings.last_rings(look, desk_ids, now) if desk_ids else {}
    begun = 0
    for desk in desks:
        if begun >= AT_ONCE:
            break
        try:
            if not _due(desk, last, now, network):
                continue
            async with database.transaction() as tx:
                begun += await _ring(tx, desk.id, now, network)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 (one desk must not keep the others)
            log.failure("duty_ring_failed", error, desk_id=desk.id)
    return begun


async def step_due(database: Database, clock: Clock, network: tzinfo) -> int:
    """Take every ring further whose time to be answered is over; return how many."""

    async def handle(tx: Transaction, ids: Sequence[UUID], now: datetime) -> None:
        held = await duty_rings.locked(tx, [DutyRingId(each) for each in ids])
        for ring in held:
            if ring.next_step_at is not None and ring.next_step_at <= now:
                await _step(tx, ring, now, network)

    return await sweep(database, clock, "duty_rings", duty_rings.CLAIM_DUE, handle)


async def answer(
    database: Database, clock: Clock, person: Person, written_at: datetime, room: Target | None = None
) -> int:
    """Let somebody's word answer every ring that it may mean; return how many. It accepts no alert.

    Said where they are told: at the desk, and in the room where the word was written.
    """
    now = clock.now()
    async with database.transaction(urgent=True) as tx:
        rings = await duty_rings.meant_by(tx, person.id, now, written_at + CLOCKS_APART)
        for ring in rings:
            await _answered(tx, ring, person.id, now, room)
    return len(rings)


async def answer_one(database: Database, clock: Clock, person: Person, ring_id: DutyRingId, key: UUID) -> bool:
    """Let somebody answer one ring by telephone, once for each key; tell whether it is theirs to answer.

    What they say again changes nothing. It accepts no alert.
    """
    now = clock.now()
    async with database.transaction(urgent=True) as tx:
        if await once.done(tx, key):
            return True
        rings = [each for each in await duty_rings.meant_by(tx, person.id, now, now) if each.id == ring_id]
        for ring in rings:
            await once.first(tx, key, now)
            await _answered(tx, ring, person.id, now, None)
    return bool(rings)


async def answer_here(database: Database, clock: Clock, person: Person, ring_id: DutyRingId) -> None:
    """Let somebody answer one ring at a console, where the answer is stored or refused. It accepts no alert.

    Raises NotFound where it is not theirs, Conflict where nothing of it is left to answer.
    """
    now = clock.now()
    async with database.transaction(urgent=True) as tx:
        working = {each.id for each in await directory.staff(tx, [person.agency_id])}
        # Those of shifts that have not ended, however far they are.
        theirs = await duty_rings.told_to_telephones(tx, [person.id], [], now)
        if person.id not in working or ring_id not in {each.id for each in theirs}:
            raise NotFound(NO_RING)
        for ring in await duty_rings.meant_by(tx, person.id, now, now):
            if ring.id == ring_id:
                await _answered(tx, ring, person.id, now, None)
                return
        (ring,) = await duty_rings.locked(tx, [ring_id])
        if ring.answered_by != person.id:
            raise Conflict(ANSWERED_ALREADY)


async def waits_for(database: Database, clock: Clock, person: Person) -> bool:
    """Tell whether a ring waits for somebody's answer."""
    async with database.reading(urgent=True) as look:
        return await duty_rings.waits_for(look, person.id, clock.now())


def _due(desk: DutyDesk, last: LastRings, now: datetime, network: tzinfo) -> list[Stint]:
    zone = zone_of(desk, network)
    return [
        each
        for each in stints(desk, now, now + AHEAD, network)
        if due(each, last.get((desk.id, each.person_id)), now, zone, staffed=desk.always_staffed)
    ]


async def _ring(tx: Transaction, desk_id: DeskId, now: datetime, network: tzinfo) -> int:
    """Ring at a desk whoever is due there still, now that nobody else decides about it."""
    await directory.hold_roster(tx, desk_id)
    # A stint may be long: read so far ahead, its end is its own and not that of what was read.
    desks = (await directory.duty(tx, desk_ids=[desk_id], now=now, ahead=KEPT)).desks
    last = await duty_rings.last_rings(tx, [desk_id], now)
    found = [(desk, stint) for desk in desks for stint in _due(desk, last, now, network)]
    for desk, stint in found:
        ring = await duty_rings.add(tx, desk.id, stint, now)
        people = _people(ring, desk)
        said = messages.asking(ring, _room(ring), people)
        said += messages.calling(ring, await _telephones(tx, ring, people))
        await outbox.post(tx, said, now)
        await _record(tx, "duty_rung", ring, now)
    return len(found)


async def _step(tx: Transaction, ring: DutyRing, now: datetime, network: tzinfo) -> None:
    desk = (await directory.duty(tx, desk_ids=[ring.desk_id], now=now)).desks[0]
    people = _people(ring, desk)
    match ring.state:
        case RingState.RINGING:
            await _tell_failed_calls(tx, ring, people, now)
            accepted_by = await tx.value(SQL["accepted_since"], people, ring.rung_at)
            if not _still_theirs(ring, desk, now, network):
                _count(tx, await duty_rings.step(tx, ring, RingStep.MOOT))
            elif accepted_by is not None:
                await _answered(tx, ring, PersonId(accepted_by), now, None)
            else:
                await _silent(tx, ring, desk, people, now)
        case RingState.DEPUTIES if ring.shift_ends_at <= now:
            _count(tx, await duty_rings.step(tx, ring, RingStep.MOOT))
        case RingState.DEPUTIES:
            await _nobody(tx, ring, desk, RingStep.SILENCE, now)
        case _:
            # Answered in time: only the telephone was still to be looked after.
            await _tell_failed_calls(tx, ring, people, now)
            await duty_rings.looked_after(tx, ring)


async def _silent(
    tx: Transaction, ring: DutyRing, desk: DutyDesk, people: Collection[PersonId], now: datetime
) -> None:  # fmt: skip
    """Let the deputies stand in, and ring them."""
    deputies = [each.id for each in desk.deputies if each.id not in people]
    if not deputies:
        await _nobody(tx, ring, desk, RingStep.NO_DEPUTY, now)
        return
    await duty_rings.stand_in(tx, ring, deputies, max(now, ring.shift_begins_at))
    await duty_rings.step(tx, ring, RingStep.SILENCE, next_step_at=now + ANSWERED_WITHIN)
    said = messages.silence(ring, [_room(ring), *_alone(ring)], people, deputies)
    said += messages.asking_deputies(ring, people, deputies)
    said += messages.calling(ring, [each for each, _ in await contacts.contacts_of(tx, deputies, [])])
    await outbox.post(tx, said, now)
    await _record(tx, "duty_ring_silent", ring, now, deputies=len(deputies))
    log.warning("duty_ring_silent", desk_id=ring.desk_id, person_id=ring.person_id)


async def _nobody(tx: Transaction, ring: DutyRing, desk: DutyDesk, step: RingStep, now: datetime) -> None:
    """Tell loudly that nobody answers: at the desk, to who leads cases for its agency, and to the operator."""
    coordinators = [PersonId(row["id"]) for row in await tx.rows(SQL["coordinators_of_agency"], desk.agency_id)]
    await duty_rings.step(tx, ring, step)
    await outbox.post(tx, messages.nobody(ring, _room(ring), _people(ring, desk), coordinators), now)
    await _record(tx, "duty_ring_unanswered", ring, now)
    _count(tx, RingState.UNANSWERED)
    log.error("duty_ring_unanswered", desk_id=ring.desk_id, person_id=ring.person_id)


async def _answered(tx: Transaction, ring: DutyRing, by: PersonId, now: datetime, room: Target | None) -> None:
    desk = (await directory.duty(tx, desk_ids=[ring.desk_id], now=now)).desks[0]
    people = _people(ring, desk)
    step = RingStep.ANSWER if by in people else RingStep.DEPUTY_ANSWER
    if not may_follow(ring, step):
        return
    # Answered in time, its telephone is looked after once more when the time is over.
    due_at = ring.next_step_at if ring.state is RingState.RINGING and (ring.next_step_at or now) > now else None
    state = await duty_rings.step(tx, ring, step, by=by, at=now, next_step_at=due_at)
    relieved = await duty_rings.relieve(tx, ring, now, but=None if step is RingStep.ANSWER else by)
    alone = [Target(kind=TargetKind.PERSON, id=each) for each in (by, *relieved)]
    rooms = dict.fromkeys(
        [_room(ring), *([] if room is None else [room]), *(alone if relieved or room is None else [])]
    )
    late = ring.state is not RingState.RINGING
    said: list[Message] = (
        messages.answered(ring, rooms, by, now, late=late)
        if step is RingStep.ANSWER
        else messages.stood_in(ring, [*rooms, *_alone(ring)], by, people)
    )
    await outbox.post(tx, said, now)
    await _record(tx, "duty_ring_answered", ring, now, by=by, late=late)
    _count(tx, state)


async def _tell_failed_calls(tx: Transaction, ring: DutyRing, people: Collection[PersonId], now: datetime) -> None:
    """Say at the desk that a telephone could not be called: the ring was to prove it too."""
    calls = messages.calling(ring, await _telephones(tx, ring, people))
    if calls and await tx.value(SQL["any_failed"], [each.key for each in calls]):
        await outbox.post(tx, [messages.call_failed(ring, _room(ring), people)], now)
        log.error("duty_call_failed", desk_id=ring.desk_id, person_id=ring.person_id)


async def _telephones(tx: Reading, ring: DutyRing, people: Collection[PersonId]) -> list[Contact]:
    """Return where people are called; the desk's own telephone only once the shift has begun, for then they have it."""
    desks = [ring.desk_id] if ring.rung_at >= ring.shift_begins_at else []
    return [each for each, _ in await contacts.contacts_of(tx, people, desks)]


def _people(ring: DutyRing, desk: DutyDesk) -> list[PersonId]:
    return [each.id for each in desk.officers] if ring.person_id is None else [ring.person_id]


def _still_theirs(ring: DutyRing, desk: DutyDesk, now: datetime, network: tzinfo) -> bool:
    """Whether the roster still gives what was rung for to whom it was rung."""
    return any(
        each.person_id == ring.person_id and each.begins_at < ring.shift_ends_at and each.ends_at > ring.shift_begins_at
        for each in stints(desk, now, max(ring.shift_ends_at, now + AHEAD), network)
    )


def _room(ring: DutyRing) -> Target:
    return Target(kind=TargetKind.DESK, id=ring.desk_id)


def _alone(ring: DutyRing) -> list[Target]:
    return [] if ring.person_id is None else [Target(kind=TargetKind.PERSON, id=ring.person_id)]


def _count(tx: Transaction, state: RingState) -> None:
    tx.afterwards(lambda: metrics.DUTY_RINGS_ENDED.count(state))


async def _record(
    tx: Transaction, act: str, ring: DutyRing, now: datetime, *, by: PersonId | None = None, **facts: int | bool
) -> None:
    said: dict[str, str | int | bool] = {"ring": str(ring.id), **facts}
    if ring.person_id is not None:
        said["person"] = str(ring.person_id)
    await ledger.record(
        tx, ledger.Act(act=act, at=now, person_id=by, actor_kind="system", object_id=ring.desk_id, facts=said)
    )
