"""The vault's logs for whoever is a member: entries in their order, and what belongs to each, stored together.

Every method checks who asks before it acts, in one transaction: a member by the tables *and* by the log, or there is no
such compartment. What is appended is judged by the same rules as on people's machines (`cases.trust`), whatever they
say that they have checked. Nothing here can read a record; what is fetched is told by `cases.vault.fetching`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from agencies.model import Person, PersonId
from agencies.trust.directory import NotEmpowered
from agencies.vault import logs
from agencies.vault.keeping import OF_DIRECTORY
from agencies.vault.refusals import EpochDue, refusing, require_moment
from cases import store
from cases.model import Case, CaseId, Compartment, CompartmentId
from cases.rules import NO_COMPARTMENT
from cases.trust import deeds
from cases.trust.compartment import Compartment as Logs
from cases.trust.membership import outlasts_the_end
from cases.trust.records import Deed as RecordDeed
from cases.trust.records import Erase
from cases.trust.records import read as read_record_deed
from cases.vault import checking
from cases.vault.due import Due, due, epoch_is_due
from cases.vault.entering import recorded, require_leading, require_member, require_sealed
from cases.vault.keeping import KeptCompartments
from cases.vault.projecting import follow
from core import ledger
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import NotFound, StrehaError
from crypto.vault import log
from crypto.vault.log import Entry, Head, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A record of which a version was stored; `alone` where no other current version stands beside it."""

    compartment: Compartment
    record: UUID
    alone: bool


