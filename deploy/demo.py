"""`streha demo`: a network of invented agencies with three cases, to look at and to try with any Matrix client.

Everything lies in one data directory; a second start finds it as it was left.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec

from cases.model import Case, Part
from cases.service import Cases
from client import key_file
from client.api import ApiClient
from core import private_files
from core.outbox import Target, TargetKind
from deploy import demo_vault
from deploy.demo_attesting import DemoAttesting
from deploy.demo_linking import DemoLinking, Linked
from deploy.demo_network import DemoAccount, agency_of_kind, populate
from deploy.demo_people import CASES, DemoCase
from deploy.demo_vault import StateRecord
from deploy.network import PROBER, ROLES, LocalNetwork


class StatePerson(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody of the demo signs in."""

    name: str
    agency: str
    role: str
    matrix_user: str
    matrix_password: str
    key_file: str


class StateCompartment(msgspec.Struct, frozen=True, kw_only=True):
    """A compartment and its channel."""

    codename: str
    room_id: str


class StateCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case of the demo."""

    codename: str
    compartments: list[StateCompartment]


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything is; the content of `--state FILE`."""

    api_url: str
    homeserver_url: str
    metrics_urls: dict[str, str]
    people: list[StatePerson]
    cases: list[StateCase]
    vault: StateRecord
    settings_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A running demo."""

    network: LocalNetwork
    accounts: dict[str, DemoAccount]
    attesting: DemoAttesting
    state: State


async def run(
    directory: Path, shown: Callable[[State], None], linked: Callable[[Linked], None], stopped: asyncio.Event
) -> None:
    """Run the demo until it is stopped; `shown` gets where everything is, `linked` who signs in and is linked."""
    async with LocalNetwork(directory, roles=(*ROLES, PROBER)) as network, asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(network.watch())
        demo = await open_demo(network)
        shown(demo.state)
        linking = tasks.create_task(DemoLinking(network).watch(demo.accounts, linked, demo.attesting))
        await stopped.wait()
        watching.cancel()
        linking.cancel()


async def open_demo(network: LocalNetwork) -> Demo:
    """Populate the network, found it, and make sure of its three cases, and of the vault of the first one."""
    accounts = await populate(network)
    founded = await demo_vault.found(network, accounts)
    await network.go_by(founded.fingerprint)
    cases = [await _case(network, accounts, planned) for planned in CASES]
    vault = await demo_vault.sealed(network, accounts, founded, cases[0])
    state = State(
        api_url=network.api_url,
        homeserver_url=network.stack.addresses.homeserver_url,
        metrics_urls=network.metrics_urls,
        people=[_person(each) for each in accounts.values()],
        cases=[await _state_of(network, each) for each in cases],
        vault=vault,
        settings_file=str(_settings_file(network)),
    )
    attesting = DemoAttesting(network, accounts, founded)
    return Demo(network=network, accounts=accounts, attesting=attesting, state=state)


async def open_case(accounts: dict[str, DemoAccount], planned: DemoCase) -> str:
    """Open a case through the API as its coordinator would; return its codename."""
    parts: dict[UUID, Part] = {agency_of_kind(accounts, kind).id: part for kind, part in planned.parts.items()}
    async with ApiClient(key_file.load(accounts[planned.coordinator].key_file)) as api:
        opened = await api.open_case(
            agencies=parts,
            deputy=accounts[planned.deputy].person.id,
            members=[accounts[each].person.id for each in planned.members],
            language=planned.language,
        )
    return opened.codename


async def _case(network: LocalNetwork, accounts: dict[str, DemoAccount], planned: DemoCase) -> Case:
    coordinator = accounts[planned.coordinator].person
    cases = Cases(network.database, network.clock)
    mine = [each for each in await cases.see_all(coordinator) if each.coordinator_id == coordinator.id]
    if not mine:
        await open_case(accounts, planned)
        mine = await cases.see_all(coordinator)
    return next(each for each in mine if each.coordinator_id == coordinator.id)


async def _state_of(network: LocalNetwork, case: Case) -> StateCase:
    compartments = [
        StateCompartment(
            codename=each.codename,
            room_id=await network.room_of(Target(kind=TargetKind.COMPARTMENT, id=each.id)),
        )
        for each in case.compartments
        if each.open
    ]
    return StateCase(codename=case.codename, compartments=compartments)


def _person(account: DemoAccount) -> StatePerson:
    return StatePerson(
        name=account.person.name,
        agency=account.agency.name,
        role=account.person.role.value,
        matrix_user=account.person.matrix_user,
        matrix_password=account.matrix_password,
        key_file=str(account.key_file),
    )


def _settings_file(network: LocalNetwork) -> Path:
    """Write the settings of the network's processes where an operator's shell can read them."""
    path = network.directory / "settings.env"
    settings = {name: value for name, value in network.environment().items() if name.startswith("STREHA_")}
    lines = (f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
    private_files.write(path, "".join(lines).encode())
    return path
