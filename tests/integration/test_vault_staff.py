"""What the directory's log decides holds for the staff: who may sign in, with which key, and who is gone."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from uuid import uuid4

import pytest

from agencies.model import AgencyId, AgencyKind, Person, PersonId, Role
from agencies.trust.deeds import Approve, Attest, Join, NewAgency, Rekey, Revoke, Suspend
from agencies.vault.keeping import KeptNetwork
from cases.departure import depart
from cases.vault.directory import DirectoryLog
from cases.vault.keeping import KeptCompartments
from cases.vault.service import Vault
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, InvalidInput, NotAuthenticated
from core.ids import new_id
from crypto import signing
from crypto.vault import statement
from tests.opened import Opened
from tests.people import Network, Scene
from tests.served import ServedApi
from tests.vault_clients import Founded, attested, genesis_of, text

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_vault")


def newcomer(api: ServedApi, like: Person, name: str) -> Person:
    """Return somebody who is not on the staff yet, with keys of their own."""
    seed = signing.new_seed()
    person = replace(
        like, id=PersonId(new_id()), name=name, role=Role.PRACTITIONER,
        matrix_user=f"@{name.lower()}-new:streha.localhost", signing_key=signing.public_key(seed),
    )  # fmt: skip
    api.network.seeds[person.id] = seed
    return person


def attesting(founded: Founded, person: Person) -> Attest:
    """Return the attestation of a person; the network's secrets then hold theirs."""
    secret = founded.secrets.setdefault(person.id, os.urandom(32))
    said = attested(person, secret)
    return Attest(
        person=said.person, agency=said.agency, name=said.name, role=said.role, signing_key=said.signing_key,
        box_key=said.box_key, matrix_user=said.matrix_user, matrix_master=b"", until=founded.now + 3600,
    )  # fmt: skip


async def staff(network: Network) -> dict[object, Person]:
    return {each.id: each for each in await network.agencies.all_staff()}


async def test_who_is_attested_is_on_the_staff_and_signs_in(founded: Founded, cast: Scene, network: Network) -> None:
    administrator = founded.administrators[cast.shelter.agency.id]
    person = newcomer(founded.api, administrator, "Zora")
    assert (await founded.decide(administrator, attesting(founded, person))).json == {"length": 2}
    assert (await staff(network))[person.id] == person
    assert (await founded.ask(person, "GET", "directory")).status == 200
    # Said anew, with another name and role.
    changed = replace(person, name="Zora Druga", role=Role.SECURITY_OFFICER)
    assert (await founded.decide(administrator, attesting(founded, changed))).status == 200
    assert (await staff(network))[person.id] == changed


async def test_who_is_revoked_is_gone_at_once_and_a_case_that_they_led_is_not_orphaned(
    founded: Founded, opened: Opened, network: Network
) -> None:
    cast = opened.cast
    administrator = founded.administrators[cast.shelter.agency.id]
    await founded.ask(cast.coordinator, "GET", "directory")
    assert (await founded.decide(administrator, Revoke(person=cast.coordinator.id.bytes))).status == 200
    assert cast.coordinator.id not in await staff(network)
    (await founded.ask(cast.coordinator, "GET", "directory")).require_problem(401)
    case = await network.cases.see(cast.deputy, cast.case.id)
    assert (case.coordinator_id, case.deputy_id) == (cast.deputy.id, None)
    assert cast.coordinator.id not in case.core.member_ids
    deputys = await founded.circle(cast.deputy, cast.case.core.id)
    assert deputys.due == [
        {"what": "succeed", "person": str(cast.coordinator.id)}, {"what": "epoch", "person": None}
    ]  # fmt: skip
    # The deputy alone leads now, and is revoked too: whoever is there the longest goes on.
    others = founded.administrators[cast.welfare.agency.id]
    assert (await founded.decide(others, Revoke(person=cast.deputy.id.bytes))).status == 200
    member = next(iter(case.core.member_ids - {cast.deputy.id}))
    after = await network.cases.see((await staff(network))[member], cast.case.id)
    assert after.coordinator_id in case.core.member_ids - {cast.deputy.id}


