"""What members take out of a compartment's vault: sealed contents with their wraps, and keys granted to them.

Whatever leaves is in the ledger, in the transaction in which it was read: who fetched which version. Wraps are given
for the epochs whose key the asker was granted, and for no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from agencies.model import Person, PersonId
from agencies.trust.directory import NotEmpowered
from agencies.vault.refusals import refusing, require_moment
from cases import store
from cases.model import Case, CompartmentId
from cases.trust import grants
from cases.trust.compartment import Compartment as Logs
from cases.vault.entering import recorded, require_member, require_sealed
from cases.vault.keeping import KeptCompartments
from core import ledger
from core.clock import Clock
from core.database import Database, Row, Transaction
from core.errors import NotFound
from core.ids import new_id
from core.texts import mark

NO_GRANT = mark("You were not given a key yet. Somebody who has one grants it.")
NO_VERSION = mark("There is no such version.")
# So much leaves in one answer; a single version always does.
LARGEST_ANSWER = 8 * 1024 * 1024
MOST_AT_ONCE = 500
MOST_HISTORY = 50
# Among so many of the newest grants those of one version are looked for.
MOST_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A version as it is stored; without its content where that was not asked for. Wraps by epoch."""

    version: UUID
    content: bytes | None
    wraps: dict[int, bytes]


