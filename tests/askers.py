"""A case with every kind of asker around it, each with a session: what the authorisation table is tried on.

It is made once and copied for every test. Sessions are of people who were entitled to them when they began.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from agencies import duty_rings
from agencies.attestation import code_of
from agencies.model import Agency, AgencyId, AgencyKind, Person, PersonId, Role
from agencies.stints import Stint
from agencies.vault.invitations import LASTS, Invitation
from alerts.devices.service import Devices
from alerts.duress import own
from alerts.store import SQL
from alerts.vocabulary import Event, Status
from cases.model import Case, Compartment, Part
from crypto import desk_key, sentence_seal, sign_in
from crypto.tokens import token_hash
from crypto.vault.bundle import BUNDLE_BYTES
from crypto.vault.invitation import new_token
from operations.model import Despite
from safety_plans.model import Level
from server.api.credentials import COOKIE, DEVICE_PREFIX
from server.api.wire.directory import token_bytes, token_text
from server.api.wire.operations import PlanOperation
from server.api.wire.safe_calls import PlanSafeCall
from tests.authorisation import Asker
from tests.clock import MovableClock
from tests.people import Office
from tests.sealing import give_key, put_card
from tests.served import ServedApi
from tests.vault_clients import Founded, Written, found_with
from tests.with_passkeys import passkey_of

# To which people seal their own sentences.
FETCHED = UUID("5b1f6a36-8a0e-4d7e-9c55-0f7a3b0f6f01")
SENTENCE_KEY = sentence_seal.public_key(bytes(range(32)))


@dataclass(slots=True, kw_only=True)
class Signed:
    """How an asker shows who asks: by a key's session, by a browser's, or not at all."""

    token: str = ""
    cookie: bool = False
    device: bool = False

    def headers(self, origin: str) -> dict[str, str]:
        """Return the headers of a request; a browser says from which page."""
        if not self.token:
            return {"Origin": origin}
        if self.device:
            return {"Origin": origin, "Authorization": f"Bearer {DEVICE_PREFIX}{self.token}"}
        if not self.cookie:
            return {"Origin": origin, "Authorization": f"Bearer {self.token}"}
        return {"Origin": origin, "Sec-Fetch-Site": "same-origin", "Cookie": f"{COOKIE}={self.token}"}


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """The case, what is in it, and who asks."""

    clock: timedelta
    # Ids for a path, and people and things that bodies name.
    ids: dict[str, UUID]
    # A circle, and a case without an alert, that may be closed.
    side: UUID
    quiet_case: UUID
    newcomer: Person
    leaders: tuple[Person, Person]
    # What the person of `ids` reads aloud from a device that waits to be confirmed; the newcomer's waits too.
    code: str
    seeds: dict[PersonId, bytes]
    # A compartment with a log, in which a version stands and an epoch is on; and everybody's keys.
    vault: Founded
    vault_place: UUID
    epoch_key: bytes
    written: Written
    # The public key of the desk of `ids`, to which a card is sealed already.
    desk_key: bytes
    signed: dict[Asker, Signed] = field(default_factory=dict)
    people: dict[Asker, Person] = field(default_factory=dict)


async def surroundings(api: ServedApi, clock: MovableClock) -> Surroundings:
    """Make all of it over an API."""
    network, services, began = api.network, api.services, clock.now()
    async with network.database.transaction() as tx:
        await own.publish(tx, SENTENCE_KEY, began)
    shelter = await network.office(AgencyKind.SHELTER, workers=4)
    police = await network.office(AgencyKind.POLICE, workers=6, officers=2, deputies=1)
    welfare = await network.office(AgencyKind.SOCIAL_WELFARE)
    ngo = await network.office(AgencyKind.NGO, workers=2)
    elsewhere = await network.office(AgencyKind.HEALTH)
    former, coordinator, spare, newcomer = shelter.workers
    member, raiser, excluded, removed, left, colleague = police.workers
    deputy, stranger = welfare.worker, elsewhere.worker
    excluded_called, called = police.officers
    administrator = await network.person(police.agency, Role.ADMINISTRATOR)
    own_administrator = await network.person(shelter.agency, Role.ADMINISTRATOR)
    people = {
        Asker.COORDINATOR: coordinator, Asker.IN_BROWSER: coordinator, Asker.DEPUTY: deputy, Asker.FORMER: former,
        Asker.MEMBER: member, Asker.RAISER: raiser, Asker.OTHER_CIRCLE: ngo.worker, Asker.CALLED: called,
        Asker.COLLEAGUE: colleague, Asker.SECURITY_OFFICER: police.deputies[0], Asker.ADMINISTRATOR: administrator,
        Asker.OWN_ADMINISTRATOR: own_administrator,
        Asker.INFORMED: ngo.officer, Asker.INFORMED_COLLEAGUE: ngo.workers[1], Asker.EXCLUDED: excluded,
        Asker.EXCLUDED_CALLED: excluded_called, Asker.REMOVED: removed, Asker.STRANGER: stranger, Asker.LEFT: left,
        Asker.EXPIRED: coordinator, Asker.LAPSED: coordinator,
    }  # fmt: skip

    parts = {police: Part.RESPONDER, welfare: Part.RESPONDER, ngo: Part.INFORMED}
    members = [coordinator, member, raiser, excluded, removed, left, spare]
    case = await network.case(former, parts, members, deputy)
    quiet = await network.case(former, parts, members, deputy)
    review = await network.reviews.set_level(former, case.id, Level.HIGH)
    for each in (case, quiet):
        await network.cases.set_leaders(former, each.id, coordinator.id, deputy.id)
        await _circle(api, coordinator, each.id, [ngo.worker])
    public = desk_key.public_key(await give_key(network, police))
    await put_card(network, coordinator, case.core.id)
    side = await _circle(api, coordinator, case.id, [member, raiser, former])

    # Two sessions whose time is over, then everybody's.
    signed = {
        Asker.EXPIRED: Signed(token=await api.token(coordinator)),
        Asker.LAPSED: Signed(token=await _in_browser(api, coordinator), cookie=True),
        Asker.NOBODY: Signed(),
    }
    clock.move(timedelta(seconds=services.settings.session_lifetime))
    for asker, person in people.items():
        if asker not in signed:
            in_browser = asker is Asker.IN_BROWSER
            token = await (_in_browser(api, person) if in_browser else api.token(person))
            signed[asker] = Signed(token=token, cookie=in_browser)

    # One that calls leaders and duty desks first, and not yet the members.
    alert = (await network.alerts.raise_(raiser, case.core.id, uuid4(), event=Event.BEING_FOLLOWED)).alert
    assert alert.called(excluded_called.id)
    assert police.desk_id is not None
    for each in (case, quiet):
        for person in (excluded, excluded_called):
            await network.cases.exclude(coordinator, each.id, person.id)
        await network.cases.remove_member(coordinator, each.core.id, removed.id)
    await network.depart(left)
    signed |= await _devices(api, police.agency.id, case.core.id)
    raised = uuid4()
    await services.devices.raise_(
        await services.devices.of_token(token_bytes(signed[Asker.DEVICE].token)), raised, status=Status.EXERCISE
    )
    vault, epoch_key, written = await _in_vault(api, (coordinator, deputy), quiet)
    invited, _token = await invitation_of(api, administrator)
    ring, call = await _rung(api, police)
    way = await network.operations.plan(
        coordinator, case.core.id, uuid4(),
        msgspec.convert(way_of(coordinator, deputy, member, raiser), PlanOperation, strict=False).plan(),
    )  # fmt: skip
    await network.operations.approve(coordinator, way.operation.id)
    await network.operations.go(coordinator, way.operation.id, Despite.SEEN_TO)
    expected = await network.safe_calls.plan(
        coordinator, case.core.id, uuid4(),
        msgspec.convert(safe_call_of(deputy, member, raiser), PlanSafeCall, strict=False).plan(),
    )  # fmt: skip
    device_key = await network.claim(spare)
    await network.claim(newcomer)
    ids = {
        "case": case.id, "compartment": case.core.id, "alert": alert.id, "review": review.review.id,
        "person": spare.id, "agency": police.agency.id, "raise": raised, "desk": police.desk_id,
        "version": written.version, "bundle": FETCHED, "kept": uuid4(), "invitation": invited.id,
        "ring": ring, "call": call, "operation": way.operation.id,
        "safe_call": expected.call.id,
        "passkey": UUID((await passkey_of(api, coordinator)).id),
    }  # fmt: skip
    return Surroundings(
        clock=clock.now() - began, ids=ids, side=side.id, quiet_case=quiet.id, newcomer=newcomer,
        leaders=(coordinator, deputy), code=code_of(device_key), seeds=network.seeds, desk_key=public,
        vault=vault, vault_place=quiet.core.id, epoch_key=epoch_key, written=written, signed=signed, people=people,
    )  # fmt: skip


def way_of(coordinator: Person, buddy: Person, *confirmers: Person) -> dict[str, object]:
    """Return the plan of a way, as it is sent."""
    two = [str(each.id) for each in confirmers]
    return {
        "coordinator": str(coordinator.id), "buddy": str(buddy.id), "begins_at": "2031-05-14T09:30:00Z",
        "ends_at": "2031-05-14T17:30:00Z",
        "steps": [
            {"kind": "departed", "due_at": "2031-05-14T10:00:00Z", "confirmers": two},
            {"kind": "arrived", "due_at": "2031-05-14T12:00:00Z", "confirmers": two},
            {"kind": "home_safe", "due_at": "2031-05-14T16:00:00Z", "confirmers": two},
        ],
    }  # fmt: skip


def safe_call_of(buddy: Person, *listeners: Person) -> dict[str, object]:
    """Return the plan of a safe-call, as it is sent."""
    return {
        "buddy": str(buddy.id), "listeners": [str(each.id) for each in listeners], "due_at": "2031-05-14T18:00:00Z",
    }  # fmt: skip


async def _circle(api: ServedApi, leader: Person, case_id: Any, members: list[Person]) -> Compartment:
    return await api.network.cases.open_compartment(leader, case_id, [each.id for each in members])


async def _in_vault(api: ServedApi, leaders: tuple[Person, Person], case: Case) -> tuple[Founded, bytes, Written]:
    """Found a network of everybody who is there, and begin the vault of a case with a version in it."""
    coordinator, deputy = leaders
    everybody = await api.services.agencies.all_staff()
    staff: dict[Agency, list[Person]] = {}
    for agency in await api.services.agencies.all_agencies():
        people = [each for each in everybody if each.agency_id == agency.id]
        administers = [each for each in people if each.role is Role.ADMINISTRATOR]
        administers = administers or [await api.network.person(agency, Role.ADMINISTRATOR)]
        staff[agency] = [*administers, *(each for each in people if each not in administers)]
    founded = await found_with(api, staff)
    await api.services.bundles.put(coordinator, FETCHED, 1, b"\x01\x01" + bytes(BUNDLE_BYTES - 2))
    now = await api.services.cases.see(coordinator, case.id)
    key = os.urandom(32)
    answers = [await (await founded.circle(coordinator, now.core.id)).open(now.id, deputy, now.core.member_ids)]
    answers.append(await (await founded.circle(coordinator, now.core.id)).begin_epoch(key))
    circle = await founded.circle(coordinator, now.core.id)
    written = circle.version(key, b"Quiet Heron")
    answers.append(await circle.put_record(written.body))
    assert [each.status for each in answers] == [200, 200, 200], answers
    founded.tokens.clear()
    return founded, key, written


async def invitation_of(api: ServedApi, administrator: Person) -> tuple[Invitation, bytes]:
    """Return an invitation that an administrator makes, and the token on its paper."""
    token = new_token()
    made = await api.services.invitations.invite(
        administrator, token_hash(token), name="Vera Primer", role=Role.PRACTITIONER, agency_id=None, lasts=LASTS
    )  # fmt: skip
    return made, token


async def _rung(api: ServedApi, office: Office) -> tuple[UUID, UUID]:
    """Let a test ring and a call for help by telephone wait for everybody of a desk, and for its agency's deputies."""
    network, now = api.network, api.network.clock.now()
    assert office.desk_id is not None
    deputies, call_id = [each.id for each in office.deputies], uuid4()
    called = [*(each.id for each in office.officers), *deputies]
    async with network.database.transaction() as tx:
        stint = Stint(person_id=None, begins_at=now, ends_at=now + timedelta(days=30), starts=(now,))
        ring = await duty_rings.add(tx, office.desk_id, stint, now)
        await duty_rings.stand_in(tx, ring, deputies, now)
        await tx.run(SQL["begin_desk_call"], call_id, office.agency.id, None, [office.agency.id], [], [], now, now)
        await tx.run(SQL["save_desk_call"], call_id, called, 0, "calling", None, None, now + timedelta(days=30))
    return ring.id, call_id


