"""A person's words in one of the network's rooms: what is said, by whom, where, and whether it has had its effect.

Whether they may be believed is settled here, at the last moment before anything is done at them: by the rows of the
database, for what the device has in memory may be older than the end of somebody's link; and where the bot goes by the
network's directory, by that too (`bots.keys.vouched`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from agencies import attestations
from agencies import store as directory
from agencies.model import Person
from bots.device.received import Received
from bots.keys.attested import is_of
from bots.keys.vouched import Vouched
from bots.rooms import rooms
from bots.words.commands import NUMBERS, Said, Verb, said_by
from core import once
from core.clock import Clock
from core.database import Database, Reading
from core.ids import derived_id
from core.outbox import Target

# So long, in seconds, somebody's word waits for what is new in the directory.
LONGEST_LOOK = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Words that mean something to the bot, of somebody it knows, in a room it knows."""

    # Trusted only where the person's link stands in the database, and is to the identity that spoke.
    message: Received
    said: Said
    target: Target
    person: Person
    # By the clock that alerts go by; the homeserver's own goes with the machine's.
    written_at: datetime
    # The effect was stored before, and the bot died before it could forget the message.
    done: bool

    @property
    def key(self) -> UUID:
        """The key of what these words bring about, once."""
        return key_of(self.message.event_id)


def key_of(event_id: str) -> UUID:
    """Return the key of what the words of an event bring about."""
    return derived_id("command", event_id)


def said_in(message: Received, numbers: Mapping[str, Verb] = NUMBERS) -> Said | None:
    """Return what a message says to the bot."""
    return said_by(message.event_type, message.content, numbers)


async def hear(
    database: Database, clock: Clock, message: Received, said: Said, vouched: Vouched | None = None
) -> Heard | None:
    """Look up who speaks where; nothing where either is not known. Never waits for what only reads."""
    async with database.reading(urgent=True) as look:
        target = await rooms.target_of(look, message.room_id)
        person = await directory.person_by_matrix_user(look, message.sender)
        if target is None or person is None:
            return None
        if message.trusted and not await _stands(look, person, message, vouched):
            message = replace(message, bound=False)
        done = await once.done(look, key_of(message.event_id))
    return Heard(
        message=message, said=said, target=target, person=person, written_at=written_at(message, clock), done=done
    )


async def _stands(look: Reading, person: Person, message: Received, vouched: Vouched | None) -> bool:
    attestation = await attestations.of_person(look, person.id)
    if attestation is None or not is_of(attestation, message.sender, message.sender_identity):
        return False
    if vouched is None:
        return True
    with suppress(TimeoutError):
        # A directory that is read from its beginning, or refused, must keep nobody's call for help waiting: then what
        # was verified last counts, and the next look goes on where this one was.
        async with asyncio.timeout(LONGEST_LOOK):
            await vouched.look(look)
    return vouched.stands(attestation)


def written_at(message: Received, clock: Clock) -> datetime:
    """Return when a message was written, as its homeserver says."""
    return message.sent_at + clock.offset
