"""`streha attest identity`: an administrator's own machine follows a device to the identity before it signs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agencies import attestations
from agencies.attestation import EndReason, code_of
from agencies.model import Person, Role
from agencies.trust.identities import Identity, identities
from core.clock import SystemClock
from crypto import cross_signing, identity_proof
from tests.clock import MovableClock
from tests.commands import Ran
from tests.key_server import PersonDevice
from tests.passphrases import OWN, with_passphrases
from tests.people import Scene
from tests.served import ServedApi
from tests.vault_clients import Founded, found
from tests.vault_machines import locked_file

pytest_plugins = ("tests.fixtures_api",)


@pytest.fixture
async def town(api: ServedApi, clock: MovableClock) -> Scene:
    clock.set(SystemClock().now())
    return await api.network.scene()


@pytest.fixture
async def founded(api: ServedApi, town: Scene) -> Founded:
    return await found(api, town.shelter, town.police)


async def linked(founded: Founded, person: Person, *, forged: bool = False) -> tuple[PersonDevice, bytes]:
    """Let somebody be linked, and the bot have kept how; return the device and the master key."""
    network, seeds = founded.api.network, cross_signing.new_seeds()
    device = PersonDevice(person.matrix_user, "PHONE", seeds)
    administrator = founded.administrators[person.agency_id]
    await network.claim(person, device="PHONE", key=device.session_key)
    await network.confirm(person, administrator, device.session_key)
    own = cross_signing.published_keys(person.matrix_user, seeds)
    answer = {
        "device_keys": {person.matrix_user: {"PHONE": device.published}},
        "master_keys": {person.matrix_user: device.sign(own["master_key"])},
        "self_signing_keys": {person.matrix_user: own["self_signing_key"]},
    }
    master = cross_signing.decode_unpadded(cross_signing.public_key(seeds.master))
    proof = identity_proof.packed(answer, person.matrix_user, "PHONE")
    if forged:
        proof = proof[:-3] + bytes([proof[-3] ^ 1]) + proof[-2:]
    async with network.database.transaction() as tx:
        link = await attestations.of_person(tx, person.id)
        assert link is not None
        assert await attestations.pin(tx, link.id, master, network.clock.now(), proof)
    return device, master


async def attested(founded: Founded, person: Person) -> Identity | None:
    """Return what the directory says of somebody now."""
    administrator = founded.administrators[person.agency_id]
    return identities((await founded.directory(administrator)).now).get(person.matrix_user)


async def test_all_that_are_linked_are_attested_by_an_administrator_of_their_own_agency_alone(
    founded: Founded, town: Scene, tmp_path: Path
) -> None:
    worker, officer = town.shelter.worker, town.police.officer
    (_phone, master), (_other, _key) = await linked(founded, worker), await linked(founded, officer)
    boss = locked_file(founded, founded.administrators[town.shelter.agency.id], tmp_path)

    async def attest(*arguments: object, key: Path = boss) -> Ran:
        return await with_passphrases((OWN,), "attest", "identity", *arguments, "--key", key)

    assert (await attest()).code == 2, "nobody was asked"
    assert await attested(founded, worker) is None
    done = await attest("--yes", "--json")
    assert done.code == 0, done
    assert [each["matrix_user"] for each in done.json["attested"]] == [worker.matrix_user]
    assert await attested(founded, worker) == Identity(person=worker.id.bytes, master_key=master)
    assert await attested(founded, officer) is None
    # Once more there is nothing to do; and of another agency nothing is shown.
    assert "Nothing is to be attested" in (await attest("--yes")).out
    assert (await attest(officer.name, "--yes")).code == 1
    # Whoever is no administrator has nothing to attest.
    plain = locked_file(founded, worker, tmp_path)
    assert "Nothing is to be attested" in (await attest("--yes", key=plain)).out


async def test_of_three_administrators_another_agrees_to_the_identity_that_one_has_proposed(
    api: ServedApi, town: Scene, tmp_path: Path
) -> None:
    """Both write the same deed; the second one's is an agreement and no second proposal that waits for a third."""
    worker, agency = town.shelter.worker, town.shelter.agency
    others = [await api.network.person(agency, Role.ADMINISTRATOR) for _ in range(2)]
    founded = await found(api, replace(town.shelter, deputies=(*town.shelter.deputies, *others)), town.police)
    _phone, master = await linked(founded, worker)
    first, second, third = (
        locked_file(founded, each, tmp_path) for each in (founded.administrators[agency.id], *others)
    )  # fmt: skip

    async def attest(key: Path) -> Ran:
        return await with_passphrases((OWN,), "attest", "identity", "--yes", "--json", "--key", key)

    proposed = await attest(first)
    assert (proposed.code, [each["waits"] for each in proposed.json["attested"]]) == (0, [True]), proposed
    assert await attested(founded, worker) is None
    agreed = await attest(second)
    assert (agreed.code, [each["waits"] for each in agreed.json["attested"]]) == (0, [False]), agreed
    assert await attested(founded, worker) == Identity(person=worker.id.bytes, master_key=master)
    directory = await founded.directory(worker)
    assert (directory.head.number, len(directory.now.proposals)) == (2, 0)
    # There is nothing left for the third.
    assert (await attest(third)).json["attested"] == []


