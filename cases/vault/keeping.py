"""Compartments' logs as this process has them: read once, then only what is new; a bounded number of them.

What an answer holds comes from the database; what is kept here is what the rules are asked of. As with the directory
(`agencies.vault.keeping`), nothing is kept that is not committed.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from agencies.vault import logs
from agencies.vault.keeping import OF_DIRECTORY, KeptNetwork, breathe
from agencies.vault.logs import Extent
from cases.model import CompartmentId
from cases.trust.compartment import Compartment
from core.database import Reading, Transaction
from crypto.vault.log import Chain, Kind

MOST = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Extents:
    """How far the three logs of a compartment go, at one moment."""

    directory: Extent
    members: Extent
    records: Extent


class KeptCompartments:
    """The logs of the compartments that were asked for last."""

    def __init__(self, network: KeptNetwork, *, most: int = MOST) -> None:
        self.network = network
        self._most = most
        self._kept: OrderedDict[CompartmentId, Compartment] = OrderedDict()

    async def now(self, tx: Reading, compartment_id: CompartmentId) -> tuple[Compartment, Extents]:
        """Return a compartment as it is committed, and how far its logs went then; NotFound without a network."""
        extents = await extents_of(tx, compartment_id)
        return await self._up_to(tx, compartment_id, extents), extents

    async def held(self, tx: Transaction, compartment_id: CompartmentId) -> Compartment:
        """Return a compartment, its two logs held until the transaction ends.

        Both, since each entry names the newest head of the other log: of a removal and a version that come at once, one
        has seen the other.
        """
        for kind in (Kind.MEMBERSHIP, Kind.RECORDS):
            extent = await logs.hold(tx, kind, compartment_id)
            kept = self._kept.get(compartment_id)
            if kept is not None and len(_chain(kept, kind).hashes) > extent.length:
                # The database is another, or went back.
                del self._kept[compartment_id]
        return (await self.now(tx, compartment_id))[0]

    async def _up_to(self, tx: Reading, compartment_id: CompartmentId, extents: Extents) -> Compartment:
        network = await self.network.up_to(tx, extents.directory)
        kept = self._kept.get(compartment_id)
        if (
            kept is None
            or kept.network is not network
            or not _fits(kept.members, extents.members)
            or not _fits(kept.written, extents.records)
        ):
            kept = Compartment(network, compartment_id.bytes)
        for kind, extent in ((Kind.MEMBERSHIP, extents.members), (Kind.RECORDS, extents.records)):
            await _follow(tx, kept, kind, extent)
        self._kept[compartment_id] = kept
        self._kept.move_to_end(compartment_id)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return kept


async def extents_of(tx: Reading, compartment_id: UUID) -> Extents:
    """Return how far a compartment's logs and the directory's go."""
    directory, members, records = await logs.extents(
        tx, [OF_DIRECTORY, (Kind.MEMBERSHIP, compartment_id), (Kind.RECORDS, compartment_id)]
    )
    return Extents(directory=directory, members=members, records=records)


async def _follow(tx: Reading, kept: Compartment, kind: Kind, extent: Extent) -> None:
    """Take in what is new of a log. Somebody else may take some of it meanwhile."""
    chain = _chain(kept, kind)
    while len(chain.hashes) < extent.length:
        first = len(chain.hashes)
        for number, data in enumerate(await logs.entries(tx, kind, UUID(bytes=kept.id), first), first):
            if number < extent.length and number == len(chain.hashes):
                if kind is Kind.MEMBERSHIP:
                    kept.take_member_entry(data)
                else:
                    kept.take_record_entry(data)
            await breathe(number)


def _chain(kept: Compartment, kind: Kind) -> Chain:
    return kept.members if kind is Kind.MEMBERSHIP else kept.written


def _fits(chain: Chain, extent: Extent) -> bool:
    """Whether what is kept and what is there are one log, as far as both go."""
    return (
        len(chain.hashes) < extent.length or not extent.length or chain.hashes[extent.length - 1] == extent.head
    )  # fmt: skip
