"""Use cases of cases and compartments. Every method checks who asks before it acts, in one transaction.

The homeserver learns of membership through `bots.rooms.rooms`, which compares each compartment's
`membership_version` with what it has applied; nothing here calls it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from agencies import store as directory
from agencies.model import AgencyId, Person, PersonId
from agencies.service import NO_AGENCY, NO_PERSON
from cases import excluding, rules, store
from cases.codenames import new_codename
from cases.model import Case, CaseId, Compartment, CompartmentId, Part
from core import key_holders, ledger, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, InvalidInput, NotFound
from core.ids import new_id
from core.key_holders import Holding
from core.texts import LANGUAGES, mark

CHANNEL = "streha_rooms"
MEMBERS_AT_ONCE = 50


class Cases:
    """Opens and staffs cases and their compartments; `operations.closing` closes them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def open(
        self,
        actor: Person,
        *,
        agencies: Mapping[AgencyId, Part],
        deputy_id: PersonId | None = None,
        member_ids: Sequence[PersonId] = (),
        language: str = "en",
    ) -> Case:
        """Open a case with the actor as coordinator, and its core compartment with its channel."""
        if language not in LANGUAGES:
            raise InvalidInput(mark("This language is not known. Known are en, sr-Latn and sr-Cyrl."))
        if len(member_ids) > MEMBERS_AT_ONCE:
            raise InvalidInput(mark("At most {limit} members at once."), limit=MEMBERS_AT_ONCE)
        now = self._clock.now()
        parts = {actor.agency_id: Part.RESPONDER, **agencies}
        if Part.RESPONDER not in parts.values():
            raise InvalidInput(mark("At least one agency must respond to alerts."))
        members = dict.fromkeys([actor.id, *([deputy_id] if deputy_id else []), *member_ids])
        async with self._database.transaction() as tx:
            if len(await directory.agencies(tx, parts)) != len(parts):
                raise NotFound(NO_AGENCY)
            codename = await free_codename(tx)
            case = Case(
                id=CaseId(new_id()), codename=codename, language=language, coordinator_id=actor.id,
                deputy_id=deputy_id, opened_at=now, closed_at=None, agencies=parts,
            )  # fmt: skip
            await require_staff(tx, case, members)
            await store.add_case(tx, case)
            for agency_id, part in parts.items():
                await store.put_agency(tx, case.id, agency_id, part)
            await self._record(
                tx, "case_opened", actor, case.id, None, **_leaders(actor.id, deputy_id), **_by_part(parts)
            )
            await self._add_compartment(tx, actor, case, codename, list(members), core=True)
            return await store.case(tx, case.id)

    async def see(self, actor: Person, case_id: CaseId) -> Case:
        """Return what the actor may know of a case."""
        async with self._database.reading() as tx:
            return rules.as_seen_by(await store.case(tx, case_id), actor.id)

    async def key_holdings(self, actor: Person, case_id: CaseId) -> dict[CompartmentId, dict[PersonId, Holding]]:
        """Return who can read what the bot says next in the channels that the actor may know of.

        Empty for a channel of which nobody can tell, for instance while no bot is active.
        """
        async with self._database.reading() as tx:
            case = rules.as_seen_by(await store.case(tx, case_id), actor.id)
            open_ones = [each for each in case.compartments if each.closed_at is None]
            told = await key_holders.holdings(tx, [each.id for each in open_ones], self._clock.now())
        return {
            each.id: {
                PersonId(person): holding
                for person, holding in told.get(each.id, {}).items()
                if person in each.member_ids
            }
            for each in open_ones
        }

    async def warm_keys(self, actor: Person, case_id: CaseId) -> None:
        """Have the bot see to it now that everybody holds the keys of the case's channels."""
        async with self._database.transaction() as tx:
            rules.as_seen_by(await store.case(tx, case_id), actor.id)
            await key_holders.warm(tx)

    async def see_all(self, actor: Person) -> list[Case]:
        """Return the open cases in which the actor has a part."""
        async with self._database.reading() as tx:
            return [rules.as_seen_by(case, actor.id) for case in await store.cases_of_person(tx, actor.id)]

    async def colleagues(self, actor: Person) -> list[Person]:
        """Return the staff of all agencies that share a case with the actor's, and of the actor's own."""
        async with self._database.reading() as tx:
            person = (await directory.people(tx, [actor.id])).get(actor.id)
            if person is None or not person.active:
                return []
            shared = {actor.agency_id}
            for case in await store.cases_of_person(tx, actor.id):
                shared |= case.agencies.keys()
            return await directory.staff(tx, shared)

    async def set_part(self, actor: Person, case_id: CaseId, agency_id: AgencyId, part: Part) -> Case:
        """Give an agency its part in the case; at least one responder must remain."""
        async with self._database.transaction() as tx:
            case = await self._led(tx, actor, case_id)
            if not await directory.agencies(tx, [agency_id]):
                raise NotFound(NO_AGENCY)
            parts = {**case.agencies, agency_id: part}
            if Part.RESPONDER not in parts.values():
                raise Conflict(mark("At least one agency must respond to alerts."))
            await store.put_agency(tx, case.id, agency_id, part)
            await self._record(tx, "agency_part_set", actor, case.id, agency_id, part=part)
            return await store.case(tx, case.id)

    async def open_compartment(self, actor: Person, case_id: CaseId, member_ids: Sequence[PersonId]) -> Compartment:
        """Open a smaller circle within the case; the actor is a member of it."""
        if len(member_ids) > MEMBERS_AT_ONCE:
            raise InvalidInput(mark("At most {limit} members at once."), limit=MEMBERS_AT_ONCE)
        async with self._database.transaction() as tx:
            case = await self._led(tx, actor, case_id)
            members = dict.fromkeys([actor.id, *member_ids])
            await require_staff(tx, case, members)
            codename = await free_codename(tx)
            return await self._add_compartment(tx, actor, case, codename, list(members), core=False)

    async def add_member(self, actor: Person, compartment_id: CompartmentId, person_id: PersonId) -> None:
        """Add a person of one of the case's agencies to a compartment; excluded people never."""
        async with self._database.transaction() as tx:
            case, compartment = await self._led_compartment(tx, actor, compartment_id)
            await _require_unsigned(tx, compartment)
            await require_staff(tx, case, [person_id])
            if await store.add_member(tx, compartment.id, person_id, actor.id, self._clock.now()):
                await self._record(tx, "member_added", actor, case.id, compartment.id, person=str(person_id))

    async def remove_member(self, actor: Person, compartment_id: CompartmentId, person_id: PersonId) -> None:
        """Remove a member at once. The coordinator and deputy stay in the core compartment."""
        async with self._database.transaction() as tx:
            case, compartment = await self._led_compartment(tx, actor, compartment_id)
            if compartment.core and person_id in case.leaders:
                raise Conflict(mark("This person leads the case. Name another leader first."))
            if person_id not in compartment.member_ids:
                raise NotFound(NO_PERSON)
            await store.end_membership(tx, case.id, person_id, self._clock.now(), compartment.id)
            await self._record(tx, "member_removed", actor, case.id, compartment.id, person=str(person_id))
            await tx.wake(CHANNEL)

    async def exclude(self, actor: Person, case_id: CaseId, person_id: PersonId) -> None:
        """Bar a person from everything of the case, now and later. A deputy may be barred, a coordinator not."""
        async with self._database.transaction() as tx:
            case = await self._led(tx, actor, case_id)
            if person_id in (case.coordinator_id, actor.id):
                raise Conflict(mark("This person leads the case. Name another leader first."))
            if person_id not in await directory.people(tx, [person_id]):
                raise NotFound(NO_PERSON)
            await bar(tx, case, person_id, by=actor.id, now=self._clock.now())

    async def set_leaders(
        self, actor: Person, case_id: CaseId, coordinator_id: PersonId, deputy_id: PersonId | None
    ) -> Case:
        """Hand the case over: name coordinator and deputy, both members of the core compartment."""
        async with self._database.transaction() as tx:
            case = await self._led(tx, actor, case_id)
            await _require_unsigned(tx, case.core)
            named = [coordinator_id, *([deputy_id] if deputy_id else [])]
            if len(set(named)) != len(named):
                raise InvalidInput(mark("Coordinator and deputy are two people."))
            if not case.core.member_ids.issuperset(named):
                raise Conflict(mark("Coordinator and deputy must be members of the case first."))
            await require_staff(tx, case, named)
            await name_leaders(tx, case, coordinator_id, deputy_id, by=actor.id, now=self._clock.now())
            return await store.case(tx, case.id)

    async def _led(self, tx: Transaction, actor: Person, case_id: CaseId) -> Case:
        case = await store.case(tx, case_id, lock=True)
        rules.require_leader(case, actor.id)
        return case

    async def _led_compartment(
        self, tx: Transaction, actor: Person, compartment_id: CompartmentId
    ) -> tuple[Case, Compartment]:
        case = await store.case_of_compartment(tx, compartment_id, lock=True)
        compartment = rules.compartment_seen_by(case, compartment_id, actor.id)
        rules.require_leader(case, actor.id)
        return case, compartment

    async def _add_compartment(
        self, tx: Transaction, actor: Person, case: Case, codename: str, members: Sequence[PersonId], *, core: bool
    ) -> Compartment:
        now = self._clock.now()
        compartment = Compartment(
            id=CompartmentId(new_id()), case_id=case.id, codename=codename, core=core, membership_version=1,
            closed_at=None, member_ids=frozenset(members),
        )  # fmt: skip
        await store.add_compartment(tx, compartment, now)
        await self._record(tx, "compartment_opened", actor, case.id, compartment.id)
        for person_id in members:
            await store.add_member(tx, compartment.id, person_id, actor.id, now)
            await self._record(tx, "member_added", actor, case.id, compartment.id, person=str(person_id))
        return replace(compartment, membership_version=1 + len(members))

    async def _record(
        self, tx: Transaction, act: str, actor: Person, case_id: CaseId,
        object_id: CompartmentId | PersonId | AgencyId | None = None, **facts: str,
    ) -> None:  # fmt: skip
        await _record(tx, act, actor.id, self._clock.now(), case_id, object_id, **facts)


