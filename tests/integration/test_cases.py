"""Cases and their circles: opened, staffed, handed over, closed; access ends in the same transaction."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from agencies.model import AgencyId, PersonId
from cases.model import Case, Part
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from tests.people import Network, Scene
from tests.waiting import until_somebody_waits


async def acts(database: Database) -> list[str]:
    async with database.transaction() as tx:
        return [row["act"] for row in await tx.rows("SELECT act FROM ledger ORDER BY entry")]


async def version(database: Database, case: Case) -> int:
    async with database.transaction() as tx:
        return int(await tx.value("SELECT membership_version FROM compartments WHERE id = $1", case.core.id))


async def test_opening_a_case_leaves_a_circle_and_its_acts(database: Database, network: Network, scene: Scene) -> None:
    case = await network.cases.see(scene.coordinator, scene.case.id)
    assert case.leaders == (scene.coordinator.id, scene.deputy.id)
    assert case.core.codename == case.codename
    assert case.core.member_ids == {scene.coordinator.id, scene.deputy.id, scene.member.id, scene.ngo.worker.id}
    assert case.agencies[scene.shelter.agency.id] is Part.RESPONDER
    assert case.agencies[scene.ngo.agency.id] is Part.INFORMED
    assert scene.elsewhere.agency.id not in case.agencies
    assert (await acts(database))[-6:] == ["case_opened", "compartment_opened", *["member_added"] * 4]


async def test_a_case_is_not_opened_by_halves(database: Database, network: Network, scene: Scene) -> None:
    before = await acts(database)
    me, police = scene.shelter.worker, scene.police
    refusals: list[tuple[type[Exception], dict[str, object]]] = [
        (NotFound, {"agencies": {AgencyId(uuid4()): Part.RESPONDER}}),
        (NotFound, {"member_ids": [PersonId(uuid4())]}),
        (NotFound, {"member_ids": [(await network.depart(police.workers[1])).id], "agencies": {
            police.agency.id: Part.RESPONDER}}),
        (Conflict, {"member_ids": [police.worker.id]}),
        (Conflict, {"deputy_id": police.worker.id}),
        (InvalidInput, {"deputy_id": me.id}),
        (InvalidInput, {"language": "de"}),
        (InvalidInput, {"agencies": {me.agency_id: Part.INFORMED}}),
        (InvalidInput, {"member_ids": [PersonId(uuid4()) for _ in range(51)]}),
    ]  # fmt: skip
    before = await acts(database)
    for error, changed in refusals:
        with pytest.raises(error):
            await network.cases.open(me, **{"agencies": {}, **changed})  # type: ignore[arg-type]
    departed = await network.depart(scene.ngo.worker)
    with pytest.raises(NotFound):
        await network.cases.open(departed, agencies={})
    of_departures = {"person_left", "member_removed"}
    assert [each for each in await acts(database) if each not in of_departures] == [
        each for each in before if each not in of_departures
    ]
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM cases") == 1


async def test_members_come_and_go(database: Database, network: Network, scene: Scene) -> None:
    person = scene.police.workers[1]
    before = await version(database, scene.case)
    await network.cases.add_member(scene.deputy, scene.case.core.id, person.id)
    await network.cases.add_member(scene.coordinator, scene.case.core.id, person.id)
    assert await version(database, scene.case) == before + 1
    assert (await network.cases.see(person, scene.case.id)).core.member_ids >= {person.id}
    assert [each.id for each in await network.cases.see_all(person)] == [scene.case.id]
    await network.cases.remove_member(scene.coordinator, scene.case.core.id, person.id)
    assert await version(database, scene.case) == before + 2
    assert (await acts(database))[-2:] == ["member_added", "member_removed"]
    with pytest.raises(NotFound):
        await network.cases.see(person, scene.case.id)
    with pytest.raises(NotFound):
        await network.cases.remove_member(scene.coordinator, scene.case.core.id, person.id)
    assert await network.cases.see_all(person) == []
    await network.cases.add_member(scene.coordinator, scene.case.core.id, person.id)
    assert await network.cases.see(person, scene.case.id)


async def test_leaders_stay_while_they_lead(network: Network, scene: Scene) -> None:
    for leader in (scene.coordinator, scene.deputy):
        with pytest.raises(Conflict):
            await network.cases.remove_member(scene.coordinator, scene.case.core.id, leader.id)
    with pytest.raises(Conflict):
        await network.cases.exclude(scene.deputy, scene.case.id, scene.coordinator.id)
    with pytest.raises(Conflict):
        await network.cases.exclude(scene.deputy, scene.case.id, scene.deputy.id)


async def test_exclusion_ends_everything_at_once_and_for_good(network: Network, scene: Scene) -> None:
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [scene.member.id, scene.deputy.id])
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.member.id)
    case = await network.cases.see(scene.coordinator, scene.case.id)
    assert case.excluded_ids == {scene.member.id}
    assert not any(scene.member.id in each.member_ids for each in case.compartments)
    for compartment in (circle, case.core):
        with pytest.raises(NotFound):
            await network.cases.add_member(scene.coordinator, compartment.id, scene.member.id)
    with pytest.raises(NotFound):
        await network.cases.open_compartment(scene.coordinator, scene.case.id, [scene.member.id])
    # A deputy can be barred, and leads nothing any more.
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.deputy.id)
    case = await network.cases.see(scene.coordinator, scene.case.id)
    assert case.leaders == (scene.coordinator.id,)
    with pytest.raises(NotFound):
        await network.cases.see(scene.deputy, scene.case.id)
    # Somebody who never had a part can be barred before anybody thinks of adding them.
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.police.officer.id)
    with pytest.raises(NotFound):
        await network.cases.add_member(scene.coordinator, scene.case.core.id, scene.police.officer.id)
    with pytest.raises(NotFound):
        await network.cases.exclude(scene.coordinator, scene.case.id, PersonId(uuid4()))


async def test_a_smaller_circle_is_seen_by_its_members_and_the_leaders(network: Network, scene: Scene) -> None:
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [scene.member.id])
    assert circle.codename != scene.case.codename
    assert circle.member_ids == {scene.coordinator.id, scene.member.id}
    member = await network.cases.see(scene.member, scene.case.id)
    other = await network.cases.see(scene.ngo.worker, scene.case.id)
    deputy = await network.cases.see(scene.deputy, scene.case.id)
    assert [each.id for each in member.compartments] == [scene.case.core.id, circle.id]
    assert [each.id for each in other.compartments] == [scene.case.core.id]
    assert {each.id for each in deputy.compartments} == {scene.case.core.id, circle.id}
    await network.closing.close_compartment(scene.deputy, circle.id)
    with pytest.raises(NotFound):
        await network.cases.add_member(scene.coordinator, circle.id, scene.ngo.worker.id)
    assert len((await network.cases.see(scene.member, scene.case.id)).compartments) == 1
    with pytest.raises(Conflict):
        await network.closing.close_compartment(scene.coordinator, scene.case.core.id)
    with pytest.raises(InvalidInput):
        await network.cases.open_compartment(scene.coordinator, scene.case.id, [PersonId(uuid4()) for _ in range(51)])


async def test_a_case_is_handed_over_to_members(network: Network, scene: Scene) -> None:
    with pytest.raises(Conflict):
        await network.cases.set_leaders(scene.coordinator, scene.case.id, scene.police.officer.id, None)
    with pytest.raises(InvalidInput):
        await network.cases.set_leaders(scene.coordinator, scene.case.id, scene.member.id, scene.member.id)
    case = await network.cases.set_leaders(scene.deputy, scene.case.id, scene.member.id, scene.deputy.id)
    assert case.leaders == (scene.member.id, scene.deputy.id)
    with pytest.raises(Conflict):
        await network.closing.close_case(scene.coordinator, scene.case.id)


async def test_one_responder_always_remains(network: Network, scene: Scene) -> None:
    for office in (scene.shelter, scene.welfare):
        await network.cases.set_part(scene.coordinator, scene.case.id, office.agency.id, Part.INFORMED)
    with pytest.raises(Conflict):
        await network.cases.set_part(scene.coordinator, scene.case.id, scene.police.agency.id, Part.INFORMED)
    with pytest.raises(NotFound):
        await network.cases.set_part(scene.coordinator, scene.case.id, AgencyId(uuid4()), Part.RESPONDER)
    case = await network.cases.set_part(scene.coordinator, scene.case.id, scene.elsewhere.agency.id, Part.INFORMED)
    assert case.agencies[scene.elsewhere.agency.id] is Part.INFORMED


async def test_members_are_refused_what_leaders_do(database: Database, network: Network, scene: Scene) -> None:
    before = await acts(database)
    cases, member, case = network.cases, scene.member, scene.case
    for attempt in (
        cases.set_part(member, case.id, scene.ngo.agency.id, Part.RESPONDER),
        cases.open_compartment(member, case.id, []),
        cases.add_member(member, case.core.id, scene.police.officer.id),
        cases.remove_member(member, case.core.id, scene.ngo.worker.id),
        cases.exclude(member, case.id, scene.ngo.worker.id),
        cases.set_leaders(member, case.id, member.id, None),
        network.closing.close_compartment(member, case.core.id),
        network.closing.close_case(member, case.id),
    ):
        with pytest.raises(Conflict):
            await attempt
    assert await acts(database) == before


async def test_a_closed_case_is_over_for_everybody_but_its_leaders(network: Network, scene: Scene) -> None:
    await network.closing.close_case(scene.coordinator, scene.case.id)
    with pytest.raises(NotFound):
        await network.cases.see(scene.member, scene.case.id)
    seen = await network.cases.see(scene.deputy, scene.case.id)
    assert not seen.open
    assert not seen.core.open
    assert not seen.core.member_ids
    assert await network.cases.see_all(scene.coordinator) == []
    with pytest.raises(Conflict):
        await network.closing.close_case(scene.coordinator, scene.case.id)
    with pytest.raises(NotFound):
        await network.cases.add_member(scene.coordinator, scene.case.core.id, scene.police.officer.id)


async def test_colleagues_are_those_who_share_a_case(network: Network, scene: Scene) -> None:
    colleagues = {each.id for each in await network.cases.colleagues(scene.member)}
    assert colleagues >= {scene.police.officer.id, scene.coordinator.id, scene.ngo.officer.id}
    assert scene.stranger.id not in colleagues
    strangers = {each.id for each in await network.cases.colleagues(scene.stranger)}
    assert strangers == {scene.stranger.id, scene.elsewhere.officer.id}
    departed = await network.depart(scene.ngo.worker)
    assert await network.cases.colleagues(departed) == []


async def test_who_leaves_leaves_everything(database: Database, network: Network, scene: Scene) -> None:
    await network.depart(scene.coordinator)
    case = await network.cases.see(scene.deputy, scene.case.id)
    assert case.leaders == (scene.deputy.id,)
    assert scene.coordinator.id not in case.core.member_ids
    with pytest.raises(NotFound):
        await network.cases.see(scene.coordinator, scene.case.id)
    # Nobody is left to hand over to: the departure waits.
    with pytest.raises(Conflict):
        await network.depart(scene.deputy)
    assert scene.deputy.id in (await network.cases.see(scene.deputy, scene.case.id)).core.member_ids
    officer = scene.police.officer
    await network.depart(officer)
    await network.depart(officer)
    assert (await acts(database)).count("person_left") == 2
    desks = {each.id: each for each in await network.agencies.all_desks()}
    assert scene.police.desk_id is not None
    assert officer.id not in {each.id for each in desks[scene.police.desk_id].officers}
    with pytest.raises(NotFound):
        await network.depart(scene.stranger.__class__(
            id=PersonId(uuid4()), agency_id=scene.police.agency.id, name="Nobody", role=officer.role,
            matrix_user="@nobody:streha.localhost", signing_key=bytes(32),
        ))  # fmt: skip


async def test_nobody_is_added_who_leaves_at_that_moment(database: Database, network: Network, scene: Scene) -> None:
    person = scene.police.workers[1]
    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        # A member is being added; the departure comes in between and waits.
        await tx.row("SELECT id FROM people WHERE id = $1 FOR SHARE", person.id)
        leaving = tasks.create_task(network.depart(person))
        await until_somebody_waits(tx)
        await tx.run(
            "INSERT INTO compartment_members (compartment_id, person_id, granted_by, since) VALUES ($1, $2, $3, now())",
            scene.case.core.id, person.id, scene.coordinator.id,
        )  # fmt: skip
    assert not leaving.result().active
    assert person.id not in (await network.cases.see(scene.coordinator, scene.case.id)).core.member_ids


async def test_who_is_leaving_is_not_added(database: Database, network: Network, scene: Scene) -> None:
    person = scene.police.workers[1]

    async def try_to_add() -> bool:
        try:
            await network.cases.add_member(scene.coordinator, scene.case.core.id, person.id)
        except NotFound:
            return False
        return True

    async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
        await tx.run("UPDATE people SET left_at = now() WHERE id = $1", person.id)
        added = tasks.create_task(try_to_add())
        await until_somebody_waits(tx)
    assert not added.result()
    assert person.id not in (await network.cases.see(scene.coordinator, scene.case.id)).core.member_ids


async def test_two_who_change_a_case_at_once_do_it_one_after_the_other(
    database: Database, network: Network, scene: Scene
) -> None:
    people = [*scene.police.officers, *scene.police.deputies, scene.shelter.officer, scene.welfare.officer]
    before = await version(database, scene.case)
    async with asyncio.TaskGroup() as tasks:
        for number, person in enumerate(people):
            leader = (scene.coordinator, scene.deputy)[number % 2]
            tasks.create_task(network.cases.add_member(leader, scene.case.core.id, person.id))
    assert await version(database, scene.case) == before + len(people)