async def _devices(api: ServedApi, agency_id: AgencyId, place: UUID) -> dict[Asker, Signed]:
    """Add two devices of an agency, and remove one of them."""
    devices = Devices(api.network.database, api.network.clock)
    _, token = await devices.add("door-1", agency_id, str(place))
    gone, former = await devices.add("door-2", agency_id, str(place))
    await devices.remove(gone.id)
    return {
        Asker.DEVICE: Signed(token=token_text(token), device=True),
        Asker.REMOVED_DEVICE: Signed(token=token_text(former), device=True),
    }


async def _in_browser(api: ServedApi, person: Person) -> str:
    """Return the token that a browser keeps as its cookie."""
    code = await link_code(api, person)
    return token_text((await api.services.browser_sign_in.sign_in(code)).token)


async def link_code(api: ServedApi, person: Person) -> bytes:
    """Return the code of a link that signs a browser in."""
    token = await api.token(person)
    return (await api.services.browser_sign_in.link(person, token_bytes(token))).code


async def signed_challenge(api: ServedApi, person: Person) -> dict[str, object]:
    """Return what begins a session with a person's key."""
    key = api.key(person)
    nonce = await api.services.sign_in.challenge(person.id)
    signature = sign_in.answer(
        key.seed, network=key.network, origin=key.origin, person=person.id.bytes, nonce=nonce
    )  # fmt: skip
    return {"person": person.id, "nonce": nonce, "signature": signature}
