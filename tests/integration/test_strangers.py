"""Every method that takes an actor, called by people who have no part: absent and forbidden answer alike.

A method that is not listed here fails `test_every_method_is_tried`, so that none can be added unnoticed.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from agencies import duty_rings
from agencies import store as directory
from agencies.absences import Absences
from agencies.attestation import EndReason
from agencies.desk_keys import DeskKeys
from agencies.duty_ring import DutyRingId
from agencies.linking import Linking
from agencies.model import DeskId, PasskeyId, Person, PersonId
from agencies.passkeys import Passkeys
from agencies.stints import Stint
from agencies.vault.bundles import Bundles
from agencies.vault.invitations import Invitations
from alerts.cards.service import Cards
from alerts.duress.own import Sentences
from alerts.incidents.records import Incidents
from alerts.incidents.rules import Fact, Section
from alerts.model import AlertId
from alerts.police.emergency_calls import EmergencyCalls
from alerts.rung import Rung
from alerts.service import Alerts
from alerts.store import SQL
from alerts.telephone.desk_call import DeskCallId
from alerts.vocabulary import StandDownReason
from cases import store as case_store
from cases.model import CaseId, CompartmentId, Part
from cases.service import Cases
from cases.vault.fetching import Fetching
from cases.vault.inquiring import Inquiring
from cases.vault.service import Vault
from core.clock import SystemClock
from core.database import Database
from core.errors import NotFound
from operations.closing import Closing
from operations.handing_over import HandingOver
from operations.model import MilestoneKind, OperationId, Refusal
from operations.planning import Plan, Step
from operations.safe_calls.model import SafeCallId, SafeCallPlan
from operations.safe_calls.service import SafeCalls
from operations.service import Operations
from operations.timeline import CaseTimeline
from operations.under_way import UnderWay
from safety_plans.clocks.rules import ClockKind
from safety_plans.clocks.service import CaseClocks
from safety_plans.model import Level, ReviewId
from safety_plans.organisations.service import OrganisationReviews
from safety_plans.saving import Saving, Tells
from safety_plans.service import Reviews
from safety_plans.triggers import Within
from tests.people import Network, Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Things:
    """What somebody tries to reach."""

    case: CaseId
    core: CompartmentId
    circle: CompartmentId
    alert: AlertId
    review: ReviewId
    desk: DeskId
    # Whose device waits to be confirmed.
    person: PersonId
    # Somebody's.
    passkey: PasskeyId
    # What rings a desk.
    ring: DutyRingId
    call: DeskCallId
    operation: OperationId
    safe_call: SafeCallId


async def tell_level(network: Network, person: Person, case_id: CaseId) -> None:
    async with network.database.transaction() as tx:
        case = await case_store.case(tx, case_id, lock=True)
        await network.reviews.tell_level(tx, person, case, Level.VERY_HIGH, None)


def way(scene: Scene, network: Network) -> Plan:
    """Return the plan of a way by members of the case."""
    begins, two = network.clock.now() + timedelta(days=2), (scene.member.id, scene.coordinator.id)
    step = Step(kind=MilestoneKind.HOME_SAFE, due_at=begins + timedelta(hours=2), confirmers=two)
    return Plan(
        coordinator_id=scene.coordinator.id, buddy_id=scene.deputy.id, liaison_id=None, begins_at=begins,
        ends_at=begins + timedelta(hours=5), steps=[step],
    )  # fmt: skip


def safe_call(scene: Scene, network: Network) -> SafeCallPlan:
    """Return the plan of a safe-call for which members of the case listen."""
    due_at, two = network.clock.now() + timedelta(hours=2), (scene.member.id, scene.coordinator.id)
    return SafeCallPlan(listeners=two, buddy_id=scene.deputy.id, due_at=due_at)


Attempt = Callable[[Network, Person, Scene, Things], Awaitable[object]]

REFUSED: dict[str, Attempt] = {
    "Cases.see": lambda n, p, _s, t: n.cases.see(p, t.case),
    "Cases.set_part": lambda n, p, s, t: n.cases.set_part(p, t.case, s.ngo.agency.id, Part.RESPONDER),
    "Cases.open_compartment": lambda n, p, _s, t: n.cases.open_compartment(p, t.case, []),
    "Cases.add_member": lambda n, p, s, t: n.cases.add_member(p, t.core, s.police.officer.id),
    "Cases.remove_member": lambda n, p, s, t: n.cases.remove_member(p, t.circle, s.member.id),
    "Cases.exclude": lambda n, p, s, t: n.cases.exclude(p, t.case, s.ngo.officer.id),
    "Cases.set_leaders": lambda n, p, s, t: n.cases.set_leaders(p, t.case, s.member.id, None),
    "Cases.key_holdings": lambda n, p, _s, t: n.cases.key_holdings(p, t.case),
    "Cases.warm_keys": lambda n, p, _s, t: n.cases.warm_keys(p, t.case),
    "Closing.close_compartment": lambda n, p, _s, t: n.closing.close_compartment(p, t.circle),
    "Closing.close_case": lambda n, p, _s, t: n.closing.close_case(p, t.case),
    "Alerts.raise_": lambda n, p, _s, t: n.alerts.raise_(p, t.core, uuid4()),
    "Alerts.see": lambda n, p, _s, t: n.alerts.see(p, t.alert),
    "Alerts.acknowledge": lambda n, p, _s, t: n.alerts.acknowledge(p, t.alert),
    "Alerts.note_conversation": lambda n, p, s, t: n.alerts.note_conversation(p, t.alert, s.member.id),
    "Alerts.stand_down": lambda n, p, _s, t: n.alerts.stand_down(p, t.alert, StandDownReason.SAFE),
    "EmergencyCalls.note": lambda n, p, _s, t: n.emergency_calls.note(p, t.alert, called=False),
    "Incidents.see": lambda n, p, _s, t: n.incidents.see(p, t.alert),
    "Incidents.add": lambda n, p, _s, t: n.incidents.add(p, t.alert, Section.IMMEDIATE, Fact.POLICE_CAME),
    "Rung.answer_ring": lambda n, p, _s, t: n.rung.answer_ring(p, t.ring),
    "Rung.take_call": lambda n, p, _s, t: n.rung.take_call(p, t.call),
    "Cards.see": lambda n, p, _s, t: n.cards.see(p, t.core),
    "Cards.put": lambda n, p, _s, t: n.cards.put(p, t.core, 1, {t.desk: bytes(3402)}),
    "Cards.give": lambda n, p, _s, t: n.cards.give(p, t.alert),
    "DeskKeys.put": lambda n, p, _s, t: n.desk_keys.put(p, t.desk, bytes(32), n.clock.now(), bytes(64)),
    "Reviews.note_event": lambda n, p, _s, t: n.reviews.note_event(p, t.case, Within.ONE_DAY),
    "Reviews.set_level": lambda n, p, _s, t: n.reviews.set_level(p, t.case, Level.LOW),
    "Reviews.tell_level": lambda n, p, _s, t: tell_level(n, p, t.case),
    "CaseClocks.see": lambda n, p, _s, t: n.clocks.see(p, t.case),
    "CaseClocks.looked": lambda n, p, _s, t: n.clocks.looked(p, t.case, ClockKind.CONTACT),
    "CaseClocks.end": lambda n, p, _s, t: n.clocks.end(p, t.case, ClockKind.CUSTODY),
    "CaseClocks.add_date": lambda n, p, _s, t: n.clocks.add_date(p, t.case, n.clock.now() + timedelta(days=9)),
    "CaseClocks.take_date": lambda n, p, _s, t: n.clocks.take_date(p, t.case, n.clock.now() + timedelta(days=9)),
    "Operations.plan": lambda n, p, s, t: n.operations.plan(p, t.core, uuid4(), way(s, n)),
    "Operations.plan_anew": lambda n, p, s, t: n.operations.plan_anew(p, t.operation, way(s, n)),
    "Operations.see": lambda n, p, _s, t: n.operations.see(p, t.operation),
    "Operations.approve": lambda n, p, _s, t: n.operations.approve(p, t.operation),
    "Operations.readiness": lambda n, p, _s, t: n.operations.readiness(p, t.operation),
    "Operations.go": lambda n, p, _s, t: n.operations.go(p, t.operation),
    "Operations.postpone": lambda n, p, _s, t: n.operations.postpone(p, t.operation),
    "Operations.close": lambda n, p, _s, t: n.operations.close(p, t.operation),
    "UnderWay.confirm": lambda n, p, _s, t: n.under_way.confirm(p, t.operation),
    "UnderWay.delay": lambda n, p, _s, t: n.under_way.delay(p, t.operation, 20, uuid4()),
    "UnderWay.dark": lambda n, p, _s, t: n.under_way.dark(p, t.operation, 60, uuid4()),
    "UnderWay.divert": lambda n, p, _s, t: n.under_way.divert(p, t.operation),
    "UnderWay.abort": lambda n, p, _s, t: n.under_way.abort(p, t.operation),
    "HandingOver.receive": lambda n, p, _s, t: n.handing_over.receive(p, t.operation),
    "HandingOver.refuse": lambda n, p, _s, t: n.handing_over.refuse(p, t.operation, Refusal.NO_PLACE),
    "HandingOver.name": lambda n, p, s, t: n.handing_over.name(p, t.operation, s.ngo.worker.id),
    "CaseTimeline.see": lambda n, p, _s, t: n.timeline.see(p, t.case),
    "SafeCalls.plan": lambda n, p, s, t: n.safe_calls.plan(p, t.core, uuid4(), safe_call(s, n)),
    "SafeCalls.heard": lambda n, p, _s, t: n.safe_calls.heard(p, t.safe_call),
    "SafeCalls.call_off": lambda n, p, _s, t: n.safe_calls.call_off(p, t.safe_call),
    "Reviews.complete": lambda n, p, _s, t: n.reviews.complete(p, t.review),
    "Linking.confirm": lambda n, p, _s, t: n.linking.confirm(p, t.person, "AbCd EfGh IjKl MnOp"),
    "Linking.refuse": lambda n, p, _s, t: n.linking.refuse(p, t.person),
    "Vault.see": lambda n, p, _s, t: n.vault.see(p, t.core),
    "Vault.append_to_members": lambda n, p, _s, t: n.vault.append_to_members(p, t.core, b"\x01", given=[], wrapped=[]),
    "Vault.append_to_records": lambda n, p, _s, t: n.vault.append_to_records(p, t.core, b"\x01", None, None),
    "Saving.put": lambda n, p, _s, t: n.saving.put(p, t.core, b"\x01", None, None, Tells(level=Level.HIGH)),
    "Fetching.grant": lambda n, p, _s, t: n.fetching.grant(p, t.core),
    "Fetching.version": lambda n, p, _s, t: n.fetching.version(p, t.core, uuid4()),
    "Fetching.versions": lambda n, p, _s, t: n.fetching.versions(p, t.core),
    "Fetching.give_history": lambda n, p, s, t: n.fetching.give_history(p, t.core, s.member.id, b"\x01"),
    "Fetching.history": lambda n, p, _s, t: n.fetching.history(p, t.core),
    "Fetching.tell_export": lambda n, p, _s, t: n.fetching.tell_export(p, t.core, [uuid4()]),
    "Inquiring.acts": lambda n, p, _s, t: n.inquiring.acts(p, t.core),
    "Inquiring.tell_export": lambda n, p, _s, t: n.inquiring.tell_export(p, t.core),
    "Invitations.take_back": lambda n, p, _s, _t: n.invitations.take_back(p, uuid4()),
    "Bundles.take_away": lambda n, p, _s, _t: n.bundles.take_away(p, uuid4()),
    "Linking.end": lambda n, p, _s, t: n.linking.end(p, t.person, EndReason.COMPROMISED),
    "Passkeys.remove": lambda n, p, _s, t: n.passkeys.remove(p, t.passkey),
}
EMPTY: dict[str, Attempt] = {
    "Cases.see_all": lambda n, p, _s, _t: n.cases.see_all(p),
    "Alerts.see_all": lambda n, p, _s, _t: n.alerts.see_all(p, ended=True),
    "Alerts.open_for": lambda n, p, _s, t: n.alerts.open_for(p, [t.core, t.circle]),
    "Alerts.last_accepted": lambda n, p, _s, _t: n.alerts.last_accepted(p),
    "CaseClocks.due": lambda n, p, _s, _t: n.clocks.due(p),
    "Reviews.due": lambda n, p, _s, _t: n.reviews.due(p),
    "SafeCalls.see_all": lambda n, p, _s, _t: n.safe_calls.see_all(p),
    "Operations.see_all": lambda n, p, _s, _t: n.operations.see_all(p),
    "Operations.running_in": lambda n, p, _s, t: n.operations.running_in(p, t.core),
    "Linking.pending": lambda n, p, _s, _t: n.linking.pending(p),
    "Linking.proofs": lambda n, p, _s, _t: n.linking.proofs(p),
    "DeskKeys.mine": lambda n, p, _s, _t: n.desk_keys.mine(p),
    "Bundles.mine": lambda n, p, _s, _t: n.bundles.mine(p),
}
# What anybody on the staff may do: open a case of one's own, see colleagues (tests/integration/test_cases.py), say
# which device is one's own and see how far one is linked (tests/integration/test_linking.py).
OPEN_TO_STAFF = {
    "Cases.open", "Cases.colleagues", "Linking.claim", "Linking.states",
    # One's own sentences, nobody else's (tests/integration/test_duress.py).
    "Sentences.see", "Sentences.set", "Sentences.clear",
    # One's own locked keys; whoever knows a bundle's id fetches it (tests/integration/test_vault_staff.py).
    "Bundles.put", "Bundles.fetch",
    # One's own passkeys, nobody else's (tests/integration/test_passkeys.py).
    "Passkeys.ask", "Passkeys.add", "Passkeys.mine",
    # One's own (tests/integration/test_absences.py).
    "Absences.see", "Absences.put", "Absences.end",
    # One's own organisation's (tests/integration/test_organisation_reviews.py).
    "OrganisationReviews.own", "OrganisationReviews.done",
    # What rings oneself, nobody else (tests/integration/test_rung.py).
    "Rung.see",
}  # fmt: skip
# What an administrator of any agency may do; others are told whom to ask (tests/integration/test_authorisation.py).
FOR_ADMINISTRATORS = {"Invitations.invite", "Invitations.waiting"}
# Who asks is nobody yet: a paper's token opens it, once (tests/integration/test_joining.py).
BY_TOKEN = {"Invitations.open", "Invitations.offer"}

PEOPLE = ["stranger", "colleague of a member", "excluded", "removed", "departed", "departed, still held by a request"]


def test_every_method_is_tried() -> None:
    methods = {
        f"{service.__name__}.{name}"
        for service in (
            Cases,
            Closing,
            Alerts,
            EmergencyCalls,
            Incidents,
            Reviews,
            CaseClocks,
            Operations,
            UnderWay,
            HandingOver,
            CaseTimeline,
            SafeCalls,
            OrganisationReviews,
            Absences,
            Saving,
            Linking,
            Cards,
            DeskKeys,
            Sentences,
            Vault,
            Fetching,
            Inquiring,
            Bundles,
            Invitations,
            Passkeys,
            Rung,
        )
        for name, member in inspect.getmembers(service, inspect.iscoroutinefunction)
        if not name.startswith("_")
    }
    assert methods == {*REFUSED, *EMPTY, *OPEN_TO_STAFF, *FOR_ADMINISTRATORS, *BY_TOKEN}


async def nobody(network: Network, scene: Scene, who: str) -> Person:
    match who:
        case "stranger":
            return scene.stranger
        case "colleague of a member":
            return scene.police.workers[1]
        case "excluded":
            await network.cases.exclude(scene.coordinator, scene.case.id, scene.ngo.worker.id)
        case "removed":
            await network.cases.remove_member(scene.coordinator, scene.case.core.id, scene.ngo.worker.id)
        case "departed":
            return await network.depart(scene.ngo.worker)
        case _:
            await network.depart(scene.ngo.worker)
    return scene.ngo.worker


async def passkey_of(database: Database, person: Person) -> PasskeyId:
    """Give a person a passkey."""
    passkey_id = PasskeyId(uuid4())
    async with database.transaction() as tx:
        await tx.run(
            directory.SQL["add_passkey"],
            passkey_id,
            person.id,
            bytes(32),
            bytes(32),
            b"key",
            0,
            False,
            SystemClock().now(),
        )
    return passkey_id


async def rung(database: Database, scene: Scene) -> Any:
    """Let a test ring and a call for help wait for the desk of the welfare centre; return their ids by name."""
    welfare, now = scene.welfare, SystemClock().now()
    assert welfare.desk_id is not None
    later, call_id = now + timedelta(days=1), DeskCallId(uuid4())
    async with database.transaction() as tx:
        stint = Stint(person_id=None, begins_at=now, ends_at=later, starts=(now,))
        ring = await duty_rings.add(tx, welfare.desk_id, stint, now)
        await tx.run(SQL["begin_desk_call"], call_id, welfare.agency.id, None, [welfare.agency.id], [], [], now, later)
        await tx.run(SQL["save_desk_call"], call_id, [welfare.officer.id], 0, "calling", None, None, later)
    return {"ring": ring.id, "call": call_id}


async def everything(database: Database) -> list[object]:
    """Return all that could have been changed."""
    async with database.transaction() as tx:
        tables = [
            row["tablename"]
            for row in await tx.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        ]
        return [
            row["line"]
            for table in tables
            for row in await tx.rows(f"SELECT t::text AS line FROM {table} AS t ORDER BY 1")  # noqa: S608 (own tables)
        ]


@pytest.mark.parametrize("who", PEOPLE)
async def test_who_has_no_part_finds_nothing_and_changes_nothing(
    database: Database, network: Network, scene: Scene, who: str
) -> None:
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [scene.member.id])
    review = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    claimant = await network.person(scene.shelter.agency)
    await network.claim(claimant)
    actor = await nobody(network, scene, who)
    alert = (await network.alerts.raise_(scene.member, scene.case.core.id, uuid4())).alert
    planned = await network.operations.plan(scene.coordinator, scene.case.core.id, uuid4(), way(scene, network))
    awaited = await network.safe_calls.plan(scene.coordinator, scene.case.core.id, uuid4(), safe_call(scene, network))
    there = Things(
        operation=planned.operation.id,
        safe_call=awaited.call.id,
        case=scene.case.id, core=scene.case.core.id, circle=circle.id, alert=alert.id, review=review.review.id,
        person=claimant.id, desk=scene.shelter.desk_id or DeskId(uuid4()),
        passkey=await passkey_of(database, scene.member), **await rung(database, scene),
    )  # fmt: skip
    absent = Things(
        operation=OperationId(uuid4()),
        safe_call=SafeCallId(uuid4()),
        case=CaseId(uuid4()), core=(nowhere := CompartmentId(uuid4())), circle=nowhere, alert=AlertId(uuid4()),
        review=ReviewId(uuid4()), person=PersonId(uuid4()), desk=DeskId(uuid4()),
        passkey=PasskeyId(uuid4()), ring=DutyRingId(uuid4()), call=DeskCallId(uuid4()),
    )  # fmt: skip
    before = await everything(database)
    for name, attempt in REFUSED.items():
        answers = []
        for things in (there, absent):
            with pytest.raises(NotFound) as refused:
                await attempt(network, actor, scene, things)
            answers.append((str(refused.value), refused.value.parameters))
        assert answers[0] == answers[1], name
    for name, attempt in EMPTY.items():
        assert await attempt(network, actor, scene, there) in ([], None), name
    assert await everything(database) == before


async def test_a_member_of_a_smaller_circle_alone_reaches_no_further(
    database: Database, network: Network, scene: Scene
) -> None:
    """Somebody in one circle, and not in the core, sees that circle only."""
    helper = scene.police.workers[1]
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [helper.id])
    review = await network.reviews.set_level(scene.coordinator, scene.case.id, Level.HIGH)
    before = await everything(database)
    assert [each.id for each in (await network.cases.see(helper, scene.case.id)).compartments] == [circle.id]
    with pytest.raises(NotFound):
        await network.alerts.raise_(helper, scene.case.core.id, uuid4())
    with pytest.raises(NotFound):
        await network.reviews.complete(helper, review.review.id)
    assert await network.reviews.due(helper) == []
    assert await everything(database) == before
    assert (await network.alerts.raise_(helper, circle.id, uuid4())).alert.compartment_id == circle.id


async def test_a_forged_person_is_nobody(network: Network, scene: Scene) -> None:
    """What decides is the directory, not what a caller holds."""
    forged = replace(scene.stranger, id=PersonId(uuid4()), agency_id=scene.shelter.agency.id)
    with pytest.raises(NotFound):
        await network.cases.open(forged, agencies={})
    assert await network.cases.colleagues(forged) == []
