"""What answers requests in a process of its own: Streha's API as at work, and the bare server beside it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy import ports
from deploy.process import Child, Program
from tests.bench.row import MeasurementFailed

CHECKOUT = Path(__file__).resolve().parents[2]
READY_SECONDS = 30.0


@asynccontextmanager
async def streha_api(directory: Path, database_url: str) -> AsyncIterator[int]:
    """Run `streha run --role api` on a database; gives its port."""
    port = ports.choose(requested=None, remembered=None)
    settings = {
        "STREHA_DATABASE_URL": database_url,
        "STREHA_API_PORT": str(port),
        "STREHA_PUBLIC_ORIGIN": f"http://127.0.0.1:{port}",
        # So that nobody is told to wait: limits are not what is measured.
        "STREHA_REQUESTS_PER_MINUTE": "1000000000",
    }
    async with _listening("streha api", directory, ("streha", "run", "--role", "api"), port, settings):
        yield port


@asynccontextmanager
async def bare(server: str, directory: Path, database_url: str, plan: bytes) -> AsyncIterator[int]:
    """Run a bare server of `tests.bench` on a database, with its plan; gives its port."""
    port = ports.choose(requested=None, remembered=None)
    plan_file = directory / f"{server}.json"
    plan_file.write_bytes(plan)
    command = (f"tests.bench.{server}", str(port), str(plan_file))
    async with _listening(server, directory, command, port, {"DATABASE_URL": database_url}):
        yield port


@asynccontextmanager
async def _listening(
    name: str, directory: Path, module: tuple[str, ...], port: int, settings: dict[str, str]
) -> AsyncIterator[None]:
    """Run a Python module in a process of its own until the context is left."""
    paths = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(CHECKOUT)}
    child = Child(
        program=Program(
            name=name,
            command=(sys.executable, "-m", *module),
            environment={**paths, **settings},
            output=directory / f"{name}.log",
            directory=CHECKOUT,
        )
    )
    await child.start()
    try:
        async with asyncio.timeout(READY_SECONDS):
            while ports.is_free(port):
                if child.exit_code is not None:
                    raise MeasurementFailed(f"the process of the {name} ended")
                await asyncio.sleep(0.02)
        yield
    finally:
        await child.stop()
