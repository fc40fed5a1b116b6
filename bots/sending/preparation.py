"""Making messages ready to leave: rooms put right, keys given out, everything encrypted, every ciphertext stored.

Nothing leaves here. When `prepare` returns, each ciphertext stands in the database with its transaction id and the
token of its device, and whoever puts it makes the same event. Whether it may still leave is `bots.sending.last_look`'s.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from agencies.model import PersonId
from alerts import standing
from alerts import store as alert_store
from alerts.model import AlertId
from bots.account.lease import Lease
from bots.device.device import MatrixDevice
from bots.keys.sharing import Sharing
from bots.olm.room_sessions import KeysNotShared, Sealed
from bots.rooms import rooms
from bots.rooms.housekeeping import Housekeeping
from bots.rooms.rooms import Room, StoredSend
from bots.sending.key_giving import KeyGiving
from bots.sending.outcomes import COMING_IN_ATTEMPTS, EXCLUDED_PERSON, NO_PART, NOBODY_CAN_READ, Outcomes
from bots.sending.senders import Senders
from bots.words.bundling import Bundle, bundles, due
from bots.words.rendering import RELATION, Names, Renderer, names_for
from cases import store as case_store
from cases.model import CaseId
from core import logs, outbox
from core.clock import Clock
from core.database import Database
from core.outbox import Claimed, Message, Target, TargetKind

log = logs.get(__name__)

SETTLE_SECONDS = 3.0
# Synapse forgets a transaction id after a day; a repeat after that is a second event, and says so.
REMEMBERED_BY_HOMESERVER = timedelta(hours=20)
NEWCOMERS_SETTLE = timedelta(seconds=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A message with its stored ciphertext. `unreached` are mentioned people who cannot read it."""

    claimed: Claimed
    sealed: Sealed
    unreached: tuple[PersonId, ...]
    # The membership it was sealed for.
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What is known about a batch before it is encrypted."""

    rooms: Mapping[Target, Room]
    stored: Mapping[UUID, StoredSend]
    names: Names
    keyed: Mapping[str, Sharing]
    excluded: Mapping[CaseId, frozenset[PersonId]]
    ended: frozenset[UUID]
    # Who may hear of each alert of which something waits for one person alone.
    able: Mapping[AlertId, frozenset[PersonId]]
    # Who has no part in a case any more, of those for whom alone something of it waits.
    taken_out: frozenset[tuple[UUID, UUID]]


class _Late:
    """The bundles of one batch, and what was sealed for the first of each."""

    def __init__(self, found: Mapping[UUID, Bundle]) -> None:
        self._found = dict(found)
        self.sealed: dict[UUID, Sealed] = {}

    def bundle(self, each: Claimed) -> Bundle | None:
        """Return the bundle that a message is in."""
        return self._found.get(each.id)

    def told(self, each: Claimed) -> bool:
        """Whether what was sealed for another one tells this message too: whatever waits in between, it is said."""
        bundle = self.bundle(each)
        return bundle is not None and each is not bundle.first and bundle.first.id in self.sealed

    def take_apart(self, bundle: Bundle) -> None:
        """Have each of these said by itself."""
        for each in bundle.rows:
            self._found.pop(each.id, None)


class _NotReady(Exception):
    """This message and what follows it in its room must wait; the argument is the kind of failure."""


class _Unread(_NotReady):
    """Nobody who belongs in the room could read this message. It keeps nothing else from being said there."""


class Preparation:
    """Prepares batches of claimed messages."""

    def __init__(
        self, database: Database, clock: Clock, device: MatrixDevice, lease: Lease, housekeeping: Housekeeping,
        keys: KeyGiving, renderer: Renderer, outcomes: Outcomes, senders: Senders,
    ) -> None:  # fmt: skip
        self._database = database
        self._clock = clock
        self._device = device
        self._lease = lease
        self._housekeeping = housekeeping
        self._keys = keys
        self._renderer = renderer
        self._outcomes = outcomes
        self._senders = senders
        # Rooms that are being put right, each once.
        self._settling: dict[Target, asyncio.Task[None]] = {}

    async def prepare(self, claimed: Sequence[Claimed], tasks: asyncio.TaskGroup) -> list[Ready]:
        """Make a batch ready; what cannot be is put off or given up here, each by itself."""
        claimed = await self._without_poison(claimed)
        async with self._database.transaction(urgent=True) as tx:
            stored = await rooms.stored_sends(tx, [each.id for each in claimed])
            await self._senders.meet(tx, {each.device_id for each in stored.values()})
            found = await rooms.rooms(tx, {each.message.target for each in claimed})
            names = await names_for(tx, [each.message for each in claimed])
            ended = await alert_store.ended(tx, {each.message.alert_id for each in claimed if each.message.alert_id})
            about = {CaseId(each.message.case_id) for each in claimed if each.message.case_id}
            excluded = await case_store.exclusions(tx, about)
            alone = {PersonId(each.id) for each in found if each.kind is TargetKind.PERSON}
            taken_out = await case_store.taken_out(tx, about, alone) if about and alone else frozenset()
            able = await standing.able_of(tx, _said_alone(claimed), self._clock.now())
        found = await self._settled(found, tasks)
        keyed = await self._keys.give(found.values())
        facts = _Facts(
            rooms=found, stored=stored, names=names, keyed=keyed, excluded=excluded, ended=ended, able=able,
            taken_out=taken_out,
        )  # fmt: skip
        return await self._sealed(claimed, facts)

    async def _without_poison(self, claimed: Sequence[Claimed]) -> list[Claimed]:
        """Set aside what took its deliverer down even when it was tried alone; remember what is tried so now."""
        healthy = []
        for each in claimed:
            if each.poison:
                await self._outcomes.give_up(each, "quarantined", "lease_lost")
                continue
            if each.suspect:
                async with self._database.transaction(urgent=True) as tx:
                    await outbox.suspect(tx, each.id)
            healthy.append(each)
        return healthy

    async def _settled(self, found: dict[Target, Room], tasks: asyncio.TaskGroup) -> dict[Target, Room]:
        """Put rooms right first: a removed person must be out before anything is said.

        A room that takes long is left to the next round, so that it does not hold up the others.
        """
        unsettled = [target for target, room in found.items() if not room.settled]
        if not unsettled:
            return found
        self._settling = {target: task for target, task in self._settling.items() if not task.done()}
        for target in unsettled:
            if target not in self._settling:
                self._settling[target] = tasks.create_task(self._housekeeping.settle([target]))
        await asyncio.wait([self._settling[target] for target in unsettled], timeout=SETTLE_SECONDS)
        async with self._database.transaction() as tx:
            return {**found, **await rooms.rooms(tx, unsettled)}

    async def _sealed(self, claimed: Sequence[Claimed], facts: _Facts) -> list[Ready]:
        """Encrypt and store everything, in one transaction that a bot without the lease cannot commit."""
        ready: list[Ready] = []
        fresh: list[StoredSend] = []
        blocked: dict[Target, str] = {}
        # A strict client that met this device a moment ago may refuse these for good: they are said twice.
        repeats: list[Message] = []
        claimed = await self._without_unheard(claimed, facts)
        late = _Late(bundles([each for each in claimed if each.id not in facts.stored], self._clock.now()))
        for each in claimed:
            message, room = each.message, facts.rooms.get(each.message.target)
            try:
                if room is None:
                    raise _NotReady("room_not_wanted_yet")
                if message.target in blocked and not late.told(each):
                    raise _NotReady(blocked[message.target])
                unreached = _unreached(message.mentions, room, facts.keyed.get(str(room.room_id)))
                sealed = self._stored_or_encrypted(each, room, facts, late)
                if sealed.message_index == STORED:
                    # Who holds this bot's present key says nothing about what was sealed before.
                    unreached = tuple(PersonId(person) for person in facts.stored[each.id].unreached)
            except _NotReady as waiting:
                await self._wait(each, waiting, blocked)
                continue
            except Exception as error:  # noqa: BLE001 (whatever is wrong with one message must not stop the others)
                log.failure("message_not_sealed", error, outbox_id=each.id)
                await self._outcomes.give_up(each, "quarantined", type(error).__name__)
                continue
            shared = facts.keyed.get(str(room.room_id))
            ready.append(
                Ready(
                    claimed=each,
                    sealed=sealed,
                    unreached=unreached,
                    version=room.version,
                )
            )
            if sealed.message_index != STORED:
                made_for = self._device.attestations.ids_of(room.members)
                fresh.append(_to_store(each, sealed, room, unreached, made_for, self._clock.now()))
                if shared is not None and shared.newcomers and not message.repeated:
                    since = due(each) if late.bundle(each) else message.late_since
                    repeats.append(replace(message, key=f"again:{message.key}", repeated=True, late_since=since))
        await self._store(fresh, repeats)
        return ready

    async def _without_unheard(self, claimed: Sequence[Claimed], facts: _Facts) -> list[Claimed]:
        """Withdraw what nobody may hear any more; return the rest."""
        heard = []
        for each in claimed:
            why = _nobody_may_hear(each.message, facts.rooms.get(each.message.target), facts)
            if why:
                await self._outcomes.withdraw(each, why)
            else:
                heard.append(each)
        return heard

    async def _wait(self, each: Claimed, why: _NotReady, blocked: dict[Target, str]) -> None:
        if isinstance(why, _Unread):
            await self._outcomes.hold_back(each)
            return
        blocked[each.message.target] = str(why)
        await self._outcomes.put_off(each, str(why))

    def _stored_or_encrypted(self, each: Claimed, room: Room, facts: _Facts, late: _Late) -> Sealed:
        bundle = late.bundle(each)
        if bundle is not None and each is not bundle.first:
            # Said already, in its first one's place.
            together = late.sealed.get(bundle.first.id)
            if together is not None:
                return together
            late.take_apart(bundle)
            bundle = None
        earlier = facts.stored.get(each.id)
        if earlier is not None and self._still_good(earlier, room):
            return _resealed(earlier)
        if room.room_id is None or not room.settled or room.room_id not in facts.keyed:
            raise _NotReady("room_not_ready")
        shared = facts.keyed[room.room_id]
        if each.message.alert_id is None and room.members and not _read_by_anybody(room, shared):
            raise _Unread
        wanted = set(each.message.mentions) if bundle is None else bundle.mentions
        called = wanted if each.message.alert_id else ()
        unreached = _unreached(wanted, room, shared)
        if called and len(unreached) == len(called) and each.attempts <= COMING_IN_ATTEMPTS:
            # A call that nobody called can read would be lost on them: it waits some seconds for the first to
            # come in. Then it is sent for whoever else reads here, and told as not delivered.
            raise _NotReady(NOBODY_CAN_READ)
        mentions = [user for user, person_id in room.members.items() if person_id in wanted]
        repeated = earlier is not None or each.message.repeated
        content = self._content(each, room, facts, late, mentions, repeated=repeated)
        try:
            sealed = self._device.encrypt(room.room_id, "m.room.message", content)
        except KeysNotShared as error:
            raise _NotReady("keys_not_shared") from error
        late.sealed[each.id] = sealed
        return sealed

    def _content(
        self, each: Claimed, room: Room, facts: _Facts, late: _Late, mentions: Collection[str], *, repeated: bool
    ) -> dict[str, Any]:
        bundle = late.bundle(each)
        if bundle is not None:
            try:
                return self._renderer.together(
                    bundle, room.language, facts.names, mentions, self._clock.now(), repeated=repeated
                )
            except Exception as error:  # noqa: BLE001 (one that cannot be said must not keep the others back)
                log.failure("messages_not_bundled", error, count=len(bundle.rows))
                late.take_apart(bundle)
                wanted = set(each.message.mentions)
                mentions = [user for user, person_id in room.members.items() if person_id in wanted]
        return self._renderer.content(each.message, room.language, facts.names, mentions, repeated=repeated)

    def _still_good(self, earlier: StoredSend, room: Room) -> bool:
        """Whether a stored ciphertext may be put again as the same event.

        The token of the device that made it must be here; it must be made for somebody, for nobody who has left since
        or is not confirmed any more, and young enough for the homeserver to know its transaction id. What names nobody
        may be of an earlier version, which asked nobody whether they were confirmed.
        """
        made_for = (earlier.room_id, earlier.membership_version)
        young = self._clock.now() - earlier.stored_at < REMEMBERED_BY_HOMESERVER
        same_readers = made_for == (room.room_id, room.version) and bool(earlier.attestations) and not earlier.overtaken
        return young and self._senders.can_put(earlier.device_id) and same_readers

    async def _store(self, fresh: Sequence[StoredSend], repeats: Sequence[Message]) -> None:
        if not fresh:
            return
        now = self._clock.now()
        async with self._database.transaction(urgent=True) as tx:
            await self._lease.require(tx)
            await self._senders.announce(tx)
            # The alert before its messages, as whoever ends it holds them too: neither waits for the other in turn.
            still_open = await alert_store.hold_open(tx, [each.alert_id for each in repeats if each.alert_id])
            await rooms.store_sends(tx, fresh)
            repeats = [each for each in repeats if each.alert_id is None or each.alert_id in still_open]
            await outbox.post(tx, repeats, now, due_at=now + NEWCOMERS_SETTLE)


# The message index of a ciphertext from an earlier attempt: nobody needs to know its real one again.
STORED = -1


def _nobody_may_hear(message: Message, room: Room | None, facts: _Facts) -> str:
    """Return why a message must not be said any more, whenever it was left; empty where it may."""
    if message.alert_id in facts.ended and not message.template.endswith("_ended"):
        return "alert_ended"
    # Before the room: it is closed with whoever leaves the staff, and the step that was to ring them must go on.
    alone = facts.able.get(AlertId(message.alert_id)) if message.alert_id else None
    if alone is not None and message.target.kind is TargetKind.PERSON and message.target.id not in alone:
        return NO_PART
    if room is None:
        return ""
    if room.closed:
        return "room_closed"
    # Of an alert that is decided above: where somebody is forced, whoever was called stays so though taken out.
    if message.alert_id is None and message.case_id and (message.case_id, message.target.id) in facts.taken_out:
        return NO_PART
    excluded = facts.excluded.get(CaseId(message.case_id)) if message.case_id else None
    return EXCLUDED_PERSON if excluded and not excluded.isdisjoint(room.members.values()) else ""


def _said_alone(claimed: Iterable[Claimed]) -> frozenset[AlertId]:
    """Return the alerts of which something waits for one person alone."""
    messages = [each.message for each in claimed]
    return frozenset(
        AlertId(each.alert_id) for each in messages if each.alert_id and each.target.kind is TargetKind.PERSON
    )


def _resealed(earlier: StoredSend) -> Sealed:
    return Sealed(
        room_id=earlier.room_id,
        transaction_id=earlier.transaction_id,
        content=_without_thread(earlier.content),
        device_id=earlier.device_id,
        session_id="",
        message_index=STORED,
    )


def _without_thread(content: bytes) -> bytes:
    """Return a ciphertext as it stands among everything else: perhaps its thread was why it could not be put."""
    if RELATION.encode() not in content:
        return content
    outer = json.loads(content)
    outer.pop(RELATION, None)
    return json.dumps(outer).encode()


def _to_store(
    each: Claimed, sealed: Sealed, room: Room, unreached: Sequence[PersonId], attestations: Sequence[UUID],
    now: datetime,
) -> StoredSend:  # fmt: skip
    return StoredSend(
        outbox_id=each.id,
        room_id=sealed.room_id,
        device_id=sealed.device_id,
        transaction_id=sealed.transaction_id,
        content=sealed.content,
        membership_version=room.version,
        stored_at=now,
        unreached=unreached,
        attestations=attestations,
    )


def _read_by_anybody(room: Room, shared: Sharing) -> bool:
    return any(user in room.members for user, _device in shared.holders)


def _unreached(mentions: Iterable[UUID], room: Room, shared: Sharing | None) -> tuple[PersonId, ...]:
    """Return the mentioned people who hold no key on any device: absent from the room, not linked, or changed."""
    holders = set() if shared is None else {user for user, _device in shared.holders}
    reached = {person_id for user, person_id in room.members.items() if user in holders}
    return tuple(PersonId(each) for each in mentions if each not in reached)
