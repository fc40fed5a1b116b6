"""Cases and compartments over the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Self

import msgspec

from agencies.model import AgencyId, PersonId
from cases.model import Case, CaseId, Compartment, CompartmentId, Part
from core.key_holders import Holding, KeyState
from core.texts import LANGUAGES
from server.api.wire import AGENCIES_AT_ONCE, PEOPLE_AT_ONCE, Codename, Language, Moment, Wire, in_order

Members = Annotated[tuple[PersonId, ...], msgspec.Meta(max_length=PEOPLE_AT_ONCE)]
KnownLanguage = Annotated[Language, msgspec.Meta(max_length=16, extra_json_schema={"enum": list(LANGUAGES)})]


class OpenCase(Wire, frozen=True, kw_only=True):
    """A case to open. The asker coordinates it, and the asker's agency responds unless it says otherwise."""

    agencies: Annotated[dict[AgencyId, Part], msgspec.Meta(max_length=AGENCIES_AT_ONCE)] = msgspec.field(
        default_factory=dict
    )
    deputy: PersonId | None = None
    members: Members = ()
    language: KnownLanguage = "en"


class NameLeaders(Wire, frozen=True, kw_only=True):
    """Who leads a case from now on."""

    coordinator: PersonId
    deputy: PersonId | None = None


class SetPart(Wire, frozen=True, kw_only=True):
    """An agency's part in a case."""

    part: Part


class OpenCompartment(Wire, frozen=True, kw_only=True):
    """Who is in the new compartment besides the asker."""

    members: Members = ()


class CompartmentAnswer(Wire, frozen=True, kw_only=True):
    """A circle of members with a channel of its own."""

    id: CompartmentId
    case: CaseId
    codename: Codename
    core: bool
    closed_at: Moment | None
    members: list[PersonId]

    @classmethod
    def of(cls, compartment: Compartment) -> Self:
        """Return a compartment as it is sent."""
        return cls(
            id=compartment.id,
            case=compartment.case_id,
            codename=compartment.codename,
            core=compartment.core,
            closed_at=compartment.closed_at,
            members=in_order(compartment.member_ids),
        )


class CaseAnswer(Wire, frozen=True, kw_only=True):
    """What the asker may know of a case."""

    id: CaseId
    codename: Codename
    language: Language
    coordinator: PersonId
    deputy: PersonId | None
    opened_at: Moment
    closed_at: Moment | None
    agencies: dict[AgencyId, Part]
    compartments: list[CompartmentAnswer]
    excluded: list[PersonId]

    @classmethod
    def of(cls, case: Case) -> Self:
        """Return a case as it is sent."""
        return cls(
            id=case.id,
            codename=case.codename,
            language=case.language,
            coordinator=case.coordinator_id,
            deputy=case.deputy_id,
            opened_at=case.opened_at,
            closed_at=case.closed_at,
            agencies={each: case.agencies[each] for each in in_order(case.agencies)},
            compartments=[CompartmentAnswer.of(each) for each in case.compartments],
            excluded=in_order(case.excluded_ids),
        )


class HoldingAnswer(Wire, frozen=True, kw_only=True):
    """How far a channel's key came with one member, on the device with which it came farthest."""

    person: PersonId
    state: KeyState
    # When any of the member's devices was last heard of, to the minute.
    seen_at: Moment | None


class ChannelKeysAnswer(Wire, frozen=True, kw_only=True):
    """Who can read what is said next in one channel. No members: nobody can tell now."""

    compartment: CompartmentId
    members: list[HoldingAnswer]


class KeysAnswer(Wire, frozen=True, kw_only=True):
    """Who can read what is said next in the channels of a case."""

    channels: list[ChannelKeysAnswer]

    @classmethod
    def of(cls, holdings: Mapping[CompartmentId, Mapping[PersonId, Holding]]) -> Self:
        """Return them as they are sent."""
        return cls(
            channels=[
                ChannelKeysAnswer(
                    compartment=compartment_id,
                    members=[
                        HoldingAnswer(person=person_id, state=each.state, seen_at=each.seen_at)
                        for person_id, each in sorted(people.items())
                    ],
                )
                for compartment_id, people in holdings.items()
            ]
        )


class CasesAnswer(Wire, frozen=True, kw_only=True):
    """The open cases of the asker."""

    cases: list[CaseAnswer]

    @classmethod
    def of(cls, cases: Iterable[Case]) -> Self:
        """Return cases as they are sent."""
        return cls(cases=[CaseAnswer.of(each) for each in cases])
