"""Raises alerts in processes that kill themselves before the n-th thing they send to the database.

Reads lines `n key` and answers each with `killed` or `raised`. Every raise happens in a fork of its own, so
that what is imported is imported once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio import selector_events
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[2]))

from agencies import store as directory
from alerts.service import Alerts
from cases.model import CompartmentId
from core.clock import SystemClock
from core.database import connect


class Trap:
    """Counts what leaves for the database; at the chosen number the process is gone."""

    def __init__(self, at: int) -> None:
        self._at = at
        self._sent = 0

    def set(self) -> None:
        """Count from now on: before each thing is sent, and once more when a commit has just left."""
        transport = selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
        write = transport.write

        def trapped(self_: object, data: bytes) -> None:
            self._cross()
            write(self_, data)
            if b"COMMIT" in bytes(data):
                self._cross()

        transport.write = trapped

    def _cross(self) -> None:
        self._sent += 1
        if self._sent == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


async def raise_once(url: str, matrix_user: str, compartment_id: CompartmentId, key: UUID, trap: Trap) -> None:
    """Raise as the person would through the program."""
    async with connect(url) as database:
        async with database.reading() as look:
            person = await directory.person_by_matrix_user(look, matrix_user)
        assert person is not None
        trap.set()
        await Alerts(database, SystemClock()).raise_(person, compartment_id, key)


def main(url: str, matrix_user: str, compartment: str) -> None:
    """Obey one line after the other."""
    for line in sys.stdin:
        at, key = line.split()
        child = os.fork()
        if child == 0:
            asyncio.run(raise_once(url, matrix_user, CompartmentId(UUID(compartment)), UUID(key), Trap(int(at))))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        ended = {signal.SIGKILL: "killed", 0: "raised"}
        print(ended.get(os.waitstatus_to_exitcode(status) * -1, "failed"), flush=True)  # noqa: T201 (its answer)


main(*sys.argv[1:])
