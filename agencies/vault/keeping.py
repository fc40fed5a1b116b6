"""The directory's log as this process has it: read once, then only what is new.

Nothing is kept that is not committed: whoever appends judges an entry without taking it in, and everybody learns of it
from the database. Other processes append too; so whoever asks looks first how far the log goes.
"""

from __future__ import annotations

import asyncio

from agencies.trust.network import Network
from agencies.vault import logs
from agencies.vault.logs import DIRECTORY_LOG, Extent
from agencies.vault.refusals import NO_NETWORK
from core.database import Reading, Transaction
from core.errors import NotFound
from crypto.vault.log import Kind

AT_ONCE = 50
OF_DIRECTORY = (Kind.DIRECTORY, DIRECTORY_LOG)


class KeptNetwork:
    """One network's directory, kept by one process."""

    def __init__(self) -> None:
        self._network: Network | None = None

    async def now(self, tx: Reading) -> Network:
        """Return the network as far as it is committed; raise NotFound where none was founded."""
        (extent,) = await logs.extents(tx, [OF_DIRECTORY])
        return await self.up_to(tx, extent)

    async def held(self, tx: Transaction) -> Network:
        """Return the network, its log held until the transaction ends; raise NotFound where none was founded."""
        extent = await logs.hold(tx, *OF_DIRECTORY)
        network = self._network
        if network is not None and len(network.chain.hashes) > extent.length:
            # The database is another, or went back.
            self._network = None
        return await self.up_to(tx, extent)

    async def up_to(self, tx: Reading, extent: Extent) -> Network:
        """Return the network with at least what an extent tells of, which was read from the same database."""
        if not extent.length:
            raise NotFound(NO_NETWORK)
        network = self._network
        if network is not None and not _reaches(network, extent):
            network = None
        while network is None or len(network.chain.hashes) < extent.length:
            first = 0 if network is None else len(network.chain.hashes)
            page = await logs.entries(tx, *OF_DIRECTORY, first)
            if network is None:
                network, first, page = Network(page[0]), 1, page[1:]
            # Somebody else may have taken some of them meanwhile.
            for number, data in enumerate(page, first):
                if number == len(network.chain.hashes):
                    network.take(data)
                await breathe(number)
        self._network = network
        return network


async def breathe(number: int) -> None:
    """Let others go on now and then: an alert must not wait for the reading of a long log."""
    if number % AT_ONCE == 0:
        await asyncio.sleep(0)


def _reaches(network: Network, extent: Extent) -> bool:
    """Whether what is kept is the beginning of that log, or the other way round as far as can be told."""
    hashes = network.chain.hashes
    return len(hashes) < extent.length or hashes[extent.length - 1] == extent.head
