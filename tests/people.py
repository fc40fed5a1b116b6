"""Invented agencies, people and cases, made through the real services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from agencies import store as directory
from agencies.absences import Absences
from agencies.attestation import AttestationId, code_of
from agencies.desk_keys import DeskKeys
from agencies.linking import Linking
from agencies.model import Agency, AgencyKind, DeskId, Person, PersonId, Role
from agencies.passkeys import Passkeys
from agencies.service import Agencies
from agencies.vault.bundles import Bundles
from agencies.vault.invitations import Invitations
from agencies.vault.keeping import KeptNetwork
from alerts.cards.service import Cards
from alerts.incidents.records import Incidents
from alerts.police.emergency_calls import EmergencyCalls
from alerts.rung import Rung
from alerts.service import Alerts
from cases import store as case_store
from cases.departure import depart
from cases.model import Case, Compartment, Part
from cases.service import Cases
from cases.vault.fetching import Fetching
from cases.vault.inquiring import Inquiring
from cases.vault.keeping import KeptCompartments
from cases.vault.service import Vault
from core.clock import Clock
from core.database import Database
from core.settings import Secret, Settings
from crypto import device_claim, signing
from operations.closing import Closing
from operations.handing_over import HandingOver
from operations.safe_calls.service import SafeCalls
from operations.service import Operations
from operations.timeline import CaseTimeline
from operations.under_way import UnderWay
from safety_plans.clocks.service import CaseClocks, spans_of
from safety_plans.organisations.service import OrganisationReviews
from safety_plans.saving import Saving
from safety_plans.service import Reviews

# Across the whole run, so that what a test adds never meets what the template already holds.
_numbers = count(1)
# Part of every signature; the settings of tests name the same.
NETWORK = "invented network"
GIVEN_NAMES = ("Ana", "Boris", "Vesna", "Goran", "Dunja", "Emil", "Zora", "Ivan", "Jana", "Luka", "Mila", "Nenad")


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """One agency with its staff. `desk_id` is None where it has no duty desk."""

    agency: Agency
    workers: tuple[Person, ...]
    officers: tuple[Person, ...]
    deputies: tuple[Person, ...]
    desk_id: DeskId | None

    @property
    def worker(self) -> Person:
        """The first of its workers."""
        return self.workers[0]

    @property
    def officer(self) -> Person:
        """The first of its duty officers."""
        return self.officers[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One case as most stories need it.

    The shelter's worker coordinates, the social worker is the deputy. The shelter, the police and the social
    welfare centre respond, the NGO is informed. The stranger's agency has no part in the case.
    """

    shelter: Office
    police: Office
    welfare: Office
    ngo: Office
    elsewhere: Office
    case: Case

    @property
    def coordinator(self) -> Person:
        """Who leads the case."""
        return self.shelter.worker

    @property
    def deputy(self) -> Person:
        """Who leads it beside the coordinator."""
        return self.welfare.worker

    @property
    def member(self) -> Person:
        """A member of the case who does not lead it."""
        return self.police.worker

    @property
    def stranger(self) -> Person:
        """Somebody of an agency that has no part in the case."""
        return self.elsewhere.worker