async def test_another_identity_than_the_attested_one_takes_the_code(
    founded: Founded, town: Scene, tmp_path: Path
) -> None:
    worker = town.shelter.worker
    await linked(founded, worker)
    boss = locked_file(founded, founded.administrators[town.shelter.agency.id], tmp_path)

    async def attest(*arguments: object) -> Ran:
        return await with_passphrases((OWN,), "attest", "identity", *arguments, "--yes", "--key", boss)

    assert (await attest()).code == 0
    network = founded.api.network
    await network.linking.end(founded.administrators[worker.agency_id], worker.id, EndReason.LOST_DEVICE)
    device, master = await linked(founded, worker)
    # Nobody's identity is exchanged with all the others', or without a code.
    assert "Nothing is to be attested" in (await attest()).out
    refused = await attest(worker.name)
    assert (refused.code, "the first 16" in refused.out) == (1, True), refused
    wrong = await attest(worker.name, "--code", "AAAA BBBB CCCC DDDD")
    assert (wrong.code, "NOT the same" in wrong.out) == (1, True), wrong
    assert (await attest("--code", code_of(device.session_key))).code == 2
    assert (await attest(worker.matrix_user, "--code", code_of(device.session_key))).code == 0
    assert await attested(founded, worker) == Identity(person=worker.id.bytes, master_key=master)


@pytest.mark.parametrize(
    "lie",
    [
        "UPDATE matrix_attestations SET device_key = $1",
        "UPDATE device_claims SET signature = $1::bytea || $1::bytea",
        "UPDATE device_claims SET signed_at = signed_at + interval '1 second' WHERE $1::bytea <> ''",
        "UPDATE matrix_attestations SET proof = $1",
        "UPDATE matrix_attestations SET device_id = 'OTHER' WHERE $1::bytea <> ''",
    ],
)
async def test_what_the_server_alters_is_not_attested(founded: Founded, town: Scene, tmp_path: Path, lie: str) -> None:
    worker = town.shelter.worker
    await linked(founded, worker)
    async with founded.api.network.database.transaction() as tx:
        await tx.run(lie, bytes(range(32)))
    boss = locked_file(founded, founded.administrators[town.shelter.agency.id], tmp_path)
    for arguments in ((), (worker.name,)):
        refused = await with_passphrases((OWN,), "attest", "identity", *arguments, "--yes", "--key", boss)
        assert (refused.code, "does not hold" in refused.out + refused.err) == (1, True), refused
    assert await attested(founded, worker) is None


async def test_one_that_does_not_hold_keeps_nobody_else_from_being_attested(
    founded: Founded, town: Scene, tmp_path: Path
) -> None:
    worker, other = town.shelter.workers[:2]
    await linked(founded, worker, forged=True)
    await linked(founded, other)
    boss = locked_file(founded, founded.administrators[town.shelter.agency.id], tmp_path)
    ran = await with_passphrases((OWN,), "attest", "identity", "--yes", "--json", "--key", boss)
    assert ran.code == 1, ran
    assert await attested(founded, worker) is None
    assert await attested(founded, other) is not None


async def test_proofs_are_for_administrators_of_the_agency(founded: Founded, town: Scene) -> None:
    worker = town.shelter.worker
    await linked(founded, worker)
    linking = founded.api.network.linking
    administrators = founded.administrators
    found = {agency: await linking.proofs(each) for agency, each in administrators.items()}
    assert [each.person_id for each in found[town.shelter.agency.id]] == [worker.id]
    assert found[town.police.agency.id] == []
    assert await linking.proofs(worker) == []