class Fetching:
    """Gives members what they may have."""

    def __init__(self, database: Database, clock: Clock, compartments: KeptCompartments) -> None:
        self._database = database
        self._clock = clock
        self._compartments = compartments

    async def grant(self, actor: Person, compartment_id: CompartmentId, epoch: int | None = None) -> tuple[int, bytes]:
        """Return one's own grant of an epoch, or of the newest that one was given."""
        async with self._database.transaction() as tx:
            case, _kept = await self._enter(tx, actor, compartment_id)
            row = await tx.row(store.SQL["vault_grant"], compartment_id, actor.id, epoch)
            if row is None:
                raise NotFound(NO_GRANT)
            await self._record(tx, "grant_fetched", actor, case, compartment_id, epoch=row["epoch"])
        return row["epoch"], bytes(row["statement"])

    async def version(self, actor: Person, compartment_id: CompartmentId, version: UUID) -> Fetched:
        """Return one version, current or not."""
        async with self._database.transaction() as tx:
            case, _kept = await self._enter(tx, actor, compartment_id)
            found = await self._fetched(tx, actor, compartment_id, [version], contents=True)
            if not found:
                raise NotFound(NO_VERSION)
            await self._record(tx, "record_fetched", actor, case, compartment_id, versions=str(version))
        return found[0]

    async def versions(
        self, actor: Person, compartment_id: CompartmentId, *, current: bool = True, after: UUID | None = None,
        contents: bool = True,
    ) -> list[Fetched]:  # fmt: skip
        """Return current versions, or all, ascending, after an id: as many as fit into an answer, or none."""
        async with self._database.transaction() as tx:
            case, kept = await self._enter(tx, actor, compartment_id)
            records = kept.records
            hashes = {each for found in records.current.values() for each in found} if current else records.versions
            ids = sorted(UUID(bytes=records.versions[each].write.version) for each in hashes)
            wanted = [each for each in ids if after is None or each > after][:MOST_AT_ONCE]
            if contents:
                wanted = _fitting(await tx.rows(store.SQL["vault_sizes"], compartment_id, wanted))
            found = await self._fetched(tx, actor, compartment_id, wanted, contents=contents)
            if found:
                names = ",".join(str(each.version) for each in found)
                await self._record(
                    tx, "record_fetched" if contents else "wraps_fetched", actor, case, compartment_id, versions=names
                )  # fmt: skip
        return found

    async def give_history(
        self, actor: Person, compartment_id: CompartmentId, member_id: PersonId, data: bytes
    ) -> None:  # fmt: skip
        """Keep a grant of versions that are past, made by a member for a member; none once they were erased."""
        async with self._database.transaction() as tx:
            # Held, so that nothing is erased meanwhile: nobody would come for a grant that was stored after that.
            case, kept = await self._enter(tx, actor, compartment_id, lock=True)
            await require_sealed(tx, compartment_id)
            now = self._clock.now()
            with refusing():
                said, key = grants.read_history_grant(data, kept.network.id, compartment=kept.id)
                # By its moment it is asked later who could have known.
                require_moment(said, now)
                if (said.by, key, said.member) != (actor.id.bytes, actor.signing_key, member_id.bytes):
                    raise NotEmpowered
                known = {each.write.version for each in kept.records.versions.values()}
                standing = kept.circle.standing(kept.network.now, int(now.timestamp()))
                if said.member not in standing or not known.issuperset(said.versions):
                    raise NotEmpowered
            await tx.run(store.SQL["add_vault_history"], new_id(), compartment_id, member_id, data, now)
            names = ",".join(str(UUID(bytes=each)) for each in said.versions)
            await self._record(
                tx, "history_granted", actor, case, compartment_id, person=str(member_id), versions=names
            )  # fmt: skip

    async def history(self, actor: Person, compartment_id: CompartmentId, version: UUID | None = None) -> list[bytes]:
        """Return the newest grants of versions that are past which the actor was given; of one version where named.

        However many others there are, those of the version are found: nobody buries what somebody else has given.
        """
        async with self._database.transaction() as tx:
            case, kept = await self._enter(tx, actor, compartment_id)
            most = MOST_HISTORY if version is None else MOST_LOOKED_AT
            rows = await tx.rows(store.SQL["vault_history"], compartment_id, actor.id, most)
            found = [bytes(row["statement"]) for row in rows]
            if version is not None:
                found = [each for each in found if _gives(kept, each, version.bytes)][:MOST_HISTORY]
            if found:
                await self._record(tx, "history_fetched", actor, case, compartment_id, count=len(found))
        return found

    async def tell_export(self, actor: Person, compartment_id: CompartmentId, versions: Sequence[UUID]) -> None:
        """Write down that a member takes versions out for a court: before they do, on their own machine."""
        async with self._database.transaction() as tx:
            case, kept = await self._enter(tx, actor, compartment_id)
            known = {each.write.version for each in kept.records.versions.values()}
            if not known.issuperset(each.bytes for each in versions):
                raise NotFound(NO_VERSION)
            names = ",".join(sorted(str(each) for each in versions))
            await self._record(tx, "record_exported", actor, case, compartment_id, versions=names)

    async def _enter(
        self, tx: Transaction, actor: Person, compartment_id: CompartmentId, *, lock: bool = False
    ) -> tuple[Case, Logs]:  # fmt: skip
        case, compartment = await recorded(tx, actor, compartment_id, lock=lock)
        kept, _extents = await self._compartments.now(tx, compartment_id)
        require_member(actor, compartment, kept, int(self._clock.now().timestamp()))
        return case, kept

    async def _fetched(
        self, tx: Transaction, actor: Person, compartment_id: CompartmentId, versions: Sequence[UUID], *, contents: bool
    ) -> list[Fetched]:
        rows = await tx.rows(store.SQL["vault_versions"], compartment_id, versions, actor.id, contents)
        return [
            Fetched(
                version=row["version"],
                content=None if row["content"] is None else bytes(row["content"]),
                wraps=dict(zip(row["epochs"], (bytes(each) for each in row["wraps"]), strict=True)),
            )
            for row in rows
        ]

    async def _record(
        self, tx: Transaction, act: str, actor: Person, case: Case, compartment_id: CompartmentId, **facts: str | int
    ) -> None:
        await ledger.record(
            tx,
            ledger.Act(
                act=act, at=self._clock.now(), person_id=actor.id, case_id=case.id, object_id=compartment_id,
                facts={**facts},
            ),
        )  # fmt: skip


def _fitting(sizes: Sequence[Row]) -> list[UUID]:
    """Return the first versions that fit together into an answer; the first of all in any case."""
    taken: list[UUID] = []
    left = LARGEST_ANSWER
    for row in sizes:
        left -= row["length"]
        if left < 0 and taken:
            break
        taken.append(row["version"])
    return taken


def _gives(kept: Logs, statement: bytes, version: bytes) -> bool:
    with refusing():
        return version in grants.read_history_grant(statement, kept.network.id, compartment=kept.id)[0].versions