async def bar(tx: Transaction, case: Case, person_id: PersonId, *, by: PersonId, now: datetime) -> None:
    """Bar a person from everything of a case that is held; a coordinator never."""
    if person_id == case.deputy_id:
        await store.set_leaders(tx, case.id, case.coordinator_id, None)
        leaders = _leaders(case.coordinator_id, None)
        await _record(tx, "leaders_named", by, now, case.id, case.coordinator_id, **leaders)
    news = await store.exclude(tx, case.id, person_id, by, now)
    for compartment_id in await store.end_membership(tx, case.id, person_id, now):
        await _record(tx, "member_removed", by, now, case.id, compartment_id, person=str(person_id))
    # The sweep of alerts takes the next step at once, and calls the others of that desk, each alone.
    heard_by = [person_id, *await directory.desks_of_person(tx, person_id)]
    await outbox.withdraw_from_rooms(tx, case.id, heard_by, now)
    if news:
        await excluding.tell_who_shared(tx, case, person_id, now)
    await _record(tx, "person_excluded", by, now, case.id, person_id)
    await tx.wake(CHANNEL)


async def name_leaders(
    tx: Transaction, case: Case, coordinator_id: PersonId, deputy_id: PersonId | None, *, by: PersonId, now: datetime
) -> None:  # fmt: skip
    """Record who leads a case that is held from now on."""
    await store.set_leaders(tx, case.id, coordinator_id, deputy_id)
    facts = _leaders(coordinator_id, deputy_id)
    facts |= {f"former_{part}": who for part, who in _leaders(case.coordinator_id, case.deputy_id).items()}
    await _record(tx, "leaders_named", by, now, case.id, coordinator_id, **facts)


