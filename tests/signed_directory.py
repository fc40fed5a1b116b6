"""A network's directory as its administrators sign it, put into the database as a server does, or a thief."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agencies.model import Person
from agencies.trust import deeds
from agencies.trust.deeds import Attest
from agencies.trust.network import LOG
from agencies.trust.network import Network as TrustedNetwork
from agencies.vault import logs
from agencies.vault.keeping import OF_DIRECTORY
from bots.keys.vouched import Vouched
from core.database import Database
from crypto.vault import log, statement
from crypto.vault.log import Kind
from tests.people import Network
from tests.vault_clients import genesis_of


@dataclass(kw_only=True)
class SignedDirectory:
    """The true log, as an honest machine keeps it; what is in the database is the test's affair."""

    network: Network
    genesis: bytes
    kept: TrustedNetwork
    statements: list[bytes] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.network.database

    @property
    def fingerprint(self) -> str:
        """What the operator of a bot is given on paper."""
        return self.kept.id.hex()

    async def decide(self, by: Person, deed: deeds.Deed) -> bytes:
        """Append what an administrator has signed."""
        entry = self.signed(by, deed)
        self.kept.take(entry)
        self.statements.append(entry)
        await self.put(len(self.statements) - 1, entry)
        return entry

    def signed(self, by: Person, deed: deeds.Deed) -> bytes:
        """Return the entry that would come next."""
        do, particulars = deeds.written(deed)
        body = log.body(
            log=LOG, number=self.kept.head.number + 1, after=self.kept.head.hash,
            at=int(self.network.clock.now().timestamp()), by=by.id.bytes, do=do, particulars=particulars,
        )  # fmt: skip
        return statement.make(self.network.seeds[by.id], Kind.DIRECTORY.purpose, self.kept.id, body)

    def attesting(self, person: Person, master_key: bytes) -> Attest:
        """Return the attestation of somebody with a Matrix identity."""
        member = self.kept.now.people[person.id.bytes]
        return Attest(
            person=member.id, agency=member.agency, name=member.name, role=member.role,
            signing_key=member.signing_key, box_key=member.box_key, matrix_user=person.matrix_user,
            matrix_master=master_key, until=int(self.network.clock.now().timestamp()) + 3600,
        )  # fmt: skip

    async def put(self, number: int, data: bytes) -> None:
        """Let the database hold this at a position, and nothing after it."""
        await self.cut(number)
        async with self.database.transaction() as tx:
            await tx.run(
                "INSERT INTO vault_entries (kind, log, number, statement, hash, taken_at) "
                "VALUES ($1, $2, $3, $4, $5, $6)",
                int(OF_DIRECTORY[0]), OF_DIRECTORY[1], number, data, statement.hash_of(data), self.network.clock.now(),
            )  # fmt: skip

    async def cut(self, number: int) -> None:
        """Let the database hold only what is before a position."""
        async with self.database.transaction() as tx:
            await logs.hold(tx, *OF_DIRECTORY)
            await tx.run("DELETE FROM vault_entries WHERE kind = 0 AND number >= $1", number)

    async def restore(self) -> None:
        """Let the database hold the true log again."""
        for number, each in enumerate(self.statements):
            await self.put(number, each)

    async def looked(self, vouched: Vouched) -> str:
        """Let a bot look; return why it refused, if it did."""
        async with self.database.reading() as reading:
            await vouched.look(reading)
        return vouched.refused


async def sign_directory(network: Network, founders: Sequence[Sequence[Person]]) -> SignedDirectory:
    """Found a network of these people, by agency; the first of the first founds it."""
    agencies = {each.id: each for each in await network.agencies.all_agencies()}
    staff = {agencies[people[0].agency_id]: list(people) for people in founders}
    genesis, _secrets = genesis_of(network.seeds, int(network.clock.now().timestamp()), staff)
    signed = SignedDirectory(
        network=network, genesis=genesis, kept=TrustedNetwork(genesis), statements=[genesis]
    )  # fmt: skip
    await signed.put(0, genesis)
    return signed