async def test_other_keys_end_sessions_and_are_those_that_sign_in(founded: Founded, cast: Scene) -> None:
    person, first = cast.ngo.worker, founded.administrators[cast.ngo.agency.id]
    await founded.ask(person, "GET", "directory")
    seed, former = signing.new_seed(), founded.seed(person)
    deed = Rekey(
        person=person.id.bytes, signing_key=signing.public_key(seed), box_key=os.urandom(32), until=founded.now + 60
    )
    network = await founded.directory(first)
    entry = founded.entry(first, deed, network)
    assert (await founded.ask(first, "POST", "directory", {"entry": text(entry)})).status == 200
    # One administrator alone changes nothing.
    assert (await founded.ask(person, "GET", "directory")).status == 200
    second = founded.administrators[cast.police.agency.id]
    assert (await founded.decide(second, Approve(proposal=statement.hash_of(entry)))).status == 200
    (await founded.ask(person, "GET", "directory")).require_problem(401)
    founded.tokens.clear()
    with pytest.raises(NotAuthenticated):
        await founded.api.token(person)
    founded.api.network.seeds[person.id] = seed
    assert (await founded.ask(person, "GET", "directory")).status == 200
    assert former != seed


async def test_a_suspended_agency_is_signed_out_and_stays_so(founded: Founded, cast: Scene) -> None:
    await founded.ask(cast.police.worker, "GET", "directory")
    first, *others = (founded.administrators[each.agency.id] for each in (cast.shelter, cast.welfare, cast.ngo))
    deed = Suspend(agency=cast.police.agency.id.bytes, until=founded.now + 3600)
    entry = founded.entry(first, deed, await founded.directory(first))
    assert (await founded.ask(first, "POST", "directory", {"entry": text(entry)})).status == 200
    for each in others[:1]:
        assert (await founded.decide(each, Approve(proposal=statement.hash_of(entry)))).status == 200
    (await founded.ask(cast.police.worker, "GET", "directory")).require_problem(401)
    with pytest.raises(NotAuthenticated):
        await founded.api.token(cast.police.worker)
    assert await founded.api.token(cast.shelter.worker)


async def test_only_administrators_write_and_nobody_for_another(founded: Founded, cast: Scene) -> None:
    deed = Revoke(person=cast.ngo.officer.id.bytes)
    refused = (await founded.decide(cast.ngo.worker, deed)).require_problem(409)
    assert refused["outcome"] == "not-empowered"
    network = await founded.directory(cast.ngo.worker)
    first, second = founded.administrators[cast.ngo.agency.id], founded.administrators[cast.police.agency.id]
    for asker, author, at, outcome in (
        (second, first, None, "not-empowered"), (second, second, None, "not-empowered"),
        (first, first, founded.now - 700, "moment-far"),
    ):  # fmt: skip
        entry = founded.entry(author, deed, network, at=at)
        answered = await founded.ask(asker, "POST", "directory", {"entry": text(entry)})
        assert answered.require_problem(400)["outcome"] == outcome
    assert (await founded.decide(first, deed)).status == 200


async def test_of_two_administrators_at_once_one_is_first(founded: Founded, cast: Scene) -> None:
    first, second = founded.administrators[cast.ngo.agency.id], founded.administrators[cast.police.agency.id]
    network = await founded.directory(first)
    await founded.directory(second)
    entries = [
        (first, founded.entry(first, Revoke(person=cast.ngo.worker.id.bytes), network)),
        (second, founded.entry(second, Revoke(person=cast.police.officer.id.bytes), network)),
    ]
    async with asyncio.TaskGroup() as tasks:
        tried = [
            tasks.create_task(founded.ask(by, "POST", "directory", {"entry": text(entry)})) for by, entry in entries
        ]
    answers = sorted((each.result() for each in tried), key=lambda each: each.status)
    assert [each.status for each in answers] == [200, 409]
    assert answers[1].json["outcome"] == "not-next"


