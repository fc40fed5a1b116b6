"""The staff directory: what is admitted, what is refused, who sits at a desk."""

from __future__ import annotations

from uuid import uuid4

import pytest

from agencies import store as directory
from agencies.model import AgencyId, AgencyKind, DeskId, PersonId, Role
from core.database import Database
from core.errors import Conflict, InvalidInput, NotFound
from crypto import signing
from tests.people import Network, Office


@pytest.fixture
async def office(network: Network) -> Office:
    """Admit an agency with two duty officers and a security officer."""
    return await network.office(AgencyKind.SHELTER, officers=2, deputies=1)


async def acts(database: Database) -> list[str]:
    async with database.transaction() as tx:
        return [row["act"] for row in await tx.rows("SELECT act FROM ledger ORDER BY entry")]


@pytest.mark.parametrize(
    "changed",
    [
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 121},
        {"name": "line\x00feed"},
        {"name": "over\u202eride"},
        {"name": "\ud800"},
        {"country": "rs"},
        {"country": "SRB"},
        {"country": "R5"},
        {"language": "de"},
        {"language": ""},
    ],
)
async def test_an_agency_is_refused(database: Database, network: Network, changed: dict[str, str]) -> None:
    asked = {"name": "Kuća na bregu", "country": "RS", "language": "sr-Latn", **changed}
    with pytest.raises(InvalidInput):
        await network.agencies.add_agency(kind=AgencyKind.NGO, **asked)
    assert await network.agencies.all_agencies() == []
    assert await acts(database) == []


async def test_names_are_kept_clean_and_once(network: Network) -> None:
    agency = await network.agencies.add_agency(
        name="  Kuća \t na\nbregu ", kind=AgencyKind.NGO, country="RS", language="sr-Cyrl"
    )
    assert agency.name == "Kuća na bregu"
    with pytest.raises(Conflict):
        await network.agencies.add_agency(name="Kuća na bregu", kind=AgencyKind.NGO, country="RS", language="en")
    assert await network.agencies.all_agencies() == [agency]


@pytest.mark.parametrize(
    "matrix_user",
    ["ana", "@ana", "@Ana:streha.localhost", "@ana:", "@:streha.localhost", "@ana:streha localhost", "@ana:s\n",
     "@a b:s", "@" + "a" * 300 + ":s"],
)  # fmt: skip
async def test_a_matrix_user_that_is_none_is_refused(network: Network, office: Office, matrix_user: str) -> None:
    with pytest.raises(InvalidInput):
        await network.agencies.add_person(
            agency_id=office.agency.id, name="Ana Primer", role=Role.PRACTITIONER, matrix_user=matrix_user,
            signing_key=bytes(range(32)),
        )  # fmt: skip


async def test_a_person_is_one_person(database: Database, network: Network, office: Office) -> None:
    key = signing.public_key(signing.new_seed())

    async def add(matrix_user: str, signing_key: bytes, agency_id: AgencyId = office.agency.id) -> None:
        await network.agencies.add_person(
            agency_id=agency_id, name="Ana Primer", role=Role.PRACTITIONER, matrix_user=matrix_user,
            signing_key=signing_key,
        )  # fmt: skip

    await add("@ana:streha.localhost", key)
    before = await acts(database)
    for error, arguments in (
        (Conflict, ("@ana:streha.localhost", signing.public_key(signing.new_seed()))),
        (Conflict, ("@other:streha.localhost", key)),
        (InvalidInput, ("@other:streha.localhost", key[:31])),
        (NotFound, ("@other:streha.localhost", bytes(range(32)), AgencyId(uuid4()))),
    ):
        with pytest.raises(error):
            await add(*arguments)
    assert await acts(database) == before
    async with database.reading() as look:
        found = await directory.person_by_matrix_user(look, "@ana:streha.localhost")
    assert found is not None
    assert found.signing_key == key
    await network.depart(found)
    async with database.reading() as look:
        assert await directory.person_by_matrix_user(look, "@ana:streha.localhost") is None
    assert found.id not in {each.id for each in await network.agencies.all_staff()}


async def test_a_desk_knows_who_sits_there(network: Network, office: Office) -> None:
    assert office.desk_id is not None
    (desk,) = await network.agencies.all_desks()
    assert {each.id for each in desk.officers} == {each.id for each in office.officers}
    assert {each.id for each in desk.deputies} == {each.id for each in office.deputies}
    await network.agencies.seat(office.desk_id, office.officer.id)
    assert (await network.agencies.all_desks())[0].membership_version == desk.membership_version
    await network.agencies.unseat(office.desk_id, office.officer.id)
    await network.agencies.unseat(office.desk_id, office.officer.id)
    (changed,) = await network.agencies.all_desks()
    assert changed.membership_version == desk.membership_version + 1
    assert {each.id for each in changed.officers} == {office.officers[1].id}
    await network.depart(office.officers[1])
    (left,) = await network.agencies.all_desks()
    assert (left.membership_version, left.officers) == (changed.membership_version + 1, ())


async def test_a_desk_seats_its_own_people(network: Network, office: Office) -> None:
    other = await network.office()
    assert office.desk_id is not None
    with pytest.raises(InvalidInput):
        await network.agencies.seat(office.desk_id, other.worker.id)
    for desk_id, person_id in (
        (DeskId(uuid4()), office.worker.id),
        (office.desk_id, PersonId(uuid4())),
        (office.desk_id, (await network.depart(office.worker)).id),
    ):
        with pytest.raises(NotFound):
            await network.agencies.seat(desk_id, person_id)


async def test_a_desk_is_covered_by_another(network: Network, office: Office) -> None:
    other = await network.office()
    assert office.desk_id is not None
    changed = await network.agencies.open_desk(office.agency.id, always_staffed=True, covered_by=other.desk_id)
    assert changed == office.desk_id
    desk = next(each for each in await network.agencies.all_desks() if each.id == changed)
    assert (desk.always_staffed, desk.covered_by) == (True, other.desk_id)
    with pytest.raises(InvalidInput):
        await network.agencies.open_desk(office.agency.id, always_staffed=True, covered_by=office.desk_id)
    with pytest.raises(Conflict):
        await network.agencies.open_desk(office.agency.id, always_staffed=True, covered_by=DeskId(uuid4()))
    with pytest.raises(NotFound):
        await network.agencies.open_desk(AgencyId(uuid4()), always_staffed=True)
    desk = next(each for each in await network.agencies.all_desks() if each.id == changed)
    assert desk.covered_by == other.desk_id
