"""A founded town whose people reach Streha through a malicious server, and the machines they do it with."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agencies.model import Person, Role
from agencies.trust import deeds as directory_deeds
from cases.model import CompartmentId
from core.settings import Settings
from tests.people import Network, Scene
from tests.served import ServedApi, serve_api
from tests.vault_clients import Founded, attested, found
from tests.vault_machines import Machine, machine

_UNTIL = 2**33


class Malice:
    """The malicious server's process, and what it is told to do."""

    def __init__(self, process: asyncio.subprocess.Process, origin: str) -> None:
        self._process = process
        self.origin = origin

    async def begin(self, attack: str, argument: str = "") -> None:
        """Let it begin an attack in the place of the last one; `honest` is none."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"attack {attack} {argument}\n".encode())
        await self._process.stdin.drain()
        assert await self._process.stdout.readline() == b"done\n"


@dataclass(kw_only=True)
class Town:
    """The scene's people, founded, with machines that reach Streha through malice alone."""

    api: ServedApi
    scene: Scene
    founded: Founded
    malice: Malice
    folder: Path
    machines: AsyncExitStack
    newcomer: Person
    _count: int = field(default=0)

    @property
    def core(self) -> CompartmentId:
        """The compartment of the case."""
        return self.scene.case.core.id

    async def machine(self, person: Person) -> Machine:
        """Return a new machine of a person, which has seen nothing yet."""
        self._count += 1
        folder = self.folder / f"machine{self._count}"
        folder.mkdir(mode=0o700)
        return await self.machines.enter_async_context(machine(self.founded, person, folder))


def remembered(one: Machine) -> str:
    """Return what tells one state of all that a machine remembers from another."""
    found, folder = hashlib.sha256(), one.memory.folder
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        found.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


@asynccontextmanager
async def malicious_town(
    network: Network, settings: Settings, folder: Path, scene: Scene | None = None, *, name: str = "127.0.0.1"
) -> AsyncIterator[Town]:
    """Serve the API behind a malicious server that is honest yet; its directory has an entry after its genesis."""
    port = _free_port()
    origin = f"http://{name}:{port}"
    async with AsyncExitStack() as stack:
        scene = scene or await network.scene()
        served = await stack.enter_async_context(serve_api(network, settings, folder, origin=origin))
        upstream = f"http://127.0.0.1:{served.services.settings.api_port}"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.malice.proxy", str(port), upstream,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        stack.push_async_callback(_ended, process)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        newcomer = await network.person(scene.police.agency, Role.PRACTITIONER)
        founded = await found(served, scene.shelter, scene.police, scene.welfare, scene.ngo)
        founded.secrets[newcomer.id] = bytes([9]) * 32
        said = attested(newcomer, founded.secrets[newcomer.id])
        deed = directory_deeds.Attest(
            person=said.person, agency=said.agency, name=said.name, role=said.role, signing_key=said.signing_key,
            box_key=said.box_key, matrix_user=said.matrix_user, matrix_master=said.matrix_master, until=_UNTIL,
        )  # fmt: skip
        answered = await founded.decide(founded.administrators[scene.police.agency.id], deed)
        assert answered.status == 200, answered.body
        machines = await stack.enter_async_context(AsyncExitStack())
        yield Town(
            api=served, scene=scene, founded=founded, malice=Malice(process, origin), folder=folder,
            machines=machines, newcomer=newcomer,
        )  # fmt: skip


async def _ended(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
