"""Keeping what the bot knows of confirmed identities true: reads them, follows devices to identities, notes changes.

Reads the rows at each change and every minute, whatever else is under way; while the database does not answer, what was
last known stands, and nothing is added to it. It writes what only the bot can find out: the master key that a confirmed
device leads to, and that a homeserver publishes another. Whom that is told to, and that somebody else ended a link, is
`bots.watching.link_warnings`'s; the rule by which people are believed is `bots.keys.attested`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import NoReturn

from agencies import attestations
from agencies.attestation import Attestation, AttestationId
from bots.device.device import MatrixDevice
from bots.keys.attested import identity_led_to
from bots.keys.parcels import kind_of
from bots.keys.published_keys import Shown
from bots.keys.vouched import Vouched
from bots.rooms import probe
from bots.rooms.probe import Party
from bots.watching import link_warnings, lost_readers
from bots.wire.guard import alone
from core import logs
from core.clock import Clock
from core.database import Database
from core.errors import DeliveryError, Unavailable
from crypto import identity_proof

log = logs.get(__name__)

LOOK_SECONDS = 60.0
RETRY_SECONDS = 1.0
# At least so long between two looks: many things change at once, and the next look takes them together.
BREATH_SECONDS = 0.5
QUERY_SECONDS = 15.0
ALL_ASKED_EVERY = timedelta(hours=1)

# False where something of it is left to do.
_Step = Callable[[], Awaitable[bool | None]]


class IdentityWatch:
    """Looks after the confirmed identities that one device goes by."""

    def __init__(self, database: Database, clock: Clock, device: MatrixDevice, vouched: Vouched | None = None) -> None:
        """Without `vouched` the database's word is enough."""
        self._vouched = vouched
        self._database = database
        self._clock = clock
        self._device = device
        self._all_asked_at: datetime | None = None
        self._prove_again = False
        self._rows_woken = asyncio.Event()
        self._woken = asyncio.Event()
        # What was read earlier is never taken in later.
        self._reading = asyncio.Lock()

    async def begin(self) -> None:
        """Learn who is confirmed before anything is said or heard, as soon as the database answers."""
        while True:
            if await self._try_to_read():
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def run(self) -> NoReturn:
        """Look for ever: when somebody is confirmed or ended, when keys change, and every minute regardless.

        Reading waits for nobody: whoever is ended counts no more, however long a homeserver is asked meanwhile.
        """
        self._device.keys.watch(self._woken.set)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._database.listen([attestations.CHANNEL], self._rows_woken.set))
            tasks.create_task(_whenever(self._rows_woken, self._try_to_read))
            tasks.create_task(_whenever(self._woken, self._follow_up))
        raise AssertionError("unreachable: the loops have no end")

    async def look(self) -> bool:
        """Read what is confirmed and follow it up; tell whether all of it could be done."""
        await self.read()
        return await self._follow_up()

    async def read(self) -> None:
        """Take in what the database holds."""
        async with self._reading:
            self._device.attest(*await self._standing())

    async def _try_to_read(self) -> bool:
        """Take in what the database holds, if it answers. A device that cannot take it in ends the bot."""
        async with self._reading:
            try:
                standing = await self._standing()
            except Unavailable:
                log.warning("identities_not_looked_at", error="database")
                return False
            self._device.attest(*standing)
        # Whatever is new is followed up when it was read, never before.
        self._woken.set()
        return True

    async def _standing(self) -> tuple[dict[str, Attestation], Callable[[Attestation], bool]]:
        """Return what the rows say, and what the directory says of each of them."""
        async with self._database.reading() as look:
            if self._vouched is not None:
                await self._vouched.look(look)
            people, prober = await attestations.standing(look), await probe.standing(look, Party.PROBER)
        return {**people, **prober}, partial(self._vouches, prober)

    def _vouches(self, prober: Mapping[str, Attestation], attestation: Attestation) -> bool:
        if self._vouched is None:
            return True
        if attestation.matrix_user in prober:
            return self._vouched.is_prober(attestation)
        return self._vouched.stands(attestation)

    async def _follow_up(self) -> bool:
        """Note what has changed, tell whoever must know, follow what waits; what fails keeps nothing else from it."""
        steps: list[_Step] = [partial(self._note_change, each) for each in self._device.attestations.to_note()]
        done = await _all_done([*steps, self._tell_of_ends, self._note_lost])
        await self._ask()
        pins = [partial(self._pin, each, keys) for each, keys in await self._shown()]
        return await _all_done([*pins, self.read] if pins else []) and done

    async def _ask(self) -> None:
        """Ask for the keys of confirmed people that may have changed, whether or not anybody speaks to them.

        Once an hour all are asked for: what is not said to have changed may have.
        """
        known, now = self._device.attestations, self._clock.now()
        async with _patiently():
            if self._all_asked_at is None or now - self._all_asked_at >= ALL_ASKED_EVERY:
                await self._device.keys.ask_confirmed()
                self._all_asked_at = now
                self._prove_again = True
            else:
                await self._device.keys.refresh([each for each in known.users if known.confirmed(each)])

    async def _shown(self) -> list[tuple[Attestation, Shown]]:
        """Return whose device was confirmed and not followed yet, with what their homeserver shows of them now.

        Where it was followed and is not known how, that is looked for each time that all are asked for.
        """
        known = self._device.attestations
        waiting = known.waiting()
        if self._prove_again:
            waiting += known.unproven()
            self._prove_again = False
        shown: dict[str, Shown] = {}
        if waiting:
            async with _patiently():
                shown = await self._device.keys.shown({each.matrix_user for each in waiting})
        return [(each, shown[each.matrix_user]) for each in waiting if each.matrix_user in shown]

    async def _pin(self, attestation: Attestation, shown: Shown) -> None:
        """Write down the identity that a confirmed device leads to. One that leads nowhere is asked about again."""
        master_key = identity_led_to(attestation, shown.keys)
        if master_key is None:
            return
        proof = None
        try:
            proof = identity_proof.packed(shown.answer, attestation.matrix_user, attestation.device_id)
        except identity_proof.ProofBroken:
            # A device may carry more than there is room for. The person is linked all the same.
            log.warning("identity_proof_not_kept", person_id=attestation.person_id)
        async with self._database.transaction() as tx:
            if attestation.master_key is None:
                await attestations.pin(tx, attestation.id, master_key, self._clock.now(), proof)
            elif proof is not None:
                await attestations.add_proof(tx, attestation.id, master_key, proof)

    async def _note_change(self, attestation: Attestation) -> None:
        """Write down that somebody's identity has changed, and tell those who can ring the person, once."""
        async with self._database.transaction(urgent=True) as tx:
            now = self._clock.now()
            if not await attestations.note_changed(tx, attestation.id, now):
                return
            told = await link_warnings.warn(tx, link_warnings.changed(attestation), now)
        log.error("identity_changed", person_id=attestation.person_id, count=told)

    async def _tell_of_ends(self) -> bool:
        async with self._database.reading() as look:
            ends = await attestations.ends_to_tell(look)
        return await _all_done([partial(self._tell_of_end, each) for each in ends])

    async def _tell_of_end(self, attestation_id: AttestationId) -> None:
        """Tell those who can ring a person that somebody else ended their link, once."""
        async with self._database.transaction(urgent=True) as tx:
            ended = await attestations.take_end(tx, attestation_id)
            if ended is None:
                return
            told = await link_warnings.warn(tx, link_warnings.ended(ended), self._clock.now())
        log.warning("link_ended_by_another", person_id=ended.person_id, count=told)

    async def _note_lost(self) -> None:
        """Let open alerts tell who was called and cannot read it any more."""
        async with self._database.transaction() as tx:
            await lost_readers.tell(tx, self._clock.now())


async def _whenever(woken: asyncio.Event, act: Callable[[], Awaitable[bool]]) -> NoReturn:
    """Act at once, when woken, and every minute regardless; soon again where not everything could be done."""
    while True:
        done = await act()
        await asyncio.sleep(BREATH_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS if done else RETRY_SECONDS):
                await woken.wait()
        woken.clear()


async def _all_done(steps: Iterable[_Step]) -> bool:
    """Take every step; what goes wrong with one ends with it, and is tried again."""
    done = True
    for step in steps:
        taken: bool | None = False
        with alone(_not_done):
            taken = await step()
        done = done and taken is not False
    return done


def _not_done(error: BaseException) -> None:
    if isinstance(error, Unavailable):
        log.warning("identities_not_looked_at", error="database")
    else:
        log.failure("identities_not_looked_at", error)


@asynccontextmanager
async def _patiently() -> AsyncIterator[None]:
    """Leave what the homeserver does not answer in time, or not as anybody foresaw, to the next look."""
    try:
        with alone(_not_done):
            async with asyncio.timeout(QUERY_SECONDS):
                yield
    except (DeliveryError, TimeoutError) as error:
        log.warning("keys_not_asked", error=kind_of(error))
