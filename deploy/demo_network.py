"""The demo's agencies and people in a running network: accounts, desks, keys, and their files.

Made once per data directory; a second start finds everything as it was left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe

import msgspec

from agencies.model import Agency, AgencyKind, Person
from agencies.service import Agencies
from client import key_file
from core import private_files
from crypto import signing
from deploy.demo_people import AGENCIES, DemoPerson
from deploy.network import LocalNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """How one person of the demo signs in, everywhere."""

    account: str
    person: Person
    agency: Agency
    matrix_password: str
    key_file: Path


class _Passwords(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    passwords: dict[str, str]


async def populate(network: LocalNetwork) -> dict[str, DemoAccount]:
    """Make sure of every agency, person, duty desk, Matrix account and key file; return people by account."""
    directory = Agencies(network.database, network.clock)
    passwords = _passwords(network.directory / "passwords.json")
    agencies = {each.name: each for each in await directory.all_agencies()}
    people = {each.matrix_user: each for each in await directory.all_staff()}
    desks = {each.agency_id for each in await directory.all_desks()}
    accounts: dict[str, DemoAccount] = {}
    (network.directory / "keys").mkdir(mode=0o700, exist_ok=True)
    for planned in AGENCIES:
        agency = agencies.get(planned.name) or await directory.add_agency(
            name=planned.name, kind=planned.kind, country="RS", language=planned.language
        )
        for each in planned.people:
            accounts[each.account] = await add_person(network, agency, each, passwords[each.account], people)
        if agency.id not in desks:
            desk_id = await directory.open_desk(agency.id, always_staffed=planned.always_staffed)
            for each in planned.people:
                if each.on_duty:
                    await directory.seat(desk_id, accounts[each.account].person.id)
    return accounts


async def add_person(
    network: LocalNetwork, agency: Agency, planned: DemoPerson, matrix_password: str, known: Mapping[str, Person]
) -> DemoAccount:
    """Make sure of a person's Matrix account, and of the person and the key file for who is not `known` by it yet."""
    matrix_user = await network.stack.register(planned.account, matrix_password)
    path = network.directory / "keys" / f"{planned.account}.json"
    person = known.get(matrix_user)
    if person is None:
        seed = signing.new_seed()
        person = await Agencies(network.database, network.clock).add_person(
            agency_id=agency.id,
            name=planned.name,
            role=planned.role,
            matrix_user=matrix_user,
            signing_key=signing.public_key(seed),
        )
        path.unlink(missing_ok=True)
        key_file.create(
            path,
            person_id=person.id,
            network=network.stack.addresses.server_name,
            api_url=network.api_url,
            seed=seed,
        )
    return DemoAccount(
        account=planned.account, person=person, agency=agency, matrix_password=matrix_password, key_file=path
    )


def agency_of_kind(accounts: dict[str, DemoAccount], kind: AgencyKind) -> Agency:
    """Return the demo's agency of a kind; there is one of each it uses."""
    return next(each.agency for each in accounts.values() if each.agency.kind is kind)


def _passwords(path: Path) -> dict[str, str]:
    """Return a password for every account of the demo, the same at every start."""
    kept = msgspec.json.decode(path.read_bytes(), type=_Passwords).passwords if path.exists() else {}
    # A demo of an earlier version lacks those who came since.
    passwords = {each.account: token_urlsafe(12) for agency in AGENCIES for each in agency.people} | kept
    private_files.write(path, msgspec.json.encode(_Passwords(passwords=passwords)))
    return passwords