async def _require_unsigned(tx: Transaction, compartment: Compartment) -> None:
    """Refuse to let anybody in, or lead, without a signature where there is a log. To take away needs none."""
    if await tx.value(store.SQL["has_vault_log"], compartment.id):
        raise Conflict(mark("Who is in this compartment is decided by signed entries. Use: streha compartment --help"))


async def require_staff(tx: Transaction, case: Case, person_ids: Collection[PersonId]) -> None:
    """Refuse people who are unknown, gone, excluded, or of an agency without a part in the case."""
    people = await directory.people(tx, person_ids, share=True)
    for person_id in person_ids:
        person = people.get(person_id)
        if person is None or not person.active or person_id in case.excluded_ids:
            raise NotFound(NO_PERSON)
        if person.agency_id not in case.agencies:
            raise Conflict(mark("This person's agency has no part in the case. Give it one first."))


async def _record(
    tx: Transaction, act: str, by: PersonId, at: datetime, case_id: CaseId,
    object_id: CompartmentId | PersonId | AgencyId | None = None, **facts: str,
) -> None:  # fmt: skip
    await ledger.record(
        tx, ledger.Act(act=act, at=at, person_id=by, case_id=case_id, object_id=object_id, facts={**facts})
    )


async def free_codename(tx: Transaction) -> str:
    """Return a codename that nothing has."""
    attempt = 0
    while await store.codename_taken(tx, codename := new_codename(attempt)):
        attempt += 1
    return codename


def _leaders(coordinator_id: PersonId, deputy_id: PersonId | None) -> dict[str, str]:
    """Return who leads, as facts for the ledger."""
    return {"coordinator": str(coordinator_id)} | ({"deputy": str(deputy_id)} if deputy_id else {})


def _by_part(parts: Mapping[AgencyId, Part]) -> dict[str, str]:
    """Return which agencies take which part, as facts for the ledger."""
    found = {part.value: [str(each) for each, its in parts.items() if its is part] for part in Part}
    return {part: ",".join(ids) for part, ids in found.items() if ids}
