"""`streha run`, but it kills itself at the n-th await that leaves the process.

Started as `killable.py N MARK ROLE`: once the file MARK exists, every database statement and every request
to the homeserver counts twice, when it is about to leave and when its answer is back; at N the process
sends itself SIGKILL, without a chance to tidy anything.
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from bots.transport import Transport
from core import logs, settings
from core.database import Transaction
from streha.processes import RoleName, run

P = ParamSpec("P")
T = TypeVar("T")


class Trap:
    """Counts crossings and ends the process at the chosen one."""

    def __init__(self, at: int, mark: Path) -> None:
        self._at = at
        self._mark = mark
        self._crossings = 0

    def cross(self) -> None:
        """Count one crossing."""
        if self._mark.exists():
            self._crossings += 1
            if self._crossings == self._at:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, method: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        """Return the method with a crossing before and after it."""

        @functools.wraps(method)
        async def trapped(*args: P.args, **kwargs: P.kwargs) -> T:
            self.cross()
            answer = await method(*args, **kwargs)
            self.cross()
            return answer

        return trapped


def main() -> None:
    """Run the role with the trap set."""
    trap = Trap(int(sys.argv[1]), Path(sys.argv[2]))
    for name in ("rows", "row", "value", "run", "run_many"):
        setattr(Transaction, name, trap.around(getattr(Transaction, name)))
    setattr(Transport, "call", trap.around(Transport.call))  # noqa: B010 (mypy refuses a plain assignment)
    chosen = settings.load(os.environ)
    logs.configure(chosen.log_level)
    asyncio.run(run(chosen, [RoleName(sys.argv[3])], ready=lambda _: None))


main()
