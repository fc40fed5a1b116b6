"""The directory of the network for those who are of it: its entries, and appending what an administrator has signed."""

from __future__ import annotations

from uuid import UUID

from agencies import attestations
from agencies.model import Person, PersonId, Role
from agencies.trust.directory import Directory
from agencies.trust.network import Network, read_genesis
from agencies.vault import logs
from agencies.vault.invitations import keep_while_waiting
from agencies.vault.keeping import OF_DIRECTORY, KeptNetwork
from agencies.vault.refusals import refusing, require_moment
from cases.vault.checking import require_author, require_place
from cases.vault.staffing import follow
from core import ledger
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict
from core.texts import mark
from crypto.vault import log
from crypto.vault.log import Entry, Kind

FOUNDED = mark("Another network is founded here already. Nothing was changed.")


class DirectoryLog:
    """Keeps the directory's log, and the staff as it says."""

    def __init__(self, database: Database, clock: Clock, network: KeptNetwork) -> None:
        self._database = database
        self._clock = clock
        self._network = network

    async def install(self, genesis: bytes) -> bytes:
        """Found the network, as the operator; return the 32 bytes that name it. The same genesis again changes nothing.

        The genesis is signed by whoever founds; its agencies are in the table already.
        """
        with refusing():
            entry, network = read_genesis(genesis), Network(genesis)
        now = self._clock.now()
        async with self._database.transaction() as tx:
            extent = await logs.hold(tx, *OF_DIRECTORY)
            if extent.length:
                if await logs.stands(tx, entry):
                    return network.id
                raise Conflict(FOUNDED)
            await logs.append(tx, entry, genesis, now)
            with refusing():
                await follow(tx, Directory(), network.now, by=None, now=now)
            await self._taken(tx, None, entry)
        return network.id

    async def entries(self, _actor: Person, after: int = 0) -> tuple[list[bytes], int]:
        """Return entries from a number on, at most a page, and how many there are; raise NotFound without a network."""
        async with self._database.reading() as tx:
            (extent,) = await logs.extents(tx, [OF_DIRECTORY])
            await self._network.up_to(tx, extent)
            page = await logs.entries(tx, *OF_DIRECTORY, after, min(logs.PAGE, extent.length - after))
        return page, extent.length

    async def append(self, actor: Person, data: bytes) -> int:
        """Take in an entry of an administrator; return how many there are."""
        if actor.role is not Role.ADMINISTRATOR:
            raise Conflict(mark("Only an administrator of an agency can do this. Ask them."), outcome="not-empowered")
        now = self._clock.now()
        async with self._database.transaction() as tx:
            network = await self._network.held(tx)
            with refusing():
                entry = log.read(data, Kind.DIRECTORY, network.id)
                if entry.head.log == logs.DIRECTORY_LOG.bytes and await logs.stands(tx, entry):
                    return entry.head.number + 1
                require_author(actor, entry)
                require_place(entry, network.chain, network.head)
                require_moment(entry, now)
                _entry, directory = network.judge(data)
                await logs.append(tx, entry, data, now)
                await follow(tx, network.now, directory, by=actor.id, now=now)
            proposal = directory.proposals.get(entry.head.hash)
            if proposal is not None:
                await keep_while_waiting(tx, network.id, proposal, actor.agency_id, now)
            await self._taken(tx, actor.id, entry)
            return entry.head.number + 1

    async def _taken(self, tx: Transaction, by: PersonId | None, entry: Entry) -> None:
        await ledger.record(
            tx,
            ledger.Act(
                act="directory_entry_taken", at=self._clock.now(), person_id=by, actor_kind="operator",
                object_id=UUID(bytes=entry.head.hash[:16]), facts={"number": entry.head.number, "do": entry.do},
            ),
        )  # fmt: skip
        # The bot looks at once who is attested now.
        await tx.wake(attestations.CHANNEL)
