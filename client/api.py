"""The API as a person's own machine uses it: one method for every endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import date, datetime
from types import TracebackType
from typing import Self
from uuid import UUID

from agencies.attestation import EndReason
from alerts.incidents.rules import Fact, Section
from alerts.police.emergency import Service
from alerts.vocabulary import Event, StandDownReason, Status
from cases.model import Part
from client.answers import (
    Absence,
    Agencies,
    Agency,
    Alert,
    Alerts,
    Case,
    CaseClocks,
    Cases,
    Compartment,
    DeviceClaim,
    DeviceClaims,
    Drills,
    Incident,
    Keys,
    MatrixLink,
    MatrixLinks,
    OrganisationReview,
    OwnSentences,
    People,
    Person,
    Review,
    Reviews,
    SignInLink,
)
from client.card_answers import CardOfAlert, CardOfCompartment, DeskKey, DeskKeys
from client.connection import Connection, Sleep
from client.key_file import KeyFile
from client.line import REQUEST_SECONDS
from client.matrix_answers import ProvenLink, ProvenLinks
from client.operations import OperationsApi
from client.safe_calls import SafeCallsApi
from client.stream import Told, follow
from client.vault.api import VaultApi
from client.vault.invitations_api import InvitationsApi
from client.vault.keys_api import KeysApi
from crypto import desk_key, device_claim
from safety_plans.clocks.rules import ClockKind
from safety_plans.model import Level
from safety_plans.triggers import Within


class ApiClient:
    """Speaks as the person of a key file while the context is entered."""

    def __init__(
        self, key: KeyFile, *, language: str = "en", sleep: Sleep = asyncio.sleep, seconds: float = REQUEST_SECONDS
    ) -> None:
        self.key = key
        self._sleep = sleep
        self._connection = Connection(key, language=language, sleep=sleep, seconds=seconds)
        self.vault = VaultApi(self._connection)
        self.keys_of_vault = KeysApi(self._connection)
        self.invitations = InvitationsApi(self._connection)
        self.operations = OperationsApi(self._connection)
        self.safe_calls = SafeCallsApi(self._connection)

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.__aexit__(kind, error, trace)

    def follow(self, after: str | None = None) -> AsyncGenerator[Told, None]:
        """Tell what changes of everything one may know of, for ever."""
        return follow(self._connection, after, sleep=self._sleep)

    async def sign_out(self) -> None:
        """End the session."""
        await self._connection.sign_out()

    async def sign_in_link(self) -> SignInLink:
        """Return what signs one browser in as this person, once, within two minutes."""
        return await self._connection.ask(SignInLink, "POST", "api/sign-in/links")

    async def me(self) -> Person:
        """Return who is signed in."""
        return await self._connection.ask(Person, "GET", "api/me", repeat=True)

    async def agencies(self) -> list[Agency]:
        """Return every agency of the network."""
        return (await self._connection.ask(Agencies, "GET", "api/agencies", repeat=True)).agencies

    async def people(self) -> list[Person]:
        """Return the people one works with."""
        return (await self._connection.ask(People, "GET", "api/people", repeat=True)).people

    async def claim_device(self, matrix_user: str, device: str, device_key: bytes, at: datetime) -> DeviceClaim:
        """Say that a device of one's Matrix user is one's own, signed with one's key."""
        signed_at = at.replace(microsecond=0)
        signature = device_claim.sign(
            self.key.seed,
            network=self.key.network,
            person=self.key.person_id.bytes,
            matrix_user=matrix_user,
            device=device,
            key=device_key,
            at=int(signed_at.timestamp()),
        )
        body = {"device": device, "key": device_key, "signed_at": signed_at, "signature": signature}
        return await self._connection.ask(DeviceClaim, "POST", "api/matrix/claims", body, repeat=True)

    async def device_claims(self) -> list[DeviceClaim]:
        """Return the devices that one may confirm, the oldest first."""
        return (await self._connection.ask(DeviceClaims, "GET", "api/matrix/claims", repeat=True)).claims

    async def confirm_device(self, person_id: UUID, code: str) -> None:
        """Confirm a person's device by the code that the person read aloud."""
        await self._connection.tell("POST", f"api/matrix/claims/{person_id}/confirmation", {"code": code})

    async def refuse_device(self, person_id: UUID) -> None:
        """Refuse a person's device."""
        await self._connection.tell("POST", f"api/matrix/claims/{person_id}/refusal")

    async def matrix_links(self) -> list[MatrixLink]:
        """Return how far people are linked: an administrator's whole agency, everybody else alone."""
        return (await self._connection.ask(MatrixLinks, "GET", "api/matrix/links", repeat=True)).links

    async def matrix_proofs(self) -> list[ProvenLink]:
        """Return how the devices of an administrator's agency are said to lead to their identities."""
        return (await self._connection.ask(ProvenLinks, "GET", "api/matrix/proofs", repeat=True)).links

    async def end_matrix_link(self, person_id: UUID, reason: EndReason) -> None:
        """End a person's link, and whatever of theirs waits to be confirmed."""
        await self._connection.tell("POST", f"api/matrix/links/{person_id}/end", {"reason": reason})

    async def cases(self) -> list[Case]:
        """Return the open cases one has a part in."""
        return (await self._connection.ask(Cases, "GET", "api/cases", repeat=True)).cases

    async def case(self, case_id: UUID) -> Case:
        """Return what one may know of a case."""
        return await self._connection.ask(Case, "GET", f"api/cases/{case_id}", repeat=True)

    async def keys(self, case_id: UUID) -> Keys:
        """Return who can read what is said next in the channels of a case."""
        return await self._connection.ask(Keys, "GET", f"api/cases/{case_id}/keys", repeat=True)

    async def open_case(
        self,
        *,
        agencies: Mapping[UUID, Part],
        deputy: UUID | None = None,
        members: Sequence[UUID] = (),
        language: str = "en",
    ) -> Case:
        """Open a case with oneself as coordinator."""
        body = {"agencies": dict(agencies), "deputy": deputy, "members": list(members), "language": language}
        return await self._connection.ask(Case, "POST", "api/cases", body)

    async def warm_keys(self, case_id: UUID) -> None:
        """Have missing keys of a case's channels given out now."""
        await self._connection.tell("POST", f"api/cases/{case_id}/keys")

    async def close_case(self, case_id: UUID) -> None:
        """Close a case and all its channels."""
        await self._connection.tell("POST", f"api/cases/{case_id}/closure")

    async def name_leaders(self, case_id: UUID, coordinator: UUID, deputy: UUID | None) -> Case:
        """Name coordinator and deputy."""
        body = {"coordinator": coordinator, "deputy": deputy}
        return await self._connection.ask(Case, "PUT", f"api/cases/{case_id}/leaders", body)

    async def set_part(self, case_id: UUID, agency_id: UUID, part: Part) -> Case:
        """Give an agency its part in a case."""
        path = f"api/cases/{case_id}/agencies/{agency_id}"
        return await self._connection.ask(Case, "PUT", path, {"part": part}, repeat=True)

    async def exclude(self, case_id: UUID, person_id: UUID) -> None:
        """Bar a person from everything of a case, for good."""
        await self._connection.tell("PUT", f"api/cases/{case_id}/exclusions/{person_id}", repeat=True)

    async def open_compartment(self, case_id: UUID, members: Sequence[UUID]) -> Compartment:
        """Open a smaller circle within a case."""
        body = {"members": list(members)}
        return await self._connection.ask(Compartment, "POST", f"api/cases/{case_id}/compartments", body)

    async def close_compartment(self, compartment_id: UUID) -> None:
        """Close a compartment and its channel."""
        await self._connection.tell("POST", f"api/compartments/{compartment_id}/closure")

    async def add_member(self, compartment_id: UUID, person_id: UUID) -> None:
        """Add a member to a compartment."""
        await self._connection.tell("PUT", f"api/compartments/{compartment_id}/members/{person_id}", repeat=True)

    async def remove_member(self, compartment_id: UUID, person_id: UUID) -> None:
        """Remove a member from a compartment."""
        await self._connection.tell("DELETE", f"api/compartments/{compartment_id}/members/{person_id}")

    async def set_level(self, case_id: UUID, level: Level, assessed_at: datetime | None = None) -> Review:
        """Record the risk level of a case; return the review that follows."""
        body = {"level": level, "assessed_at": assessed_at}
        return await self._connection.ask(Review, "PUT", f"api/cases/{case_id}/level", body)

    async def note_event(self, case_id: UUID, within: Within) -> Review:
        """Record that something happened in a case which must be assessed in time; return its open review."""
        return await self._connection.ask(Review, "POST", f"api/cases/{case_id}/events", {"within": within})

    async def absence(self) -> Absence:
        """Return from when until when one is away."""
        return await self._connection.ask(Absence, "GET", "api/me/absence", repeat=True)

    async def put_absence(
        self, first: date | None = None, last: date | None = None, person: UUID | None = None
    ) -> Absence:
        """Record that somebody, oneself unless named, is away from one day to another; without days, there again."""
        body = {"first": first, "last": last, "person": person}
        return await self._connection.ask(Absence, "PUT", "api/absences", body)

    async def organisation_review(self) -> OrganisationReview:
        """Return by when one's own organisation assesses its safety."""
        return await self._connection.ask(OrganisationReview, "GET", "api/organisation/review", repeat=True)

    async def complete_organisation_review(self) -> OrganisationReview:
        """Record that one's organisation assessed its safety; return the next review."""
        return await self._connection.ask(OrganisationReview, "POST", "api/organisation/review/completion")

    async def clocks(self, case_id: UUID) -> CaseClocks:
        """Return what must be looked at again and again in a case, and its dates."""
        return await self._connection.ask(CaseClocks, "GET", f"api/cases/{case_id}/clocks", repeat=True)

    async def wind_clock(
        self,
        case_id: UUID,
        kind: ClockKind,
        at: datetime | None = None,
        owner: UUID | None = None,
        *,
        ended: bool = False,
    ) -> CaseClocks:
        """Record that somebody looked, or that a clock ended; return what runs then."""
        body = {"kind": kind, "at": at, "owner": owner, "ended": ended}
        return await self._connection.ask(CaseClocks, "PUT", f"api/cases/{case_id}/clocks", body)

    async def set_date(self, case_id: UUID, at: datetime, *, off: bool = False) -> CaseClocks:
        """Record a day at court or of a transfer, or that it is off."""
        return await self._connection.ask(CaseClocks, "PUT", f"api/cases/{case_id}/dates", {"at": at, "off": off})

    async def reviews(self) -> list[Review]:
        """Return the open reviews of one's cases."""
        return (await self._connection.ask(Reviews, "GET", "api/reviews", repeat=True)).reviews

    async def complete_review(self, review_id: UUID) -> Review:
        """Record that a review was done; return the next one."""
        return await self._connection.ask(Review, "POST", f"api/reviews/{review_id}/completion")

    async def raise_alert(
        self, compartment_id: UUID, key: UUID, *, event: Event = Event.PANIC, status: Status = Status.ACTUAL,
        child: bool = False,
    ) -> Alert:  # fmt: skip
        """Raise an alert, once per key. See `client.raising` for staying until somebody accepts."""
        body: dict[str, object] = {"compartment": compartment_id, "event": event, "status": status}
        if child:
            # An older server knows no such word, and must not refuse all others for it.
            body["child"] = True
        return await self._connection.ask(Alert, "PUT", f"api/alerts/{key}", body)

    async def alerts(self, *, ended: bool = False) -> list[Alert]:
        """Return the alerts one may see, newest first."""
        query = {"ended": "true" if ended else "false"}
        return (await self._connection.ask(Alerts, "GET", "api/alerts", query=query, repeat=True)).alerts

    async def alert(self, alert_id: UUID) -> Alert:
        """Return one alert."""
        return await self._connection.ask(Alert, "GET", f"api/alerts/{alert_id}", repeat=True)

    async def acknowledge(self, alert_id: UUID) -> Alert:
        """Accept an alert by name."""
        return await self._connection.ask(Alert, "POST", f"api/alerts/{alert_id}/acknowledgement", repeat=True)

    async def stand_down(self, alert_id: UUID, reason: StandDownReason) -> Alert:
        """End an alert."""
        return await self._connection.ask(Alert, "POST", f"api/alerts/{alert_id}/stand-down", {"reason": reason})

    async def note_conversation(self, alert_id: UUID, person_id: UUID, at: datetime | None = None) -> Alert:
        """Note that one spoke with somebody who takes part in an alert, now or at a moment."""
        body = {"person": person_id, "at": at}
        return await self._connection.ask(Alert, "POST", f"api/alerts/{alert_id}/conversations", body)

    async def note_emergency_call(
        self, alert_id: UUID, *, called: bool, by: UUID | None = None, at: datetime | None = None,
        service: Service = Service.POLICE,
    ) -> Alert:  # fmt: skip
        """Note whether the police or an ambulance was called for an alert, by whom and when."""
        body = {"called": called, "by": by, "at": at, "service": service}
        return await self._connection.ask(Alert, "POST", f"api/alerts/{alert_id}/emergency-calls", body)

    async def incident(self, alert_id: UUID) -> Incident:
        """Return the incident record of an alert."""
        return await self._connection.ask(Incident, "GET", f"api/alerts/{alert_id}/incident", repeat=True)

    async def add_fact(self, alert_id: UUID, section: Section, fact: Fact) -> Incident:
        """Note what is known of an incident, once in a section."""
        body = {"section": section, "fact": fact}
        return await self._connection.ask(Incident, "POST", f"api/alerts/{alert_id}/incident/facts", body)

    async def desk_keys(self) -> list[DeskKey]:
        """Return the duty desks that one belongs to, each with its key."""
        return (await self._connection.ask(DeskKeys, "GET", "api/desk-keys", repeat=True)).desks

    async def give_desk_key(self, desk_id: UUID, key: bytes, at: datetime) -> DeskKey:
        """Give a duty desk its public key, signed with one's own."""
        signed_at, own = at.replace(microsecond=0), self.key
        signature = desk_key.sign(
            own.seed, network=own.network, person=own.person_id.bytes, desk=desk_id.bytes, key=key,
            at=int(signed_at.timestamp()),
        )  # fmt: skip
        body = {"key": key, "signed_at": signed_at, "signature": signature}
        return await self._connection.ask(DeskKey, "PUT", f"api/desk-keys/{desk_id}", body, repeat=True)

    async def card(self, compartment_id: UUID) -> CardOfCompartment:
        """Return how it stands with the card of a compartment whose case one leads."""
        path = f"api/compartments/{compartment_id}/card"
        return await self._connection.ask(CardOfCompartment, "GET", path, repeat=True)

    async def put_card(self, compartment_id: UUID, number: int, sealed: Mapping[UUID, bytes]) -> CardOfCompartment:
        """Store the next card of a compartment, sealed to its desks."""
        body = {"number": number, "sealed": [{"desk": desk, "sealed": each} for desk, each in sealed.items()]}
        return await self._connection.ask(CardOfCompartment, "PUT", f"api/compartments/{compartment_id}/card", body)

    async def card_of_alert(self, alert_id: UUID) -> CardOfAlert:
        """Return the sealed card of an alert that one has accepted."""
        return await self._connection.ask(CardOfAlert, "POST", f"api/alerts/{alert_id}/card")

    async def sentences(self) -> OwnSentences:
        """Return whether one has sentences of one's own."""
        return await self._connection.ask(OwnSentences, "GET", "api/me/sentences", repeat=True)

    async def set_sentences(self, public_key: bytes, sealed: bytes) -> OwnSentences:
        """Leave one's own sentences, sealed to the bot's key."""
        body = {"public_key": public_key, "sealed": sealed}
        return await self._connection.ask(OwnSentences, "PUT", "api/me/sentences", body, repeat=True)

    async def clear_sentences(self) -> None:
        """Clear one's own sentences."""
        await self._connection.tell("DELETE", "api/me/sentences")

    async def drills(self, agency_id: UUID) -> Drills:
        """Return how soon an agency that one administers accepts exercises."""
        return await self._connection.ask(Drills, "GET", f"api/agencies/{agency_id}/drills", repeat=True)