async def test_what_the_tables_forbid_is_not_taken_in(founded: Founded, cast: Scene, network: Network) -> None:
    administrator = founded.administrators[cast.shelter.agency.id]
    for wrong in (
        replace(newcomer(founded.api, administrator, "Mila"), matrix_user=cast.ngo.worker.matrix_user),
        replace(newcomer(founded.api, administrator, "Mila"), matrix_user=""),
        replace(newcomer(founded.api, administrator, "Mila"), matrix_user=cast.elsewhere.worker.matrix_user),
        replace(newcomer(founded.api, administrator, "Mila"), signing_key=cast.elsewhere.worker.signing_key),
    ):
        answered = await founded.decide(administrator, attesting(founded, wrong))
        assert answered.require_problem(400)["outcome"] in {"not-as-recorded", "void", "not-empowered"}
    nowhere = newcomer(founded.api, administrator, "Nada")
    unknown = AgencyId(new_id())
    first = replace(nowhere, role=Role.ADMINISTRATOR, agency_id=unknown)
    joining = Join(
        agency=unknown.bytes, name="Nobody Knows", kind=AgencyKind.NGO, until=founded.now + 3600,
        people=[attested(first, os.urandom(32))],
    )  # fmt: skip
    assert (await founded.decide(administrator, joining)).require_problem(400)["outcome"] == "not-as-recorded"
    assert (await founded.directory(administrator)).head.number == 0
    assert nowhere.id not in await staff(network)


@pytest.mark.usefixtures("founded")
async def test_the_operator_adds_nobody_and_lets_nobody_go_by_word_alone(cast: Scene, network: Network) -> None:
    with pytest.raises(Conflict, match="founded"):
        await network.person(cast.shelter.agency)
    with pytest.raises(Conflict, match="founded"):
        await depart(network.database, network.clock, cast.ngo.worker.id)


async def test_a_network_is_founded_once_and_with_agencies_that_are_there(
    api: ServedApi, cast: Scene, network: Network, clock: Clock
) -> None:
    now = int(clock.now().timestamp())
    people = {cast.shelter.agency: [await network.person(cast.shelter.agency, Role.ADMINISTRATOR)]}
    elsewhere, _ = genesis_of(
        network.seeds, now, {replace(cast.shelter.agency, name="Another Name"): people[cast.shelter.agency]}
    )
    directory = DirectoryLog(network.database, clock, KeptNetwork())
    with pytest.raises(InvalidInput) as refused:
        await directory.install(elsewhere)
    assert refused.value.outcome == "not-as-recorded"
    (await api.ask("GET", "/api/vault/directory", token=await api.token(cast.shelter.worker))).require_problem(404)
    genesis, _ = genesis_of(network.seeds, now, people)
    named = await directory.install(genesis)
    assert named == statement.hash_of(genesis) == await directory.install(genesis)
    other, _ = genesis_of(network.seeds, now, people)
    with pytest.raises(Conflict, match="Another network"):
        await directory.install(other)
    with pytest.raises(InvalidInput):
        await DirectoryLog(network.database, clock, KeptNetwork()).install(b"\x01 no statement")


async def test_a_process_that_is_behind_catches_up_and_forgets_what_was_never_there(opened: Opened) -> None:
    """Another process appended; and the database went back behind what this one has seen."""
    network = opened.founded.api.network
    other = Vault(network.database, network.clock, KeptCompartments(KeptNetwork(), most=1))
    core, cast = opened.cast.case.core.id, opened.cast
    assert (await other.see(cast.coordinator, core)).lengths.members == 2
    mine = await opened.coordinators()
    assert (await mine.put_record(mine.version(opened.key, b"one").body)).status == 200
    assert (await other.see(cast.coordinator, core)).lengths.records == 1
    async with network.database.transaction() as tx:
        await tx.run("DELETE FROM vault_contents")
        await tx.run("DELETE FROM vault_entries WHERE kind = 2")
        await tx.run("UPDATE vault_logs SET length = 0, head = $1 WHERE kind = 2", bytes(32))
    mine = await opened.coordinators()
    assert (await mine.put_record(mine.version(opened.key, b"two").body)).json == {"length": 1}
    assert (await other.see(cast.coordinator, core)).lengths.records == 1


