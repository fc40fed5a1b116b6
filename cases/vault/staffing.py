"""What the directory decides becomes what everything else goes by: who is on the staff, with which key and role.

It stands here and not in `agencies` because a person who is revoked leaves cases too (`cases.departure`). The tables
change in the transaction that takes an entry in, by what is different afterwards. An agency is in the table before the
directory names it: its country, language and desks are the operator's.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from agencies import linking, store
from agencies.model import AgencyId, Person, PersonId
from agencies.service import is_matrix_user
from agencies.trust.deeds import Attested, Join
from agencies.trust.directory import Directory, Member
from agencies.vault.refusals import NotAsRecorded
from cases import store as cases
from cases.departure import depart_in
from core import ledger
from core.database import Transaction


async def follow(
    tx: Transaction, before: Directory, after: Directory, *, by: PersonId | None, now: datetime
) -> None:  # fmt: skip
    """Bring the tables to what the directory says after an entry; raise NotAsRecorded where they forbid it."""
    # What is proposed is held against the tables at once: a proposal that can never hold must not wait for anybody.
    proposed = [after.proposals[each].deed for each in after.proposals.keys() - before.proposals.keys()]
    joining = {each.agency: each.name for each in proposed if isinstance(each, Join)}
    joining |= {each.id: each.name for name, each in after.agencies.items() if name not in before.agencies}
    await _require_agencies(tx, joining)
    for deed in proposed:
        for each in deed.people if isinstance(deed, Join) else [deed] if isinstance(deed, Attested) else []:
            await _require_place(tx, each.person, each.matrix_user, each.signing_key)
    for person in sorted(before.people.keys() - after.people.keys()):
        await depart_in(tx, PersonId(UUID(bytes=person)), now, by=by)
    for person, member in sorted(after.people.items()):
        if before.people.get(person) != member:
            await _put(tx, before.people.get(person), member, by=by, now=now)
    for agency, its in after.agencies.items():
        if its.suspended and not (agency in before.agencies and before.agencies[agency].suspended):
            await _suspend(tx, AgencyId(UUID(bytes=agency)), by, now)


async def _require_agencies(tx: Transaction, names: dict[bytes, str]) -> None:
    found = await store.agencies(tx, [AgencyId(UUID(bytes=each)) for each in names])
    if {each.id.bytes: each.name for each in found} != names:
        raise NotAsRecorded


async def _require_place(tx: Transaction, person: bytes, matrix_user: str, signing_key: bytes) -> None:
    """Refuse an account that is none, and one or a key that somebody else of the staff has or had."""
    if not is_matrix_user(matrix_user):
        raise NotAsRecorded
    if await tx.value(store.SQL["staff_alike"], UUID(bytes=person), matrix_user, signing_key):
        raise NotAsRecorded


async def _put(tx: Transaction, before: Member | None, member: Member, *, by: PersonId | None, now: datetime) -> None:
    person_id, agency_id = PersonId(UUID(bytes=member.id)), AgencyId(UUID(bytes=member.agency))
    await _require_place(tx, member.id, member.matrix_user, member.signing_key)
    known = (await store.people(tx, [person_id], share=True)).get(person_id)
    if known is None:
        person = Person(
            id=person_id, agency_id=agency_id, name=member.name, role=member.role, matrix_user=member.matrix_user,
            signing_key=member.signing_key,
        )  # fmt: skip
        await store.add_person(tx, person, now)
        await _record(tx, "person_added", person_id, by, now)
        return
    if before is not None and before.signing_key != member.signing_key and known.signing_key == before.signing_key:
        # Other keys: whoever signed in with the former ones signs in again.
        await tx.run(store.SQL["put_signing_key"], person_id, member.signing_key)
        await tx.run(store.SQL["end_links"], person_id)
        await tx.run(store.SQL["end_sessions"], person_id)
        # What was sealed to the former ones they still open: another key is due wherever that was the newest.
        await tx.run(cases.SQL["note_rekeyed"], person_id)
        await _record(tx, "person_rekeyed", person_id, by, now)
    if known.matrix_user != member.matrix_user:
        await linking.end_with_departure(tx, person_id, now)
    if not await tx.run(
        store.SQL["put_attested"], person_id, agency_id, member.name, member.role, member.matrix_user,
        member.signing_key,
    ):  # fmt: skip
        # Of another agency, with another key, or gone.
        raise NotAsRecorded
    await _record(tx, "person_attested", person_id, by, now)


async def _suspend(tx: Transaction, agency_id: AgencyId, by: PersonId | None, now: datetime) -> None:
    if await tx.run(store.SQL["suspend_agency"], agency_id, now):
        await tx.run(store.SQL["end_sessions_of_agency"], agency_id)
        await _record(tx, "agency_suspended", agency_id, by, now)


async def _record(
    tx: Transaction, act: str, object_id: PersonId | AgencyId, by: PersonId | None, now: datetime
) -> None:  # fmt: skip
    await ledger.record(tx, ledger.Act(act=act, at=now, person_id=by, actor_kind="operator", object_id=object_id))
