"""The demo: how long `make demo` takes until everything is ready, and what each role then holds in memory.

It is run as a person runs it, by make, on a machine where set-up has been done before. Memory is the proportional set
size: pages that processes share are counted once.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from deploy.process import Child, Program
from tests.bench.row import Measure, MeasurementFailed, Row

CHECKOUT = Path(__file__).resolve().parents[3]
ROLES = ("api", "engine", "bots")
READY_SECONDS = 90.0
STOP_SECONDS = 30.0
# Until every role has done a few rounds without anything to do.
SETTLING_SECONDS = 10.0

READY = "make demo to ready, an empty folder"
READY_AGAIN = "make demo to ready, a second start"


def memory_of(role: str) -> str:
    """Return the name of what a role holds in memory."""
    return f"memory of {role}, idle"


class _Demo:
    """The measures: one start finds nothing, the other what the first has left."""

    def __init__(self, directory: Path, *, tiny: bool) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._settling = 0.0 if tiny else SETTLING_SECONDS
        self._numbers = count()
        self._held: dict[str, float] = {}
        self._left: Path | None = None

    async def ready(self) -> float:
        """Start in an empty folder."""
        if self._left is not None:
            shutil.rmtree(self._left)
        self._left = self._directory / f"demo {next(self._numbers)}"
        return await self._start(self._left)

    async def ready_again(self) -> float:
        """Start where the demo was before."""
        if self._left is None:
            await self.ready()
        assert self._left is not None
        return await self._start(self._left)

    def held(self, role: str) -> Measure:
        """Return the measure of what a role held when it was last idle."""

        async def measure() -> float:
            if role not in self._held:
                await self.ready_again()
            return self._held[role]

        return measure

    async def _start(self, folder: Path) -> float:
        state = self._directory / "state.json"
        state.unlink(missing_ok=True)
        make = shutil.which("make")
        if make is None:
            raise MeasurementFailed("there is no make on this machine")
        child = Child(
            program=Program(
                name="demo",
                command=(make, "demo", f"ARGS=--directory '{folder}' --state '{state}'"),
                environment=dict(os.environ),
                output=self._directory / "demo.log",
                directory=CHECKOUT,
                patience=STOP_SECONDS,
            )
        )
        begun = time.monotonic()
        await child.start()
        try:
            async with asyncio.timeout(READY_SECONDS):
                while not state.exists():
                    if child.exit_code is not None:
                        raise MeasurementFailed("the demo ended before it was ready")
                    await asyncio.sleep(0.02)
            took = time.monotonic() - begun
            await asyncio.sleep(self._settling)
            self._held = {role: _mebibytes(_process(folder, role)) for role in ROLES}
        finally:
            await child.stop()
        return took


def _process(folder: Path, role: str) -> Path:
    """Return where the system tells of the process that is a role of this demo."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        if command[-3:-1] == [b"--role", role.encode()] and str(folder).encode() in environment:
            return process
    raise MeasurementFailed(f"there is no process of the role {role}")


def _mebibytes(process: Path) -> float:
    rows = dict(row.split(":", 1) for row in (process / "smaps_rollup").read_text().splitlines()[1:])
    return int(rows["Pss"].split()[0]) / 1024


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    demo = _Demo(directory, tiny=tiny)
    starts: dict[str, Measure] = {READY: demo.ready} if tiny else {READY: demo.ready, READY_AGAIN: demo.ready_again}
    yield starts | {memory_of(role): demo.held(role) for role in ROLES}


ROW = Row(
    name="demo",
    title="The demo: from make to ready, and what each role holds in memory",
    prepared=_prepared,
    units={memory_of(role): "MiB" for role in ROLES},
    rounds_at_most=3,
    first_counts=True,
    notes=(
        "Ready: database, homeserver and all roles run, people have keys and accounts, three cases have channels.",
        f"Idle: {SETTLING_SECONDS:g} seconds after that, in PSS. The homeserver and PostgreSQL are not counted.",
    ),
)
