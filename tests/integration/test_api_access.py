"""Who may not know something is told that it does not exist: strangers, excluded people, and everybody else alike."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import msgspec

from agencies.model import AgencyId, Person, PersonId
from alerts.closing import Closing
from alerts.model import AlertId, StandDownReason
from alerts.service import Alerts
from cases.model import CaseId, CompartmentId, Part
from cases.service import Cases
from core.errors import NotFound
from safety_plans.model import Level, ReviewId
from safety_plans.service import Reviews
from server.api.route import Route
from server.api.routes import ROUTES
from server.api.wire import Nothing
from server.api.wire.alerts import EndAlert, RaiseAlert
from server.api.wire.cases import NameLeaders, OpenCompartment, SetPart
from server.api.wire.reviews import SetLevel
from tests.people import Scene
from tests.served import ServedApi

pytest_plugins = ("tests.fixtures_api",)


class Facts:
    """A case with everything in it that somebody could ask for."""

    def __init__(self, scene: Scene, alert_id: UUID, review_id: UUID, excluded: Person) -> None:
        self.ids: dict[str, UUID] = {
            "case": scene.case.id,
            "compartment": scene.case.core.id,
            "alert": alert_id,
            "review": review_id,
            "person": scene.shelter.workers[1].id,
            "agency": scene.police.agency.id,
        }
        self.scene = scene
        self.excluded = excluded


async def facts(api: ServedApi) -> Facts:
    scene = await api.network.scene()
    services = api.services
    await services.cases.exclude(scene.coordinator, scene.case.id, scene.police.worker.id)
    view = await services.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    alert = await services.alerts.raise_(scene.coordinator, scene.case.core.id, uuid4())
    return Facts(scene, alert.alert.id, view.review.id, scene.police.worker)


def body_of(route: Route[Any], ids: dict[str, UUID]) -> object:
    bodies: dict[type, object] = {
        Nothing: None,
        NameLeaders: {"coordinator": ids["person"]},
        SetPart: {"part": "informed"},
        OpenCompartment: {},
        SetLevel: {"level": "low"},
        RaiseAlert: {"compartment": ids["compartment"]},
        EndAlert: {"reason": "safe"},
    }
    return bodies[route.takes]


def asked(route: Route[Any]) -> str:
    return f"{route.method} {route.path}"


async def test_every_thing_is_absent_for_whoever_may_not_know_it(api: ServedApi) -> None:
    known = await facts(api)
    absent = {name: uuid4() for name in known.ids}
    before = await everything(api)
    for person in (known.scene.stranger, known.excluded):
        token = await api.token(person)
        for route in (each for each in ROUTES if "{" in each.path):
            told = []
            for ids in (known.ids, absent):
                path = route.path.format(**ids)
                answer = await api.ask(route.method, path, body_of(route, ids), token=token)
                told.append({**answer.require_problem(404), "incident": ""})
            if route.takes is not RaiseAlert:
                assert told[0] == told[1], asked(route)
        for route in (each for each in ROUTES if each.path in ("/api/cases", "/api/reviews", "/api/alerts")):
            if route.method == "GET":
                answer = await api.ask("GET", route.path, token=token)
                assert list(answer.json.values()) == [[]], asked(route)
    assert await everything(api) == before


async def test_a_raise_tells_nothing_of_compartments_it_may_not_reach(api: ServedApi) -> None:
    known = await facts(api)
    token = await api.token(known.excluded)
    told = []
    for compartment in (known.ids["compartment"], uuid4()):
        answer = await api.ask("PUT", f"/api/alerts/{uuid4()}", {"compartment": compartment}, token=token)
        told.append({**answer.require_problem(404), "incident": ""})
    assert told[0] == told[1]


async def test_every_route_but_signing_in_needs_a_session(api: ServedApi) -> None:
    known = await facts(api)
    for route in ROUTES:
        answer = await api.ask(route.method, route.path.format(**known.ids), b"not even JSON")
        if route.signed_in:
            answer.require_problem(401)
        else:
            assert route.path.startswith("/api/sign-in/")
            answer.require_problem(400)


async def test_a_member_is_told_to_ask_a_leader(api: ServedApi) -> None:
    known = await facts(api)
    token = await api.token(known.scene.ngo.worker)
    for route in ROUTES:
        leads = route.method != "GET" and ("/cases/{case}" in route.path or "/compartments/{" in route.path)
        if leads:
            path = route.path.format(**known.ids)
            answer = await api.ask(route.method, path, body_of(route, known.ids), token=token)
            assert "Ask them." in answer.require_problem(409)["detail"], asked(route)


async def test_every_service_method_is_closed_to_a_stranger(api: ServedApi) -> None:
    known = await facts(api)
    services = api.services
    case_id, compartment_id = CaseId(known.ids["case"]), CompartmentId(known.ids["compartment"])
    alert_id, review_id = AlertId(known.ids["alert"]), ReviewId(known.ids["review"])
    agency_id, person_id = AgencyId(known.ids["agency"]), PersonId(known.ids["person"])
    closed: dict[Any, dict[str, Callable[[Person], Awaitable[object]]]] = {
        services.cases: {
            "see": lambda who: services.cases.see(who, case_id),
            "set_part": lambda who: services.cases.set_part(who, case_id, agency_id, Part.INFORMED),
            "open_compartment": lambda who: services.cases.open_compartment(who, case_id, []),
            "add_member": lambda who: services.cases.add_member(who, compartment_id, who.id),
            "remove_member": lambda who: services.cases.remove_member(who, compartment_id, person_id),
            "exclude": lambda who: services.cases.exclude(who, case_id, person_id),
            "set_leaders": lambda who: services.cases.set_leaders(who, case_id, who.id, None),
        },
        services.closing: {
            "close_compartment": lambda who: services.closing.close_compartment(who, compartment_id),
            "close_case": lambda who: services.closing.close_case(who, case_id),
        },
        services.alerts: {
            "raise_": lambda who: services.alerts.raise_(who, compartment_id, uuid4()),
            "see": lambda who: services.alerts.see(who, alert_id),
            "acknowledge": lambda who: services.alerts.acknowledge(who, alert_id),
            "stand_down": lambda who: services.alerts.stand_down(who, alert_id, StandDownReason.SAFE),
        },
        services.reviews: {
            "set_level": lambda who: services.reviews.set_level(who, case_id, Level.LOW),
            "complete": lambda who: services.reviews.complete(who, review_id),
        },
    }
    empty: dict[Any, dict[str, Callable[[Person], Awaitable[object]]]] = {
        services.cases: {"see_all": services.cases.see_all},
        services.closing: {},
        services.alerts: {
            "see_all": lambda who: services.alerts.see_all(who, ended=True),
            "open_for": lambda who: services.alerts.open_for(who, [compartment_id]),
            "last_accepted": services.alerts.last_accepted,
        },
        services.reviews: {"due": services.reviews.due},
    }
    # What anybody may do who works in the network.
    free = {Cases: {"open", "colleagues"}, Closing: set[str](), Alerts: set[str](), Reviews: set[str]()}
    for service, methods in closed.items():
        public = {
            name
            for name, _ in inspect.getmembers(type(service), inspect.iscoroutinefunction)
            if not name.startswith("_")
        }
        assert public == methods.keys() | empty[service].keys() | free[type(service)]

    before = await everything(api)
    for person in (known.scene.stranger, known.excluded):
        for methods in closed.values():
            for name, method in methods.items():
                assert await absent(method, person), name
        for methods in empty.values():
            for method in methods.values():
                assert not await method(person)
    assert await everything(api) == before


async def absent(method: Callable[[Person], Awaitable[object]], person: Person) -> bool:
    try:
        await method(person)
    except NotFound:
        return True
    return False


async def everything(api: ServedApi) -> bytes:
    """Return all that a stranger could have changed."""
    tables = ("cases", "case_agencies", "compartments", "compartment_members", "exclusions", "alerts", "alert_raises",
              "alert_recipients", "risk_levels", "reviews", "outbox")  # fmt: skip
    async with api.network.database.transaction() as tx:
        found = {
            name: await tx.value(f"SELECT json_agg(it ORDER BY it::text) FROM {name} AS it")  # noqa: S608 (names of ours)
            for name in tables
        }
        found["acts"] = await tx.value("SELECT count(*) FROM ledger WHERE act <> 'signed_in'")
    return msgspec.json.encode(found)
