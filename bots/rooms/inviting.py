"""Inviting who belongs in a room, and following up who has not come: a reminder, then a word to those who lead.

Owns the table `room_invitations`; what is due when is decided in `bots.rooms.invitations`. A row is written after the
homeserver has done what it says: whoever dies in between asks once more at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from agencies.model import PersonId
from bots.rooms import rooms
from bots.rooms.invitations import REMINDED_AFTER, TOLD_AFTER, Invitation, Standing, Step, due, noticed
from bots.rooms.rooms import Room
from bots.statements import SQL
from bots.wire.homeserver import Homeserver
from bots.words import room_messages
from core import logs, outbox
from core.clock import Clock
from core.database import Database, Reading, Transaction
from core.errors import DeliveryError, Temporary
from core.outbox import Message, Target, TargetKind

log = logs.get(__name__)

ROOMS_AT_ONCE = 20


class Inviting:
    """Asks people in."""

    def __init__(self, database: Database, clock: Clock, homeserver: Homeserver, bot: str) -> None:
        self._database = database
        self._clock = clock
        self._homeserver = homeserver
        self._bot = bot

    async def invite(self, room: Room, room_id: str, present: Mapping[str, str]) -> bool:
        """Invite whoever belongs in a room and is not there; tell whether everybody could be.

        One who cannot be invited keeps neither the others from coming in nor anybody from hearing what is said there.
        """
        now = self._clock.now()
        async with self._database.reading() as look:
            known = await _known(look, room.target)
        kept: list[Invitation] = []
        complete = True
        for user, person_id in sorted(room.members.items()):
            invitation = noticed(known.get(person_id), person_id, room_id, room.version, present.get(user), now)
            if invitation.standing is Standing.WANTED:
                try:
                    await self._ask(room_id, user, waiting=present.get(user) == "invite")
                    invitation = invitation.invited()
                except DeliveryError as error:
                    log.warning("invitation_refused", error=error.code)
                    complete = False
            kept.append(invitation)
        changed = [each for each in kept if each != known.get(each.person_id)]
        if changed:
            _log_who_went(room, known, changed)
            async with self._database.transaction() as tx:
                await keep(tx, room.target, changed)
        return complete

    async def asked(self, target: Target) -> frozenset[str]:
        """Return everybody who was ever asked into a room and was not yet found to have been removed."""
        async with self._database.reading() as look:
            rows = await look.rows(SQL["invited_users"], target.kind, target.id)
        return frozenset(row["matrix_user"] for row in rows)

    async def sweep(self) -> None:
        """Remind whom nobody has heard of since they were invited, and tell of them at last."""
        now = self._clock.now()
        async with self._database.reading() as look:
            rows = await look.rows(
                SQL["rooms_with_invitations_due"], now - REMINDED_AFTER, now - TOLD_AFTER, ROOMS_AT_ONCE
            )
            targets = [Target(kind=TargetKind(row["target_kind"]), id=row["target_id"]) for row in rows]
            found = await rooms.rooms(look, targets)
        for room in found.values():
            try:
                if room.room_id is not None:
                    await self._follow_up(room, room.room_id, now)
            except DeliveryError as error:
                log.warning("invitations_not_followed_up", state=room.target.kind, error=error.code)

    async def _follow_up(self, room: Room, room_id: str, now: datetime) -> None:
        """Do what is due about the people of one room, as the homeserver shows them now."""
        present = await self._homeserver.memberships(room_id)
        if present.get(self._bot) != "join":
            raise Temporary("The homeserver does not even name the bot.", code="contradiction")
        async with self._database.transaction() as tx:
            known = await _known(tx, room.target)
            kept: list[Invitation] = []
            for user, person_id in sorted(room.members.items()):
                if person_id not in known:
                    continue
                invitation = noticed(known[person_id], person_id, room_id, room.version, present.get(user), now)
                match due(invitation, now):
                    case Step.TELL:
                        await outbox.post(tx, await self._told_of(tx, room, invitation), now)
                        kept.append(invitation.told(now))
                    case Step.REMIND:
                        kept.append(await self._reminded(tx, room, invitation, now))
                    case None:
                        kept.append(invitation)
            _log_who_went(room, known, kept)
            await keep(tx, room.target, [each for each in kept if each != known[each.person_id]])

    async def _told_of(self, tx: Transaction, room: Room, invitation: Invitation) -> list[Message]:
        gone = invitation.standing is Standing.GONE
        if not gone:
            log.warning("invitation_unanswered", state=room.target.kind)
        people = await room_messages.concerned(tx, room.target)
        cause = f"{invitation.person_id}:{invitation.since.isoformat()}"
        template = "room_gone" if gone else "room_unanswered"
        return room_messages.about(template, cause, room.target, people, absent=invitation.person_id)

    async def _reminded(self, tx: Transaction, room: Room, invitation: Invitation, now: datetime) -> Invitation:
        """Remind somebody by a word where they are alone with the bot; who is not there either is invited once more."""
        alone = Target(kind=TargetKind.PERSON, id=invitation.person_id)
        there = (await _known(tx, alone)).get(invitation.person_id)
        if room.target != alone and there is not None and there.standing is Standing.JOINED:
            cause = f"{room.target.id}:{invitation.since.isoformat()}"
            await outbox.post(tx, room_messages.reminder(invitation.person_id, cause), now)
            return invitation.reminded(now, again=False)
        await rooms.to_do(tx, room.target, now)
        return invitation.reminded(now, again=True)

    async def _ask(self, room_id: str, user: str, *, waiting: bool) -> None:
        if waiting:
            # Nobody can be invited twice: the first invitation is taken back, and theirs rings anew.
            await self._homeserver.kick(room_id, user)
        await self._homeserver.invite(room_id, user)


async def again(tx: Transaction, person_id: PersonId, now: datetime) -> int:
    """Have somebody asked again into every room where they belong and are not; return how many those are."""
    return await tx.run(SQL["invite_again"], person_id, now)


async def forget_others(tx: Transaction, room: Room) -> None:
    """Keep nothing of those who do not belong in a room any more, once they are out."""
    await tx.run(SQL["drop_invitations"], room.target.kind, room.target.id, list(room.members.values()))


async def keep(tx: Transaction, target: Target, invitations: Iterable[Invitation]) -> None:
    """Write down how people stand."""
    await tx.run_many(
        SQL["keep_invitation"],
        [
            (
                target.kind, target.id, each.person_id, each.room_id, each.version, each.standing, each.since,
                each.reminded_at, each.told_at,
            )
            for each in invitations
        ],
    )  # fmt: skip


async def _known(look: Reading, target: Target) -> dict[PersonId, Invitation]:
    return {
        row["person_id"]: Invitation(
            person_id=row["person_id"],
            room_id=row["room_id"],
            version=row["version"],
            standing=Standing(row["standing"]),
            since=row["since"],
            reminded_at=row["reminded_at"],
            told_at=row["told_at"],
        )
        for row in await look.rows(SQL["room_invitations"], target.kind, target.id)
    }


def _log_who_went(room: Room, known: Mapping[PersonId, Invitation], now: Iterable[Invitation]) -> None:
    for each in now:
        before = known.get(each.person_id)
        if before is None or each.standing is not Standing.GONE or before.standing is Standing.GONE:
            continue
        if before.standing is Standing.JOINED:
            log.error("member_left_room", state=room.target.kind)
        else:
            log.error("invitation_declined", state=room.target.kind)