# Done in the same transaction as a version is stored, with the case held.
Also = Callable[[Transaction, Case, Written], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How many entries each log has."""

    directory: int
    members: int
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Entries of the three logs from where the asker had them, at one moment, and what is due."""

    directory: list[bytes]
    members: list[bytes]
    records: list[bytes]
    lengths: Lengths
    due: list[Due]


class Vault:
    """Keeps the logs of compartments, and takes sealed contents, wraps and grants with their entries."""

    def __init__(self, database: Database, clock: Clock, compartments: KeptCompartments) -> None:
        self._database = database
        self._clock = clock
        self._compartments = compartments

    async def see(
        self, actor: Person, compartment_id: CompartmentId, *, directory: int = 0, members: int = 0, records: int = 0
    ) -> Snapshot:
        """Return entries from these numbers on: at most a page in all, the directory's first.

        Of a closed compartment those who led it until then are shown them: who could have known is worked out of them.
        """
        now = int(self._clock.now().timestamp())
        async with self._database.reading() as tx:
            case, compartment = await recorded(tx, actor, compartment_id, look=True, closed=True)
            kept, extents = await self._compartments.now(tx, compartment_id)
            require_member(actor, compartment, kept, now, opened=False)
            if not compartment.open:
                require_leading(actor, kept)
            left, found = logs.PAGE, []
            for (kind, name), first, extent in (
                (OF_DIRECTORY, directory, extents.directory),
                ((Kind.MEMBERSHIP, compartment_id), members, extents.members),
                ((Kind.RECORDS, compartment_id), records, extents.records),
            ):
                page = await logs.entries(tx, kind, name, first, min(left, extent.length - first))
                left -= len(page)
                found.append(page)
        return Snapshot(
            directory=found[0],
            members=found[1],
            records=found[2],
            lengths=Lengths(
                directory=extents.directory.length, members=extents.members.length, records=extents.records.length
            ),
            due=_due(case, compartment, kept, now, actor.id),
        )

    async def append_to_members(
        self, actor: Person, compartment_id: CompartmentId, data: bytes, *,
        given: Sequence[tuple[PersonId, bytes]], wrapped: Sequence[tuple[UUID, bytes]],
    ) -> int:  # fmt: skip
        """Take in an entry of the members' log with what belongs to it; return how many entries there are.

        Of a closed compartment those who led it until then still decide how long what is sealed in it is kept.
        """
        now = self._clock.now()
        async with self._telling_of_refusal(actor, compartment_id), self._database.transaction() as tx:
            case, compartment = await recorded(tx, actor, compartment_id, lock=True, closed=True)
            kept = await self._compartments.held(tx, compartment_id)
            require_member(actor, compartment, kept, int(now.timestamp()), opened=False)
            if not compartment.open:
                require_leading(actor, kept)
            with refusing():
                entry = log.read(data, Kind.MEMBERSHIP, kept.network.id)
                if entry.head.log == kept.id and await logs.stands(tx, entry):
                    return entry.head.number + 1
                checking.require_author(actor, entry)
                checking.require_place(entry, kept.members, kept.network.head)
                require_moment(entry, now)
                _entry, circle = kept.judge_member_entry(data)
                checking.require_newest_of_records(entry, kept)
                deed = deeds.read(entry.do, entry.particulars)
                await self._require_kept(tx, compartment_id, kept, deed, ended=not compartment.open)
                if isinstance(deed, deeds.BeginEpoch):
                    checking.require_none_gone(kept, compartment, int(now.timestamp()))
                checking.require_epoch(
                    entry, deed, circle, kept.records, kept.network.id, given=given, wrapped=wrapped
                )  # fmt: skip
                before = kept.circle if kept.is_open else None
                await logs.append(tx, entry, data, now)
                await follow(tx, case, compartment, before, circle, by=actor.id, now=now)
            if given:
                people, statements = zip(*given, strict=True)
                await tx.run(store.SQL["put_vault_grants"], compartment_id, circle.epoch, people, statements)
                await _put_wraps(tx, compartment_id, circle.epoch, wrapped)
            await self._taken(tx, actor, case.id, entry)
            return entry.head.number + 1

    async def _require_kept(
        self, tx: Transaction, compartment_id: CompartmentId, kept: Logs, deed: deeds.Deed, *, ended: bool
    ) -> None:  # fmt: skip
        """Refuse any question of keeping once nothing is kept any more; of one that has ended, everything else too."""
        closing = isinstance(deed, deeds.Close)
        if ended and (closing or not outlasts_the_end(kept.circle, deed)):
            raise NotFound(NO_COMPARTMENT)
        if not closing:
            await require_sealed(tx, compartment_id)

    async def append_to_records(
        self, actor: Person, compartment_id: CompartmentId, data: bytes, content: bytes | None, wrap: bytes | None,
        also: Also | None = None,
    ) -> int:  # fmt: skip
        """Take in an entry of the records' log with the version that it writes; return how many entries there are.

        What is `also` done stands or falls with the entry; of an entry that stands already it was done with it.
        """
        now = self._clock.now()
        async with self._telling_of_refusal(actor, compartment_id), self._database.transaction() as tx:
            case, compartment = await recorded(tx, actor, compartment_id, lock=also is not None)
            kept = await self._compartments.held(tx, compartment_id)
            require_member(actor, compartment, kept, int(now.timestamp()))
            with refusing():
                entry = log.read(data, Kind.RECORDS, kept.network.id)
                if entry.head.log == kept.id and await logs.stands(tx, entry):
                    return entry.head.number + 1
                checking.require_author(actor, entry)
                circle, members = kept.circle, kept.members
                newest = Head(
                    kind=Kind.MEMBERSHIP, log=kept.id, number=len(members.hashes) - 1, hash=members.last
                )  # fmt: skip
                checking.require_place(entry, kept.written, newest)
                require_moment(entry, now)
                _entry, records = kept.judge_record_entry(data)
                deed = read_record_deed(entry.do, entry.particulars)
                if not isinstance(deed, Erase):
                    checking.require_none_gone(kept, compartment, int(now.timestamp()))
                    if epoch_is_due(circle, compartment, kept.network.now, int(now.timestamp())):
                        raise EpochDue
                checking.require_version(deed, actor, circle, content, wrap)
                await logs.append(tx, entry, data, now)
            await self._put_version(tx, compartment_id, deed, circle.epoch, content, wrap)
            await self._taken(tx, actor, case.id, entry)
            if also is not None:
                alone = len(records.current.get(deed.record, ())) <= 1
                await also(tx, case, Written(compartment=compartment, record=UUID(bytes=deed.record), alone=alone))
            return entry.head.number + 1

    async def _put_version(
        self, tx: Transaction, compartment_id: CompartmentId, deed: RecordDeed, epoch: int, content: bytes | None,
        wrap: bytes | None,
    ) -> None:  # fmt: skip
        record = UUID(bytes=deed.record)
        if isinstance(deed, Erase):
            await tx.run(store.SQL["erase_vault_record"], compartment_id, record)
        elif wrap is not None:
            version = UUID(bytes=deed.version)
            await tx.run(store.SQL["put_vault_content"], compartment_id, version, record, content)
            await _put_wraps(tx, compartment_id, epoch, [(version, wrap)])

    @asynccontextmanager
    async def _telling_of_refusal(self, actor: Person, compartment_id: CompartmentId) -> AsyncIterator[None]:
        """Leave word of a member's entry that they were not empowered to write; nothing else of it is stored."""
        try:
            yield
        except StrehaError as refused:
            if refused.outcome == NotEmpowered.outcome:
                async with self._database.transaction() as tx:
                    case = await store.case_of_compartment(tx, compartment_id)
                    act = ledger.Act(
                        act="vault_entry_refused", at=self._clock.now(), person_id=actor.id, case_id=case.id,
                        object_id=compartment_id,
                    )  # fmt: skip
                    await ledger.record(tx, act)
            raise

    async def _taken(self, tx: Transaction, actor: Person, case_id: CaseId, entry: Entry) -> None:
        """Leave word of an entry: of which log, which number, which deed."""
        head = entry.head
        await ledger.record(
            tx,
            ledger.Act(
                act="vault_entry_taken", at=self._clock.now(), person_id=actor.id, case_id=case_id,
                object_id=UUID(bytes=head.log), facts={"log": int(head.kind), "number": head.number, "do": entry.do},
            ),
        )  # fmt: skip


async def _put_wraps(
    tx: Transaction, compartment_id: CompartmentId, epoch: int, wrapped: Sequence[tuple[UUID, bytes]]
) -> None:  # fmt: skip
    await tx.run(
        store.SQL["put_vault_wraps"],
        compartment_id,
        epoch,
        [version for version, _wrap in wrapped],
        [wrap for _version, wrap in wrapped],
    )


def _due(case: Case, compartment: Compartment, kept: Logs, now: int, asker: PersonId) -> list[Due]:
    """Return what the asker's program ought to write; nothing where nothing is written any more."""
    if not (kept.is_open and compartment.open):
        return []
    return due(kept.circle, case, compartment, kept.network.now, now, asker)
