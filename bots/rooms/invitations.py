"""Who was asked into a room and has not come: what to do about it, and when. Pure rules.

Nobody is asked again without end: whoever declined or left is asked again when the circle changes, or at somebody's
word. `bots.rooms.inviting` carries out what these rules say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from agencies.model import PersonId

REMINDED_AFTER = timedelta(hours=4)
TOLD_AFTER = timedelta(hours=24)


class Standing(StrEnum):
    """How far somebody is from being in a room to which they belong."""

    # To be invited, for the first time or again.
    WANTED = "wanted"
    # Invited, and no answer yet.
    WAITING = "waiting"
    JOINED = "joined"
    # Declined, left, or made to.
    GONE = "gone"


class Step(StrEnum):
    """What is due."""

    REMIND = "remind"
    TELL = "tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What is between one person and one room."""

    person_id: PersonId
    room_id: str
    # The membership that asked for them.
    version: int
    standing: Standing
    since: datetime
    reminded_at: datetime | None = None
    told_at: datetime | None = None

    def invited(self) -> Invitation:
        """Record that the homeserver was asked to invite them."""
        return replace(self, standing=Standing.WAITING)

    def reminded(self, now: datetime, *, again: bool) -> Invitation:
        """Record that they were reminded, by a word or, `again`, by another invitation that is to follow."""
        standing = Standing.WANTED if again else self.standing
        return replace(self, standing=standing, reminded_at=now)

    def told(self, now: datetime) -> Invitation:
        """Record that somebody was told of it."""
        return replace(self, told_at=now)


def noticed(
    known: Invitation | None, person_id: PersonId, room_id: str, version: int, membership: str | None, now: datetime
) -> Invitation:
    """Return what is between a person and a room, from what was and how the room shows them now.

    `membership` is the homeserver's word, asked for and not merely heard; nothing where it knows nobody of that name.
    """
    fresh = Invitation(person_id=person_id, room_id=room_id, version=version, standing=Standing.WANTED, since=now)
    if known is None or known.room_id != room_id:
        return replace(fresh, standing=_FIRST.get(membership or "", Standing.WANTED))
    here = _HERE.get((known.standing, membership or ""))
    if here is not None:
        return _standing(known, here, version, now)
    if known.standing is Standing.WANTED:
        return replace(known, version=version)
    if known.version != version:
        return fresh
    return _standing(known, Standing.GONE, version, now)


def due(invitation: Invitation, now: datetime) -> Step | None:
    """Return what is to be done about an invitation now."""
    if invitation.standing is Standing.JOINED or invitation.told_at is not None:
        return None
    if invitation.standing is Standing.GONE or now - invitation.since >= TOLD_AFTER:
        return Step.TELL
    if invitation.reminded_at is None and now - invitation.since >= REMINDED_AFTER:
        return Step.REMIND
    return None


def _standing(known: Invitation, standing: Standing, version: int, now: datetime) -> Invitation:
    """Return how somebody stands; where that is otherwise than before, what was said of it says nothing any more."""
    if standing is known.standing:
        return replace(known, version=version)
    return replace(known, standing=standing, version=version, since=now, reminded_at=None, told_at=None)


# Whoever is met in a room for the first time.
_FIRST = {"join": Standing.JOINED, "invite": Standing.WAITING}
# What a room shows of somebody, where that says how they stand.
_HERE = {
    **{(standing, "join"): Standing.JOINED for standing in Standing},
    (Standing.WAITING, "invite"): Standing.WAITING,
    (Standing.JOINED, "invite"): Standing.WAITING,
    (Standing.GONE, "invite"): Standing.WAITING,
    # Asked already, and is to be asked once more.
    (Standing.WANTED, "invite"): Standing.WANTED,
}