async def test_bundles_are_one_s_own_and_few(founded: Founded, cast: Scene, api: ServedApi) -> None:
    def bundle(kind: int = 1) -> dict[str, object]:
        return {"kind": kind, "bundle": text(bytes([1, kind]) + os.urandom(128))}

    ids = [str(new_id()) for _ in range(11)]
    for each in ids[:10]:
        assert (await founded.ask(cast.member, "PUT", f"bundles/{each}", bundle())).status == 204
    (await founded.ask(cast.member, "PUT", f"bundles/{ids[10]}", bundle())).require_problem(409)
    again = bundle()
    assert (await founded.ask(cast.member, "PUT", f"bundles/{ids[0]}", again)).status == 204
    (await founded.ask(cast.coordinator, "PUT", f"bundles/{ids[0]}", bundle())).require_problem(404)
    (await founded.ask(cast.coordinator, "DELETE", f"bundles/{ids[0]}")).require_problem(404)
    (await founded.ask(cast.member, "PUT", f"bundles/{ids[1]}", {**bundle(), "kind": 2})).require_problem(400)
    (await founded.ask(cast.member, "PUT", f"bundles/{ids[1]}", bundle(2))).require_problem(404)
    fetched = (await api.ask("GET", f"/api/vault/bundles/{ids[0]}")).json
    assert fetched == {**again, "person": str(cast.member.id)}
    assert len((await founded.ask(cast.member, "GET", "bundles")).json["bundles"]) == 10
    assert (await founded.ask(cast.member, "DELETE", f"bundles/{ids[0]}")).status == 204
    (await api.ask("GET", f"/api/vault/bundles/{ids[0]}")).require_problem(404)


async def test_the_bundles_of_whoever_is_revoked_are_gone(founded: Founded, cast: Scene, database: Database) -> None:
    async def kept() -> list[object]:
        async with database.reading() as tx:
            return [row["person_id"] for row in await tx.rows("SELECT person_id FROM vault_bundles ORDER BY made_at")]

    for person in (cast.member, cast.coordinator):
        bundle = {"kind": 1, "bundle": text(b"\x01\x01" + os.urandom(128))}
        assert (await founded.ask(person, "PUT", f"bundles/{uuid4()}", bundle)).status == 204
    assert set(await kept()) == {cast.member.id, cast.coordinator.id}
    administrator = founded.administrators[cast.police.agency.id]
    assert (await founded.decide(administrator, Revoke(person=cast.member.id.bytes))).status == 200
    assert await kept() == [cast.coordinator.id]


async def test_an_agency_joins_when_enough_have_agreed_and_it_is_there(
    founded: Founded, cast: Scene, network: Network
) -> None:
    agency = cast.elsewhere.agency
    administrator = replace(newcomer(founded.api, cast.elsewhere.worker, "Vera"), role=Role.ADMINISTRATOR)
    said = NewAgency(
        agency=agency.id.bytes, name=agency.name, kind=agency.kind, people=[attested(administrator, os.urandom(32))]
    )
    first, *others = founded.administrators.values()
    join = Join(agency=said.agency, name=said.name, kind=said.kind, people=said.people, until=founded.now + 3600)
    entry = founded.entry(first, join, await founded.directory(first))
    assert (await founded.ask(first, "POST", "directory", {"entry": text(entry)})).status == 200
    for each in others[:2]:
        assert administrator.id not in await staff(network)
        assert (await founded.decide(each, Approve(proposal=statement.hash_of(entry)))).status == 200
    assert (await staff(network))[administrator.id] == administrator
