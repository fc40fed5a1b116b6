"""`streha run`, or the opening of a device, but it kills itself where something leaves the process or becomes final.

Started as `killable.py CROSSING MARK bots`, or as `killable.py CROSSING MARK device` with what to open in the
environment. Once the file MARK exists, every crossing is written down by its name in the file MARK.crossed: before and
after each database statement and commit, each request to the homeserver, each transaction of the device's own store and
each file that it keeps. The first time it comes to the named one, the process sends itself SIGKILL, without a chance to
tidy anything.
"""

from __future__ import annotations

import asyncio
import functools
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from bots.device.device import MatrixDevice
from bots.olm.olm_store import OlmStore
from bots.wire.transport import Transport
from core import logs, private_files, queries, settings
from core.clock import SystemClock
from core.database import Database, Reading, Transaction
from streha.processes import RoleName, run

P = ParamSpec("P")
T = TypeVar("T")

PACKAGES = ("core", "agencies", "cases", "alerts", "safety_plans", "bots")
STATEMENTS = {statement: name for package in PACKAGES for name, statement in queries.load(package).items()}
# Words of a request's path that say what it is; the rest are names of rooms, users and transactions.
WORDS = re.compile(r"[a-z][a-z_]*|createRoom|sendToDevice|m\.[a-z_.]+")


class Trap:
    """Writes crossings down and ends the process at the chosen one."""

    def __init__(self, chosen: str, mark: Path) -> None:
        self._chosen = chosen
        self._mark = mark
        self._crossed = mark.with_name(f"{mark.name}.crossed")
        self._known: set[str] = set()

    def cross(self, name: str) -> None:
        """Come to a crossing."""
        if name in self._known or not self._mark.exists():
            return
        self._known.add(name)
        with self._crossed.open("a") as file:
            file.write(name + "\n")
        if name == self._chosen:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, method: Callable[P, Awaitable[T]], name_of: Callable[..., str]) -> Callable[P, Awaitable[T]]:
        """Return the method with a crossing before and after it."""

        @functools.wraps(method)
        async def trapped(*args: P.args, **kwargs: P.kwargs) -> T:
            name = name_of(*args, **kwargs)
            self.cross(f"before {name}")
            answer = await method(*args, **kwargs)
            self.cross(f"after {name}")
            return answer

        return trapped

    def set(self) -> None:
        """Set the trap at every border of the process."""
        for owner, names in ((Reading, ("rows", "row", "value")), (Transaction, ("run", "run_many"))):
            for name in names:
                _replace(owner, name, self.around(getattr(owner, name), _statement))
        _replace(Transport, "call", self.around(Transport.call, _request))
        _replace(Database, "transaction", self._commits(Database.transaction))
        _replace(OlmStore, "transaction", self._store_commits(OlmStore.transaction))
        _replace(private_files, "write", self._writes(private_files.write))

    def _commits(self, transaction: Callable[..., Any]) -> Callable[..., Any]:
        @asynccontextmanager
        async def trapped(database: Database, *, urgent: bool = False) -> AsyncIterator[Transaction]:
            name = f"commit {sys._getframe(2).f_code.co_name}"
            async with transaction(database, urgent=urgent) as tx:
                yield tx
                self.cross(f"before {name}")
            self.cross(f"after {name}")

        return trapped

    def _store_commits(self, transaction: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def trapped(store: OlmStore) -> Iterator[None]:
            name = f"disk {sys._getframe(2).f_code.co_name}"
            with transaction(store):
                yield
                self.cross(f"before {name}")
            self.cross(f"after {name}")

        return trapped

    def _writes(self, write: Callable[[Path, bytes], None]) -> Callable[[Path, bytes], None]:
        def trapped(path: Path, data: bytes) -> None:
            self.cross(f"before file {path.name}")
            write(path, data)
            self.cross(f"after file {path.name}")

        return trapped


def _replace(owner: object, name: str, trapped: object) -> None:
    setattr(owner, name, trapped)


def _statement(_reading: object, query: str, *_values: object) -> str:
    return f"sql {STATEMENTS.get(query, 'other')}"


def _request(_transport: object, method: str, path: str, *_rest: object, **_options: object) -> str:
    words = [word for word in path.partition("/v3/")[2].split("/") if WORDS.fullmatch(word)]
    return f"http {method} {'/'.join(words)}"


async def _open_device() -> None:
    device = await MatrixDevice.open(
        homeserver_url=os.environ["OPEN_URL"],
        user_id=os.environ["OPEN_USER"],
        password=os.environ["OPEN_PASSWORD"],
        directory=Path(os.environ["OPEN_DIRECTORY"]),
        store_secret=os.environ["OPEN_SECRET"].encode(),
        clock=SystemClock(),
    )
    await device.close()


def main() -> None:
    """Run what was asked for with the trap set."""
    Trap(sys.argv[1], Path(sys.argv[2])).set()
    if sys.argv[3] == "device":
        asyncio.run(_open_device())
        return
    chosen = settings.load(os.environ)
    logs.configure(chosen.log_level)
    asyncio.run(run(chosen, [RoleName(sys.argv[3])], ready=lambda _: None))


main()
