"""Cases: opening, staffing and closing them and their compartments."""

from __future__ import annotations

from typing import Any

from agencies.model import AgencyId, PersonId
from cases.model import CaseId, CompartmentId
from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire import Nothing
from server.api.wire.cases import (
    CaseAnswer,
    CasesAnswer,
    CompartmentAnswer,
    KeysAnswer,
    NameLeaders,
    OpenCase,
    OpenCompartment,
    SetPart,
)


async def list_cases(call: Call[Nothing]) -> CasesAnswer:
    """Return the open cases in which the actor has a part."""
    return CasesAnswer.of(await call.services.cases.see_all(call.actor))


async def open_case(call: Call[OpenCase]) -> CaseAnswer:
    """Open a case with the actor as coordinator."""
    asked = call.asked
    opened = await call.services.cases.open(
        call.actor,
        agencies=asked.agencies,
        deputy_id=asked.deputy,
        member_ids=asked.members,
        language=asked.language,
    )
    return CaseAnswer.of(opened)


async def show_case(call: Call[Nothing]) -> CaseAnswer:
    """Return what the actor may know of a case."""
    return CaseAnswer.of(await call.services.cases.see(call.actor, _case(call)))


async def show_keys(call: Call[Nothing]) -> KeysAnswer:
    """Return who can read what is said next in the case's channels."""
    return KeysAnswer.of(await call.services.cases.key_holdings(call.actor, _case(call)))


async def warm_keys(call: Call[Nothing]) -> Nothing:
    """Have keys given out now where some are missing."""
    await call.services.cases.warm_keys(call.actor, _case(call))
    return Nothing()


async def close_case(call: Call[Nothing]) -> Nothing:
    """Close a case with all its channels."""
    await call.services.closing.close_case(call.actor, _case(call))
    return Nothing()


async def name_leaders(call: Call[NameLeaders]) -> CaseAnswer:
    """Name coordinator and deputy."""
    asked = call.asked
    return CaseAnswer.of(
        await call.services.cases.set_leaders(call.actor, _case(call), asked.coordinator, asked.deputy)
    )


async def set_part(call: Call[SetPart]) -> CaseAnswer:
    """Give an agency its part in a case."""
    agency_id = AgencyId(call.ids["agency"])
    return CaseAnswer.of(await call.services.cases.set_part(call.actor, _case(call), agency_id, call.asked.part))


async def exclude(call: Call[Nothing]) -> Nothing:
    """Bar a person from everything of a case."""
    await call.services.cases.exclude(call.actor, _case(call), _person(call))
    return Nothing()


async def open_compartment(call: Call[OpenCompartment]) -> CompartmentAnswer:
    """Open a smaller circle within a case."""
    return CompartmentAnswer.of(await call.services.cases.open_compartment(call.actor, _case(call), call.asked.members))


async def close_compartment(call: Call[Nothing]) -> Nothing:
    """Close a compartment with its channel."""
    await call.services.closing.close_compartment(call.actor, _compartment(call))
    return Nothing()


async def add_member(call: Call[Nothing]) -> Nothing:
    """Add a person to a compartment."""
    await call.services.cases.add_member(call.actor, _compartment(call), _person(call))
    return Nothing()


async def remove_member(call: Call[Nothing]) -> Nothing:
    """Remove a person from a compartment."""
    await call.services.cases.remove_member(call.actor, _compartment(call), _person(call))
    return Nothing()


def _case(call: Call[Any]) -> CaseId:
    return CaseId(call.ids["case"])


def _compartment(call: Call[Any]) -> CompartmentId:
    return CompartmentId(call.ids["compartment"])


def _person(call: Call[Any]) -> PersonId:
    return PersonId(call.ids["person"])


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="GET",
        path="/api/cases",
        summary="The open cases one has a part in",
        call=list_cases,
        access=Access.STAFF,
        takes=Nothing,
        gives=CasesAnswer,
    ),
    Route(
        method="POST",
        path="/api/cases",
        summary="Open a case and its channel",
        call=open_case,
        access=Access.STAFF,
        takes=OpenCase,
        gives=CaseAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path="/api/cases/{case}",
        summary="What one may know of a case",
        call=show_case,
        access=Access.PART_IN_CASE,
        takes=Nothing,
        gives=CaseAnswer,
    ),
    Route(
        method="GET",
        path="/api/cases/{case}/keys",
        summary="Who can read what is said next in the case's channels",
        call=show_keys,
        access=Access.PART_IN_CASE,
        takes=Nothing,
        gives=KeysAnswer,
    ),
    Route(
        method="POST",
        path="/api/cases/{case}/keys",
        summary="Have missing keys of the case's channels given out now",
        call=warm_keys,
        access=Access.PART_IN_CASE,
        takes=Nothing,
        status=204,
    ),
    Route(
        method="POST",
        path="/api/cases/{case}/closure",
        summary="Close a case and all its channels",
        call=close_case,
        access=Access.LEADS_CASE,
        takes=Nothing,
        status=204,
    ),
    Route(
        method="PUT",
        path="/api/cases/{case}/leaders",
        summary="Name coordinator and deputy",
        call=name_leaders,
        access=Access.LEADS_CASE,
        takes=NameLeaders,
        gives=CaseAnswer,
    ),
    Route(
        method="PUT",
        path="/api/cases/{case}/agencies/{agency}",
        summary="Give an agency its part in a case",
        call=set_part,
        access=Access.LEADS_CASE,
        takes=SetPart,
        gives=CaseAnswer,
    ),
    Route(
        method="PUT",
        path="/api/cases/{case}/exclusions/{person}",
        summary="Bar a person from a case for good",
        call=exclude,
        access=Access.LEADS_CASE,
        takes=Nothing,
        status=204,
    ),
    Route(
        method="POST",
        path="/api/cases/{case}/compartments",
        summary="Open a smaller circle with a channel of its own",
        call=open_compartment,
        access=Access.LEADS_CASE,
        takes=OpenCompartment,
        gives=CompartmentAnswer,
        status=201,
    ),
    Route(
        method="POST",
        path="/api/compartments/{compartment}/closure",
        summary="Close a compartment and its channel",
        call=close_compartment,
        access=Access.LEADS_COMPARTMENT,
        takes=Nothing,
        status=204,
    ),
    Route(
        method="PUT",
        path="/api/compartments/{compartment}/members/{person}",
        summary="Add a member",
        call=add_member,
        access=Access.LEADS_COMPARTMENT,
        takes=Nothing,
        status=204,
    ),
    Route(
        method="DELETE",
        path="/api/compartments/{compartment}/members/{person}",
        summary="Remove a member at once",
        call=remove_member,
        access=Access.LEADS_COMPARTMENT,
        takes=Nothing,
        status=204,
    ),
)
