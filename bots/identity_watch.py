"""Keeping what the bot knows of confirmed identities true: reads them, follows devices to identities, notes changes.

Reads the rows at each change and every minute; while the database does not answer, what was last known stands, and
nothing is added to it. It writes what only the bot can find out: the master key that a confirmed device leads to, and
that a homeserver publishes another. The rule by which people are believed is `bots.attested`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NoReturn

from agencies import attestations
from agencies import store as directory
from agencies.attestation import Attestation
from agencies.model import PersonId, Role
from bots.attested import identity_led_to
from bots.device import MatrixDevice
from bots.parcels import kind_of
from bots.published_keys import UserKeys
from bots.rooms import SQL
from cases import store as case_store
from core import logs, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import DeliveryError, Unavailable
from core.outbox import Lane, Message, Target, TargetKind

log = logs.get(__name__)

LOOK_SECONDS = 60.0
RETRY_SECONDS = 1.0
# Many things change at once: they are looked at together.
BREATH_SECONDS = 0.5
QUERY_SECONDS = 15.0


class IdentityWatch:
    """Looks after the confirmed identities that one device goes by."""

    def __init__(self, database: Database, clock: Clock, device: MatrixDevice) -> None:
        self._database = database
        self._clock = clock
        self._device = device
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    async def begin(self) -> None:
        """Learn who is confirmed before anything is said or heard, as soon as the database answers."""
        while True:
            try:
                await self.read()
            except Unavailable:
                log.warning("identities_not_looked_at", error="database")
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def run(self) -> NoReturn:
        """Look for ever: when somebody is confirmed or ended, when keys change, and every minute regardless."""
        self._device.keys.watch(self.wake)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._database.listen([attestations.CHANNEL], self.wake))
            while True:
                self._woken.clear()
                try:
                    await self.look()
                except Unavailable:
                    log.warning("identities_not_looked_at", error="database")
                except Exception as error:  # noqa: BLE001 (what is known stands, and is looked at again)
                    log.failure("identities_not_looked_at", error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._woken.wait()
                await asyncio.sleep(BREATH_SECONDS)
        raise AssertionError("unreachable: the loop has no end")

    async def look(self) -> None:
        """Read what is confirmed, note what has changed, follow what waits."""
        await self.read()
        await self._note_changes()
        await self._ask()
        if await self._pin():
            await self.read()
        async with self._database.transaction() as tx:
            await tx.run(SQL["cannot_read_any_more"], self._clock.now())

    async def read(self) -> None:
        """Take in what the database holds."""
        async with self._database.reading() as look:
            standing = await attestations.standing(look)
        self._device.attest(standing)

    async def _ask(self) -> None:
        """Ask for the keys of confirmed people that may have changed, whether or not anybody speaks to them."""
        known = self._device.attestations
        async with _patiently():
            await self._device.keys.refresh([each for each in known.users if known.confirmed(each)])

    async def _pin(self) -> int:
        """Write down the identities that confirmed devices lead to; return how many. The others are asked again."""
        waiting = self._device.attestations.waiting()
        shown: dict[str, UserKeys] = {}
        if waiting:
            async with _patiently():
                shown = await self._device.keys.shown({each.matrix_user for each in waiting})
        pinned = 0
        for each in waiting:
            keys = shown.get(each.matrix_user)
            master_key = None if keys is None else identity_led_to(each, keys)
            if master_key is not None:
                async with self._database.transaction() as tx:
                    pinned += await attestations.pin(tx, each.id, master_key, self._clock.now())
        return pinned

    async def _note_changes(self) -> None:
        """Write down whose identity has changed, and tell those who can ring the person, each once."""
        for each in self._device.attestations.to_note():
            async with self._database.transaction(urgent=True) as tx:
                now = self._clock.now()
                if not await attestations.note_changed(tx, each.id, now):
                    continue
                messages = await _warnings(tx, each)
                await outbox.post(tx, messages, now)
                await tx.run(SQL["cannot_read_any_more"], now)
            log.error("identity_changed", person_id=each.person_id, count=len(messages))


@asynccontextmanager
async def _patiently() -> AsyncIterator[None]:
    """Leave what the homeserver does not answer in time to the next look."""
    try:
        async with asyncio.timeout(QUERY_SECONDS):
            yield
    except (DeliveryError, TimeoutError) as error:
        log.warning("keys_not_asked", error=kind_of(error))


async def _warnings(tx: Transaction, attestation: Attestation) -> list[Message]:
    """Return what rings, each alone, the leaders of a person's cases and those who can confirm another device."""
    person_id = attestation.person_id
    leaders = {leader for case in await case_store.cases_of_person(tx, person_id) for leader in case.leaders}
    told = (leaders | await _administrators(tx, person_id)) - {person_id}
    messages = []
    for each in sorted(told):
        target = Target(kind=TargetKind.PERSON, id=each)
        cause = f"identity_changed:{attestation.id}:{each}"
        messages += [
            Message(key=f"{cause}:ring", target=target, template="reply_look_ring", mentions=[each], lane=Lane.ALERT),
            Message(
                key=cause, target=target, template="reply_identity_changed", parameters={"person": str(person_id)},
                lane=Lane.ALERT,
            ),
        ]  # fmt: skip
    return messages


async def _administrators(tx: Transaction, person_id: PersonId) -> set[PersonId]:
    """Return the administrators of a person's agency; where it has no other, those of all agencies."""
    person = (await directory.people(tx, [person_id]))[person_id]
    everywhere = [each.id for each in await directory.agencies(tx)]
    for agency_ids in ([person.agency_id], everywhere):
        staff = await directory.staff(tx, agency_ids)
        found = {each.id for each in staff if each.role is Role.ADMINISTRATOR} - {person_id}
        if found:
            return found
    return set()
