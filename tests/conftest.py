"""What all tests share: real databases, a homeserver, strict clients, a clock and invented people.

Every test that asks for `database` has one of its own, cloned in an instant from a template: the migrated
schema alone, or with the people and the case of `scene` for a test that asks for those. `stack` and
`witnesses` are for slow tests, start once and are shared by them.
"""

from __future__ import annotations

import io
import logging
import os
import shutil
import signal
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest
from hypothesis import settings as hypothesis_settings

from core import database as databases
from core import logs, migrations
from core.database import Database
from core.settings import Secret, Settings
from deploy.stack import LocalStack
from deploy.witness import Witnesses
from tests import telling
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.telephoned import INWARD

TEMPLATE = "streha_template"
TEMPLATE_OF_SCENE = "streha_scene"
MEMORY = Path("/dev/shm")  # noqa: S108 (only where the machine has it; each run makes a directory of its own)
ENOUGH_MEMORY = 2 * 1024**3
# A Monday morning. Nothing in the tests depends on the day they run.
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

# Whoever is started in the background of a shell ignores Ctrl-C, and so would the programs whose end by it is tested.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples on every machine and in every run: a failure in one is a failure in all.
hypothesis_settings.register_profile("streha", derandomize=True, deadline=None, print_blob=True)
hypothesis_settings.load_profile("streha")


@pytest.fixture(scope="session")
def quick_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make a directory in memory where there is room: copying a database is twenty times faster there."""
    if not (MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH_MEMORY):
        yield tmp_path_factory.mktemp("quick")
        return
    for left in MEMORY.glob("streha-tests-*-*"):
        # A run that was killed could not remove its own.
        if not (Path("/proc") / left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(dir=MEMORY, prefix=f"streha-tests-{os.getpid()}-") as directory:
        yield Path(directory)


@pytest.fixture
def quick_path(quick_directory: Path) -> Iterator[Path]:
    """Make a directory of this test's own there, for what writes many files and waits for each to be on the disk."""
    with TemporaryDirectory(dir=quick_directory) as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
async def postgres(quick_directory: Path) -> AsyncIterator[LocalStack]:
    """Start a real PostgreSQL without a homeserver."""
    async with LocalStack(quick_directory / "postgres", fast=True, homeserver=False) as running:
        yield running


class Copies:
    """Makes databases, empty or from the migrated template, and removes them."""

    def __init__(self, url: str, administration: asyncpg.Connection, first: int = 1) -> None:
        self._url = url
        self._administration = administration
        self._numbers = count(first)

    @asynccontextmanager
    async def copy(self, template: str) -> AsyncIterator[str]:
        """Make a database as a copy of a template, return its URL, and remove it afterwards."""
        name = f"test_{next(self._numbers)}"
        await self._administration.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield self._url.rpartition("/")[0] + "/" + name
        finally:
            try:
                await self._administration.execute(f"DROP DATABASE {name}")
            except asyncpg.ObjectInUseError:
                # Somebody whom a test has killed or forgotten is still connected.
                await self._administration.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
async def template(postgres: LocalStack) -> str:
    """Migrate the database from which those of single tests are copied."""
    async with databases.connect(await postgres.database(TEMPLATE)) as empty:
        await migrations.migrate(empty)
    return TEMPLATE


@pytest.fixture(scope="session")
async def copies(postgres: LocalStack) -> AsyncIterator[Copies]:
    """Return what makes the databases of single tests."""
    administration = await asyncpg.connect(postgres.addresses.database_url)
    try:
        yield Copies(postgres.addresses.database_url, administration)
    finally:
        await administration.close()


@pytest.fixture(scope="session")
async def scene(postgres: LocalStack, template: str) -> Scene:
    """Open one case as most stories need it; every test that asks has it in its database already."""
    url = await postgres.database(TEMPLATE_OF_SCENE, template=template)
    async with databases.connect(url) as database:
        return await Network(database, MovableClock(START)).scene()


@pytest.fixture
async def database_url(copies: Copies, template: str, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Make a migrated database of this test's own."""
    if "scene" in request.fixturenames:
        request.getfixturevalue("scene")
        template = TEMPLATE_OF_SCENE
    async with copies.copy(template) as url:
        yield url


@pytest.fixture
async def empty_database_url(copies: Copies) -> AsyncIterator[str]:
    """Make a database of this test's own without any table."""
    async with copies.copy("template1") as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Open the pools of the program on this test's own database."""
    async with databases.connect(database_url) as connected:
        yield connected


@pytest.fixture
def clock() -> MovableClock:
    """Return a clock that stands still until the test moves it."""
    return MovableClock(START)


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Return the settings of an installation on this test's own database."""
    return Settings(
        database_url=Secret(database_url), network="invented network", gateway_inward_key=Secret(INWARD)
    )  # fmt: skip


@pytest.fixture
def network(database: Database, clock: MovableClock) -> Network:
    """Return what builds invented agencies, people and cases through the real services."""
    return Network(database, clock)


@pytest.fixture(scope="session")
async def stack(quick_directory: Path) -> AsyncIterator[LocalStack]:
    """Start PostgreSQL and a homeserver, for slow tests, which share them."""
    async with LocalStack(quick_directory / "stack", fast=True) as running:
        yield running


@pytest.fixture(scope="session")
async def witnesses(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Witnesses]:
    """Start strict Matrix clients on the homeserver of `stack`, for slow tests, which share them."""
    log_file: Path = tmp_path_factory.mktemp("witnesses") / "witnesses.log"
    async with Witnesses(stack.addresses.homeserver_url, log_file=log_file) as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell beside a failure what people's clients had read, so that it can be understood from the output alone."""
    report = yield
    if report.failed:
        item.stash[telling.FAILED] = True
        error = None if call.excinfo is None else call.excinfo.value
        report.sections += telling.sections(getattr(item, "funcargs", {}), error)
    return report


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the caller's environment sets for Streha from the tests."""
    for name in [name for name in os.environ if name.startswith("STREHA_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Let the program write its log here, down to the smallest event, as it would to standard error."""
    written = io.StringIO()
    loggers = [logging.getLogger(name) for name in ("", *logs.PACKAGES)]
    levels, handlers = [each.level for each in loggers], loggers[0].handlers[:]
    logs.configure("debug", written)
    yield written
    loggers[0].handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
