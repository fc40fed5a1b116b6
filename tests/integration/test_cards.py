"""Emergency cards on a real database: who may put one, who is given its bytes, until when, and what is written down."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from agencies.model import AgencyKind, DeskId, Person, Role
from alerts.cards.rules import CardState
from alerts.cards.service import KEY_MOVED_ON, MOVED_ON, NO_CARD, NOT_SEALED, Given
from alerts.duress.raising import Duress
from alerts.forgetting import forget_old
from alerts.model import Alert
from alerts.vocabulary import StandDownReason, Status
from cases.model import Part
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from core.outbox import Target, TargetKind
from crypto import desk_key, emergency_card
from tests import outgoing
from tests.clock import MovableClock
from tests.people import NETWORK, Network, Office, Scene
from tests.sealing import FIELDS, give_key, put_card, seal_to

hour = timedelta(hours=1)


@pytest.fixture
async def town(network: Network) -> Scene:
    """Make the people and the case of `scene`, with the keys with which they sign."""
    return await network.scene()


async def raised(network: Network, town: Scene, status: Status = Status.ACTUAL) -> Alert:
    return (await network.alerts.raise_(town.member, town.case.core.id, uuid4(), status=status)).alert


async def refused(network: Network, person: Person, alert: Alert) -> bool:
    """Whether somebody is told that there is no card, in the words of where there is none."""
    with pytest.raises(NotFound) as told:
        await network.cards.give(person, alert.id)
    return told.value.reason == NO_CARD and not told.value.parameters


async def acts(database: Database, act: str) -> list[dict[str, object]]:
    async with database.transaction() as tx:
        rows = await tx.rows("SELECT actor_id, object_id, facts::text AS facts FROM ledger WHERE act = $1", act)
        return [{"actor": row["actor_id"], "object": row["object_id"], "facts": row["facts"]} for row in rows]


def desk_of(office: Office) -> DeskId:
    assert office.desk_id is not None
    return office.desk_id


async def with_card(network: Network, town: Scene) -> bytes:
    """Give the police's desk a key, put a card, and return the desk's secret."""
    secret = await give_key(network, town.police)
    await put_card(network, town.coordinator, town.case.core.id)
    return secret


def opened(given: Given, office: Office, secret: bytes) -> tuple[str, ...]:
    place = emergency_card.Place(
        network=NETWORK, compartment=given.compartment_id.bytes, number=given.card.number,
        desk=desk_of(office).bytes, key=desk_key.public_key(secret),
    )  # fmt: skip
    return emergency_card.open_(secret, given.sealed[desk_of(office)], place).fields


# Given to whoever accepted ----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.ACTUAL, Status.EXERCISE])
async def test_whoever_accepted_at_a_desk_is_given_its_card_and_every_time_is_written_down(
    database: Database, network: Network, town: Scene, status: Status
) -> None:
    secret, officer = await with_card(network, town), town.police.officer
    alert = await raised(network, town, status)
    assert await refused(network, officer, alert)
    await network.alerts.acknowledge(officer, alert.id)
    given = await network.cards.give(officer, alert.id)
    assert opened(given, town.police, secret) == FIELDS
    assert (set(given.sealed), given.author.id) == ({desk_of(town.police)}, town.coordinator.id)
    await network.cards.give(officer, alert.id)
    told = await acts(database, "card_given")
    assert [(each["actor"], each["object"]) for each in told] == [(officer.id, alert.id)] * 2
    assert f'"desks": "{town.police.desk_id}"' in str(told[0]["facts"])
    # What somebody was refused is no release.
    assert await refused(network, town.police.officers[1], alert)
    assert len(await acts(database, "card_given")) == 2


async def test_whoever_is_forced_closes_the_case_and_takes_neither_alert_nor_card_from_the_others(
    network: Network, town: Scene, database: Database, clock: MovableClock
) -> None:
    core, officer = town.case.core.id, town.police.officer
    await with_card(network, town)
    await Duress(database, clock).raise_(town.coordinator, "an event", core)
    (view,) = await network.alerts.see_all(officer)
    await network.closing.close_case(town.coordinator, town.case.id)
    assert (await network.alerts.acknowledge(town.member, view.alert.id)).alert.has_acknowledged(town.member.id)
    await network.alerts.acknowledge(officer, view.alert.id)
    assert (await network.cards.give(officer, view.alert.id)).sealed

    await forget_old(database, clock)
    assert (await network.cards.give(officer, view.alert.id)).sealed
    await network.alerts.stand_down(officer, view.alert.id, StandDownReason.SAFE)
    await forget_old(database, clock)
    async with database.reading() as look:
        assert await look.value("SELECT count(*) FROM emergency_cards") == 0


async def test_nobody_else_is_given_anything(network: Network, town: Scene) -> None:
    await with_card(network, town)
    alert = await raised(network, town)
    for each in (town.coordinator, town.police.deputies[0], town.ngo.officer, town.ngo.worker):
        assert await refused(network, each, alert)
    for each in (town.coordinator, town.ngo.officer, town.shelter.officer):
        # Accepted, and of no desk that has a card: leaders and the informed neither.
        await network.alerts.acknowledge(each, alert.id)
        assert await refused(network, each, alert)
    for each in (town.stranger, town.member, town.police.workers[1], town.police.officers[1]):
        assert await refused(network, each, alert)


@pytest.mark.parametrize("how", ["excluded", "unseated", "departed", "stood down"])
async def test_what_was_over_a_second_ago_gives_nothing(network: Network, town: Scene, how: str) -> None:
    await with_card(network, town)
    officer, alert = town.police.officer, await raised(network, town)
    await network.alerts.acknowledge(officer, alert.id)
    await network.cards.give(officer, alert.id)
    match how:
        case "excluded":
            await network.cases.exclude(town.coordinator, town.case.id, officer.id)
        case "unseated":
            await network.agencies.unseat(desk_of(town.police), officer.id)
        case "departed":
            await network.depart(officer)
        case _:
            await network.alerts.stand_down(officer, alert.id, StandDownReason.SAFE)
    assert await refused(network, officer, alert)


async def test_a_member_is_given_nothing_as_a_member_and_not_after_being_removed(network: Network, town: Scene) -> None:
    """Somebody of the desk who is a member too: what opens the card is the desk, not the membership."""
    await with_card(network, town)
    officer = town.police.officers[1]
    await network.cases.add_member(town.coordinator, town.case.core.id, officer.id)
    alert = await raised(network, town)
    assert await refused(network, officer, alert)
    await network.alerts.acknowledge(officer, alert.id)
    await network.agencies.unseat(desk_of(town.police), officer.id)
    assert await refused(network, officer, alert)
    await network.cases.remove_member(town.coordinator, town.case.core.id, officer.id)
    assert await refused(network, officer, alert)


async def test_an_alert_of_another_compartment_opens_nothing_of_this_one(network: Network, town: Scene) -> None:
    await with_card(network, town)
    circle = await network.cases.open_compartment(town.coordinator, town.case.id, [town.member.id])
    alert = (await network.alerts.raise_(town.member, circle.id, uuid4())).alert
    await network.alerts.acknowledge(town.police.officer, alert.id)
    assert await refused(network, town.police.officer, alert)


async def test_it_is_given_for_a_day_and_to_the_owner_as_long_as_it_is_open(
    network: Network, town: Scene, clock: MovableClock
) -> None:
    await with_card(network, town)
    owner, other, alert = *town.police.officers, await raised(network, town)
    await network.alerts.acknowledge(owner, alert.id)
    await network.alerts.acknowledge(other, alert.id)
    clock.move(24 * hour - timedelta(seconds=1))
    await network.cards.give(other, alert.id)
    clock.move(timedelta(seconds=1))
    assert await refused(network, other, alert)
    await network.cards.give(owner, alert.id)


async def test_a_desk_that_covers_has_a_card_of_its_own(network: Network) -> None:
    covering = await network.office(AgencyKind.POLICE)
    shelter = await network.office(AgencyKind.SHELTER, officers=0, covered_by=covering)
    case = await network.case(shelter.worker, {}, [])
    assert covering.agency.id not in case.agencies
    secret = await give_key(network, covering)
    view = await put_card(network, shelter.worker, case.core.id)
    assert {each.desk_id: each.state for each in view.desks} == {
        shelter.desk_id: CardState.MISSING, covering.desk_id: CardState.SEALED
    }  # fmt: skip
    raiser = await network.person(shelter.agency)
    await network.cases.add_member(shelter.worker, case.core.id, raiser.id)
    alert = (await network.alerts.raise_(raiser, case.core.id, uuid4())).alert
    await network.alerts.acknowledge(covering.officer, alert.id)
    assert opened(await network.cards.give(covering.officer, alert.id), covering, secret) == FIELDS


# Put by those who lead -------------------------------------------------------------------------------


async def test_only_those_who_lead_put_a_card_and_only_the_last_one_is_kept(
    database: Database, network: Network, town: Scene
) -> None:
    core = town.case.core.id
    secret = await with_card(network, town)
    with pytest.raises(Conflict, match="Ask them"):
        await put_card(network, town.member, core)
    view = await put_card(network, town.deputy, core)
    assert view.card is not None
    assert (view.card.number, view.card.written_by, view.author) == (2, town.deputy.id, town.deputy.name)
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM card_envelopes") == 1
    assert [each["object"] for each in await acts(database, "card_put")] == [core, core]
    alert = await raised(network, town)
    await network.alerts.acknowledge(town.police.officer, alert.id)
    given = await network.cards.give(town.police.officer, alert.id)
    assert (given.card.number, opened(given, town.police, secret)) == (2, FIELDS)


async def test_of_two_who_put_at_once_one_is_told_and_nothing_of_theirs_is_stored(
    database: Database, network: Network, town: Scene
) -> None:
    core, key = town.case.core.id, desk_key.public_key(await give_key(network, town.police))
    desk = desk_of(town.police)
    both = [
        (who, seal_to(network, who, core, 1, {desk: key})) for who in (town.coordinator, town.deputy)
    ]  # fmt: skip
    lost: list[str] = []

    async def put(who: Person, sealed: dict[DeskId, bytes]) -> None:
        try:
            await network.cards.put(who, core, 1, sealed)
        except Conflict as refusal:
            lost.append(refusal.reason)

    async with asyncio.TaskGroup() as tasks:
        for who, sealed in both:
            tasks.create_task(put(who, sealed))
    assert lost == [MOVED_ON]
    seen = await network.cards.see(town.coordinator, core)
    assert seen.card is not None
    winner = next(sealed for who, sealed in both if who.id == seen.card.written_by)
    async with database.transaction() as tx:
        assert await tx.value("SELECT sealed FROM card_envelopes") == winner[desk]
    assert len(await acts(database, "card_put")) == 1
    for number in (1, 3, 2**40):
        with pytest.raises(Conflict, match="NOTHING was stored"):
            await network.cards.put(town.deputy, core, number, seal_to(network, town.deputy, core, number, {desk: key}))


async def test_what_is_not_sealed_to_the_desks_of_the_case_is_refused(network: Network, town: Scene) -> None:
    core, lead = town.case.core.id, town.coordinator
    key = desk_key.public_key(await give_key(network, town.police))
    informed = desk_key.public_key(await give_key(network, town.ngo))
    desk, other = desk_of(town.police), desk_key.public_key(desk_key.new_secret())
    right = seal_to(network, lead, core, 1, {desk: key})
    for wrong in (
        {}, {desk: b""}, {desk: right[desk][:-1]}, {desk: b"\2" + right[desk][1:]}, {DeskId(uuid4()): right[desk]},
        # An agency that is told, and answers nothing.
        seal_to(network, lead, core, 1, {desk_of(town.ngo): informed}),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as refusal:
            await network.cards.put(lead, core, 1, wrong)
        assert refusal.value.reason == NOT_SEALED
    for keys in ({desk: other}, {desk: key, desk_of(town.welfare): other}):
        with pytest.raises(Conflict) as moved:
            await network.cards.put(lead, core, 1, seal_to(network, lead, core, 1, keys))
        assert moved.value.reason == KEY_MOVED_ON
    assert (await network.cards.see(lead, core)).card is None


async def test_what_is_closed_keeps_no_card(database: Database, network: Network, town: Scene) -> None:
    await with_card(network, town)
    circle = await network.cases.open_compartment(town.coordinator, town.case.id, [])
    await put_card(network, town.coordinator, circle.id)

    async def kept() -> tuple[int, int]:
        async with database.transaction() as tx:
            cards = await tx.value("SELECT count(*) FROM emergency_cards")
            return cards, await tx.value("SELECT count(*) FROM card_envelopes")

    assert await kept() == (2, 2)
    await network.closing.close_compartment(town.coordinator, circle.id)
    assert await kept() == (1, 1)
    await network.closing.close_case(town.coordinator, town.case.id)
    assert await kept() == (0, 0)


# The keys of desks ------------------------------------------------------------------------------------


async def states(network: Network, town: Scene, alert: Alert) -> dict[DeskId, CardState]:
    return {each.desk_id: each.state for each in (await network.alerts.see(town.member, alert.id)).cards}


async def test_the_alert_tells_which_desks_have_a_card_and_which_an_old_one(network: Network, town: Scene) -> None:
    police = desk_of(town.police)
    former = await with_card(network, town)
    alert = await raised(network, town)
    missing = {desk_of(each): CardState.MISSING for each in (town.shelter, town.welfare)}
    assert await states(network, town, alert) == missing | {police: CardState.SEALED}
    await network.alerts.acknowledge(town.police.officer, alert.id)
    # A new key: what was sealed before is still given, and opens with the former one.
    await give_key(network, town.police)
    assert (await states(network, town, alert))[police] is CardState.OLD
    assert opened(await network.cards.give(town.police.officer, alert.id), town.police, former) == FIELDS
    await put_card(network, town.coordinator, town.case.core.id)
    assert (await states(network, town, alert))[police] is CardState.SEALED
    await network.alerts.stand_down(town.police.officer, alert.id, StandDownReason.SAFE)
    assert await states(network, town, alert) == {}


@pytest.mark.parametrize("who", ["unseated", "departed", "departed security officer"])
async def test_whoever_leaves_a_desk_leaves_a_key_that_is_to_be_renewed(
    network: Network, town: Scene, who: str, clock: MovableClock
) -> None:
    await with_card(network, town)
    await give_key(network, town.shelter)
    leaver = town.police.officers[1]
    clock.move(hour)
    if who == "unseated":
        await network.agencies.unseat(desk_of(town.police), leaver.id)
    elif who == "departed":
        await network.depart(leaver)
    else:
        await network.depart(town.police.deputies[0])
    seen = {each.desk_id: each for each in (await network.cards.see(town.coordinator, town.case.core.id)).desks}
    police, shelter = seen[desk_of(town.police)], seen[desk_of(town.shelter)]
    assert police.key is not None
    assert shelter.key is not None
    assert (police.state, police.key.renew_since) == (CardState.OLD, clock.now())
    assert shelter.key.renew_since is None
    # Sealed again to the same key it is old all the same.
    await put_card(network, town.coordinator, town.case.core.id)
    seen = {each.desk_id: each for each in (await network.cards.see(town.coordinator, town.case.core.id)).desks}
    assert seen[desk_of(town.police)].state is CardState.OLD


async def test_those_who_lead_are_told_that_somebody_excluded_may_hold_a_key(network: Network, town: Scene) -> None:
    await with_card(network, town)
    await network.cases.exclude(town.coordinator, town.case.id, town.police.officers[1].id)
    seen = {each.desk_id: each for each in (await network.cards.see(town.coordinator, town.case.core.id)).desks}
    assert [each for each, its in seen.items() if its.excluded_sits] == [town.police.desk_id]


async def test_a_key_is_given_by_somebody_of_the_desk_with_their_own_signature(
    database: Database, network: Network, town: Scene, clock: MovableClock
) -> None:
    desk, officer = desk_of(town.police), town.police.officer
    secret = await give_key(network, town.police, by=town.police.deputies[0])
    key, at = desk_key.public_key(secret), clock.now().replace(microsecond=0)
    assert [each.key.key if each.key else None for each in await network.desk_keys.mine(officer)] == [key]
    # The same again is nothing new; one that was replaced never comes back.
    await give_key(network, town.police, secret)
    assert len(await acts(database, "desk_key_given")) == 1
    await give_key(network, town.police)
    with pytest.raises(Conflict, match="had this key before"):
        await give_key(network, town.police, secret)

    def word(person: Person, key: bytes, of: bytes = desk.bytes) -> bytes:
        seed = network.seeds[person.id]
        return desk_key.sign(
            seed, network=NETWORK, person=person.id.bytes, desk=of, key=key, at=int(at.timestamp())
        )  # fmt: skip

    fresh = desk_key.public_key(desk_key.new_secret())
    put = network.desk_keys.put
    for signature in (word(town.police.officers[1], fresh), word(officer, key), word(officer, fresh, b"x" * 16)):
        with pytest.raises(InvalidInput, match="not signed with your own key"):
            await put(officer, desk, fresh, at, signature)
    with pytest.raises(InvalidInput, match="no key"):
        await put(officer, desk, bytes(32), at, word(officer, bytes(32)))
    with pytest.raises(InvalidInput, match="minutes off"):
        await put(officer, desk, fresh, at - hour, word(officer, fresh))
    for person in (town.police.worker, town.coordinator, town.ngo.officer):
        with pytest.raises(NotFound):
            await put(person, desk, fresh, at, word(person, fresh))
        assert desk not in {each.desk_id for each in await network.desk_keys.mine(person)}
    with pytest.raises(NotFound):
        await put(officer, DeskId(uuid4()), fresh, at, word(officer, fresh))
    gone = await network.person(town.police.agency, Role.SECURITY_OFFICER)
    await network.depart(gone)
    assert await network.desk_keys.mine(gone) == []


# Told where somebody accepts in a room ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "told"), [(Status.ACTUAL, "alert_card_sealed"), (Status.EXERCISE, "drill_card_sealed")]
)
async def test_whoever_accepts_in_a_room_is_told_whether_there_is_a_card(
    database: Database, network: Network, town: Scene, status: Status, told: str
) -> None:
    await with_card(network, town)
    alert = await raised(network, town, status)
    room = Target(kind=TargetKind.DESK, id=desk_of(town.police))
    await network.alerts.acknowledge(town.police.officer, alert.id, key=uuid4(), room=room)
    assert [each.target for each in await outgoing.said(database, told)] == [room]
    room = Target(kind=TargetKind.DESK, id=desk_of(town.welfare))
    await network.alerts.acknowledge(town.welfare.officer, alert.id, key=uuid4(), room=room)
    missing = await outgoing.said(database, told.replace("sealed", "missing"))
    assert [(each.target, dict(each.parameters)) for each in missing] == [(room, {"codename": town.case.codename})]
    # Who leads sits at no desk that could open one: nothing is said to them.
    channel = Target(kind=TargetKind.COMPARTMENT, id=town.case.core.id)
    await network.alerts.acknowledge(town.coordinator, alert.id, key=uuid4(), room=channel)
    assert not [each for each in await outgoing.said(database) if "card" in each.template and each.target == channel]


async def test_an_agency_that_becomes_informed_has_its_card_no_more(network: Network, town: Scene) -> None:
    await with_card(network, town)
    alert = await raised(network, town)
    await network.alerts.acknowledge(town.police.officer, alert.id)
    await network.cases.set_part(town.coordinator, town.case.id, town.police.agency.id, Part.INFORMED)
    assert await refused(network, town.police.officer, alert)
