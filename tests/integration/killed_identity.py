"""Cares for the bot's identity in processes that kill themselves at the n-th thing that lasts.

Reads lines of JSON, `{"at": n, "act": …, "url": …, "directory": …, "seed": …}`, and answers each with what became of it
and how many borders were crossed. Before and after each request to the homeserver, each transaction of the device's
store, and each file that is written, renamed or destroyed there is one. Every act happens in a fork of its own, so that
what is imported is imported once.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from bots.olm.olm_store import OlmStore
from bots.watching.identity_care import IdentityCare
from bots.wire.transport import Transport
from core import private_files
from core.clock import SystemClock
from core.errors import Conflict
from tests.own_account import Account, settings_of, start

REFUSED = 3


class Trap:
    """Counts what lasts; at the chosen number the process is gone."""

    def __init__(self, at: int, crossed: int) -> None:
        self._at = at
        self._count = 0
        self._crossed = crossed

    def set(self) -> None:
        """Count from now on."""
        call, transaction = Transport.call, OlmStore.transaction

        async def called(*args: Any, **options: Any) -> Any:
            self._cross()
            answer = await call(*args, **options)
            self._cross()
            return answer

        @contextmanager
        def committed(store: OlmStore) -> Iterator[None]:
            with transaction(store):
                yield
                self._cross()
            self._cross()

        Transport.call = called  # type: ignore[method-assign]
        OlmStore.transaction = committed  # type: ignore[method-assign, assignment]
        for name in ("write", "move", "destroy"):
            setattr(private_files, name, self._around(getattr(private_files, name)))

    def _around(self, act: Callable[..., None]) -> Callable[..., None]:
        def trapped(*args: Any) -> None:
            self._cross()
            act(*args)
            self._cross()

        return trapped

    def _cross(self) -> None:
        self._count += 1
        os.pwrite(self._crossed, self._count.to_bytes(4), 0)
        if self._count == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


async def act(order: dict[str, Any], trap: Trap) -> None:
    """Do what an operator or the bot does."""
    settings = settings_of(Account(url=order["url"]), Path(order["directory"]))
    care = IdentityCare(settings, SystemClock())
    seed = bytes.fromhex(order["seed"])
    trap.set()
    match order["act"]:
        case "start":
            await start(settings)
        case "restore":
            await care.restore(seed)
        case "replace":
            await care.make_anew()
        case "sign-device":
            await care.sign_device(seed)
        case "seed-offline":
            care.take_offline(care.seeds())


def main() -> None:
    """Obey one line after the other."""
    crossed = os.memfd_create("crossed")
    for line in sys.stdin:
        order = json.loads(line)
        os.pwrite(crossed, bytes(4), 0)
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(act(order, Trap(order["at"], crossed)))
            except Conflict:
                os._exit(REFUSED)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        ended = {-signal.SIGKILL: "killed", 0: "done", REFUSED: "refused"}.get(
            os.waitstatus_to_exitcode(status), "failed"
        )
        print(json.dumps([ended, int.from_bytes(os.pread(crossed, 4, 0))]), flush=True)  # noqa: T201 (its answer)


main()
