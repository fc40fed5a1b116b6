"""Telling who can read on: what came of giving keys out, device by device, written where others can show it.

Owns the rows of `key_holders`. A homeserver gives no receipt for a key. A device *holds* one only when something that
it wrote came after the key had gone to it; until then the key is *given*. What is seen of people is kept to
the minute, and nothing of it leaves the members of a room.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bots.keys.sharing import Sharing
from bots.olm.room_sessions import type_of_device
from bots.rooms.rooms import Room
from bots.statements import SQL
from core.clock import Clock
from core.database import Database, Transaction
from core.key_holders import KeyState
from core.outbox import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """What is told of one device, or of somebody without one."""

    person_id: UUID
    user_id: str
    device_id: str
    state: KeyState
    given_at: datetime | None
    # How often the device had begun anew by then.
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is told of one room, for one of its sessions."""

    session_id: str
    rows: tuple[_Row, ...]


class KeyHolders:
    """Remembers what came of giving keys out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[Target, _Told] = {}
        self._seen: dict[type_of_device, datetime] = {}
        # Rooms of which the rows say something else than is known.
        self._changed: set[Target] = set()

    def note(self, room: Room, joined: Collection[str], sharing: Sharing) -> None:
        """Take in what came of a sharing in a room."""
        before = self._told.get(room.target)
        same_key = before is not None and before.session_id == sharing.session_id
        known = before.rows if before and same_key else ()
        # Who began anew may have lost what was given before: nothing that it wrote until now tells that it reads.
        given = {
            address: row.given_at
            for row in known
            if row.lost == sharing.lost.get(address := (row.user_id, row.device_id), 0)
        }
        told = _Told(session_id=sharing.session_id, rows=tuple(_rows(room, joined, sharing, given, self._clock.now())))
        if told != before:
            self._told[room.target] = told
            self._changed.add(room.target)

    def seen(self, user_id: str, device_id: str, at: datetime) -> None:
        """Note that somebody's device was heard of, with something it wrote at that time."""
        address, at = (user_id, device_id), min(at, self._clock.now())
        before = self._seen.get(address)
        if before is not None and at <= before:
            return
        for target, told in self._told.items():
            for row in told.rows:
                if (row.user_id, row.device_id) == address:
                    self._seen[address] = at
                    if _is_news(row, before, at):
                        self._changed.add(target)

    async def begin(self, tx: Transaction) -> None:
        """Take over what an earlier bot knew of when people were seen; of keys, that nobody holds this one's."""
        await tx.run(SQL["forget_key_holders"])
        for row in await tx.rows(SQL["devices_seen"]):
            self._seen.setdefault((row["matrix_user"], row["device_id"]), row["seen_at"])

    async def write(self, database: Database) -> None:
        """Write down what has changed."""
        changed = self._changed
        if not changed:
            return
        self._changed = set()
        try:
            async with database.transaction() as tx:
                await tx.run(SQL["drop_key_holders"], [each.id for each in changed])
                await tx.run_many(SQL["keep_key_holder"], [values for each in changed for values in self._values(each)])
        except BaseException:
            self._changed |= changed
            raise

    def _values(self, target: Target) -> Iterator[tuple[object, ...]]:
        for row in self._told[target].rows:
            seen_at = self._seen.get((row.user_id, row.device_id))
            state = KeyState.HOLDS if row.state is KeyState.GIVEN and _earned(row, seen_at) else row.state
            shown = None if seen_at is None else seen_at.replace(second=0, microsecond=0)
            yield target.kind, target.id, row.person_id, row.device_id, state, row.given_at, shown


def _rows(
    room: Room, joined: Collection[str], sharing: Sharing, given: dict[type_of_device, datetime | None], now: datetime
) -> Iterator[_Row]:
    states: dict[type_of_device, KeyState] = {
        **dict.fromkeys(sharing.withheld, KeyState.WITHHELD),
        **dict.fromkeys(sharing.failed, KeyState.OWED),
        **dict.fromkeys(sharing.without_way, KeyState.NO_WAY),
        **dict.fromkeys(sharing.holders, KeyState.GIVEN),
    }
    for user_id, person_id in sorted(room.members.items()):
        devices = {device_id: state for (owner, device_id), state in states.items() if owner == user_id}
        if user_id not in joined:
            devices = {"": KeyState.NOT_JOINED}
        elif not devices:
            devices = {"": KeyState.OWED if user_id in sharing.unasked else KeyState.NO_DEVICE}
        for device_id, state in sorted(devices.items()):
            at = (given.get((user_id, device_id)) or now) if state is KeyState.GIVEN else None
            lost = sharing.lost.get((user_id, device_id), 0)
            yield _Row(person_id=person_id, user_id=user_id, device_id=device_id, state=state, given_at=at, lost=lost)


def _earned(row: _Row, seen_at: datetime | None) -> bool:
    return row.given_at is not None and seen_at is not None and seen_at > row.given_at


def _is_news(row: _Row, before: datetime | None, at: datetime) -> bool:
    """Tell whether a later sign of life changes what is told: at most once a minute."""
    later_minute = before is None or at.replace(second=0, microsecond=0) > before
    return later_minute or _earned(row, at) != _earned(row, before)