class Network:
    """Builds what a test needs, and gives the services it acts through."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        settings = Settings(database_url=Secret("postgresql://"), network=NETWORK)
        self.agencies = Agencies(database, clock)
        self.cases = Cases(database, clock)
        self.alerts = Alerts(database, clock)
        self.emergency_calls = EmergencyCalls(database, clock)
        self.incidents = Incidents(database, clock)
        self.rung = Rung(database, clock)
        self.closing = Closing(database, clock)
        self.reviews = Reviews(database, clock, settings.time_zone)
        self.linking = Linking(database, clock, settings)
        self.passkeys = Passkeys(database, clock, settings)
        self.desk_keys = DeskKeys(database, clock, settings)
        self.cards = Cards(database, clock)
        kept = KeptCompartments(KeptNetwork())
        self.vault = Vault(database, clock, kept)
        self.saving = Saving(self.vault, self.reviews, clock, settings.time_zone)
        self.fetching = Fetching(database, clock, kept)
        self.inquiring = Inquiring(database, clock, kept)
        self.bundles = Bundles(database, clock)
        self.organisations = OrganisationReviews(database, clock, settings.time_zone)
        self.absences = Absences(database, clock, settings.time_zone)
        self.clocks = CaseClocks(database, clock, settings.time_zone, spans_of(settings))
        self.operations = Operations(database, clock, settings.time_zone, spans_of(settings))
        self.under_way = UnderWay(database, clock, settings.time_zone)
        self.safe_calls = SafeCalls(database, clock, settings.time_zone)
        self.timeline = CaseTimeline(database, clock)
        self.handing_over = HandingOver(database, clock, settings.time_zone)
        self.invitations = Invitations(database, clock, settings, kept.network)
        self.seeds: dict[PersonId, bytes] = {}

    async def close_all_the_same(self, case: Case, circle: Compartment | None = None) -> None:
        """Close a case or a circle though somebody is awaited in it, as installations from before may have them."""
        async with self.database.transaction() as tx:
            if circle is None:
                await case_store.close_case(tx, case.id, self.clock.now())
            else:
                await case_store.close_compartment(tx, circle, self.clock.now())

    async def office(
        self,
        kind: AgencyKind = AgencyKind.NGO,
        *,
        workers: int = 1,
        officers: int = 1,
        deputies: int = 0,
        desk: bool = True,
        covered_by: Office | None = None,
    ) -> Office:
        """Admit an agency with staff and, unless told otherwise, a duty desk."""
        agency = await self.agencies.add_agency(
            name=f"Invented {kind.value} {next(_numbers)}", kind=kind, country="RS", language="sr-Latn"
        )
        desk_id = None
        if desk:
            covering = None if covered_by is None else covered_by.desk_id
            desk_id = await self.agencies.open_desk(agency.id, always_staffed=False, covered_by=covering)
        seated = [await self.person(agency) for _ in range(officers if desk else 0)]
        for officer in seated:
            assert desk_id is not None
            await self.agencies.seat(desk_id, officer.id)
        return Office(
            agency=agency,
            workers=tuple([await self.person(agency) for _ in range(workers)]),
            officers=tuple(seated),
            deputies=tuple([await self.person(agency, Role.SECURITY_OFFICER) for _ in range(deputies)]),
            desk_id=desk_id,
        )

    async def person(self, agency: Agency, role: Role = Role.PRACTITIONER) -> Person:
        """Add somebody to an agency's staff."""
        number = next(_numbers)
        seed = signing.new_seed()
        name = GIVEN_NAMES[number % len(GIVEN_NAMES)]
        person = await self.agencies.add_person(
            agency_id=agency.id,
            name=f"{name} Primer {number}",
            role=role,
            matrix_user=f"@{name.lower()}-{number}:streha.localhost",
            signing_key=signing.public_key(seed),
        )
        self.seeds[person.id] = seed
        return person

    async def claim(self, person: Person, *, device: str = "GHTYAJCE", key: bytes | None = None) -> bytes:
        """Let somebody say which Matrix device is theirs; return its key, a new one unless it is given."""
        device_key = signing.public_key(signing.new_seed()) if key is None else key
        at = self.clock.now().replace(microsecond=0)
        await self.linking.claim(person, device, device_key, at, self.word(person, device, device_key, at))
        return device_key

    def word(self, person: Person, device: str, device_key: bytes, at: datetime) -> bytes:
        """Return what somebody signs to say that a device is theirs."""
        return device_claim.sign(
            self.seeds[person.id], network=NETWORK, person=person.id.bytes, matrix_user=person.matrix_user,
            device=device, key=device_key, at=int(at.timestamp()),
        )  # fmt: skip

    async def confirm(self, person: Person, administrator: Person, device_key: bytes) -> AttestationId:
        """Let an administrator confirm what somebody said of a device."""
        return (await self.linking.confirm(administrator, person.id, code_of(device_key))).id

    async def case(
        self, coordinator: Person, parts: Mapping[Office, Part], members: Sequence[Person] = (),
        deputy: Person | None = None,
    ) -> Case:  # fmt: skip
        """Open a case."""
        return await self.cases.open(
            coordinator,
            agencies={office.agency.id: part for office, part in parts.items()},
            deputy_id=None if deputy is None else deputy.id,
            member_ids=[each.id for each in members],
        )

    async def scene(self) -> Scene:
        """Open the case that most stories need; see `Scene`."""
        shelter = await self.office(AgencyKind.SHELTER, workers=2, officers=1, deputies=1)
        police = await self.office(AgencyKind.POLICE, workers=2, officers=2, deputies=1)
        welfare = await self.office(AgencyKind.SOCIAL_WELFARE, workers=1, officers=1, deputies=1)
        ngo = await self.office(AgencyKind.NGO, workers=1, officers=1)
        elsewhere = await self.office(AgencyKind.HEALTH)
        case = await self.case(
            shelter.worker,
            {police: Part.RESPONDER, welfare: Part.RESPONDER, ngo: Part.INFORMED},
            [police.worker, ngo.worker],
            welfare.worker,
        )
        return Scene(shelter=shelter, police=police, welfare=welfare, ngo=ngo, elsewhere=elsewhere, case=case)

    async def depart(self, person: Person) -> Person:
        """Let somebody leave the staff; return the person as the directory now knows it."""
        await depart(self.database, self.clock, person.id)
        async with self.database.transaction() as tx:
            return (await directory.people(tx, [person.id]))[person.id]
