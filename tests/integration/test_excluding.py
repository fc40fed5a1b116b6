"""What an exclusion leaves for others: who shared a compartment hears what to do; asking in vain is written down."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID, uuid4

from agencies.model import Person, PersonId
from cases.asking import AGAIN_AFTER
from cases.model import CompartmentId
from core.database import Database
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.served import ServedApi

pytest_plugins = ("tests.fixtures_api",)


async def told(database: Database, person: Person) -> set[UUID]:
    """Return who hears what to do, each alone, since this person was excluded."""
    async with database.reading() as look:
        rows = await look.rows(
            "SELECT target_kind, target_id, template, mentions, parameters FROM outbox WHERE key LIKE $1",
            f"excluded:%:{person.id}:%",
        )
    assert {row["target_kind"] for row in rows} <= {"person"}
    assert all(str(person.id) not in str(row["parameters"]) for row in rows)
    rung = {row["target_id"] for row in rows if row["template"] == "excluded_ring" and row["mentions"]}
    said = {row["target_id"] for row in rows if row["template"] == "excluded_shared"}
    assert rung == said
    return said


def ids(people: Iterable[Person]) -> set[UUID]:
    return {each.id for each in people}


async def asked(database: Database) -> list[tuple[PersonId, CompartmentId]]:
    async with database.reading() as look:
        rows = await look.rows(
            "SELECT actor_id, object_id, facts FROM ledger WHERE act = $1 ORDER BY entry", "asked_while_barred"
        )
    assert not any(row["facts"] for row in rows)
    return [(PersonId(row["actor_id"]), CompartmentId(row["object_id"])) for row in rows]


async def test_who_shared_a_compartment_is_told_once_and_nobody_else(
    database: Database, network: Network, scene: Scene, clock: MovableClock
) -> None:
    barred, newcomer = scene.member, scene.police.workers[1]
    circle = await network.cases.open_compartment(scene.coordinator, scene.case.id, [barred.id])
    clock.move(timedelta(hours=1))
    await network.cases.remove_member(scene.coordinator, scene.case.core.id, barred.id)
    clock.move(timedelta(hours=1))
    # Whoever came when the person was gone already shared nothing.
    await network.cases.add_member(scene.coordinator, scene.case.core.id, newcomer.id)
    await network.cases.exclude(scene.coordinator, scene.case.id, barred.id)
    assert await told(database, barred) == ids([scene.coordinator, scene.deputy, scene.ngo.worker])
    assert circle.member_ids == ids([scene.coordinator, barred])

    async with database.transaction() as tx:
        await tx.run("DELETE FROM outbox")
    await network.cases.exclude(scene.coordinator, scene.case.id, barred.id)
    assert await told(database, barred) == set()


async def test_only_a_smaller_circle_is_told_and_who_leads(database: Database, network: Network, scene: Scene) -> None:
    barred, sharing = scene.police.workers[1], scene.ngo.worker
    await network.cases.open_compartment(scene.coordinator, scene.case.id, [barred.id, sharing.id])
    await network.cases.exclude(scene.deputy, scene.case.id, barred.id)
    assert await told(database, barred) == ids([scene.coordinator, scene.deputy, sharing])


async def test_nobody_is_told_that_somebody_was_barred_beforehand(
    database: Database, network: Network, scene: Scene
) -> None:
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.police.officer.id)
    assert await told(database, scene.police.officer) == set()


async def test_what_somebody_barred_asks_for_is_written_down_and_answered_as_absent(
    api: ServedApi, database: Database, clock: MovableClock
) -> None:
    network = api.network
    scene = await network.scene()
    barred, stranger = scene.police.officer, scene.stranger
    await network.cases.exclude(scene.coordinator, scene.case.id, barred.id)
    case, core = scene.case.id, scene.case.core.id

    async def ask(person: Person, method: str, path: str, body: object = None) -> dict[str, object]:
        answer = await api.ask(method, path, body, token=await api.token(person))
        problem = answer.require_problem(404)
        return {name: value for name, value in problem.items() if name != "incident"}

    assert await ask(barred, "GET", f"/api/cases/{case}") == await ask(barred, "GET", f"/api/cases/{uuid4()}")
    assert await asked(database) == [(barred.id, core)]
    # A stranger leaves nothing; neither does a program that asks again and again.
    await ask(stranger, "GET", f"/api/cases/{case}")
    await ask(barred, "GET", f"/api/cases/{case}")
    await ask(barred, "GET", f"/api/vault/compartments/{core}")
    assert await asked(database) == [(barred.id, core)]
    clock.move(AGAIN_AFTER + timedelta(seconds=1))
    await ask(barred, "PUT", f"/api/alerts/{uuid4()}", {"compartment": str(core)})
    assert await asked(database) == [(barred.id, core)] * 2


async def test_where_it_cannot_be_written_down_the_answer_is_the_same(api: ServedApi, database: Database) -> None:
    network = api.network
    scene = await network.scene()
    await network.cases.exclude(scene.coordinator, scene.case.id, scene.police.officer.id)
    token = await api.token(scene.police.officer)
    async with database.transaction() as tx:
        await tx.run("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;")
        await tx.run("CREATE TRIGGER full_disk BEFORE INSERT ON ledger EXECUTE FUNCTION refuse()")
    (await api.ask("GET", f"/api/cases/{scene.case.id}", token=token)).require_problem(404)
    assert await asked(database) == []
