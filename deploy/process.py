"""One child process: started on a leash, watched, stopped in order.

Every program of the local stack runs in a session of its own, so that Ctrl-C reaches only the process that
owns the stack, which then stops the parts in their order. If the owner dies without a chance to do so, the
kernel ends them (`deploy.leash`). What a program writes goes to a file below the data directory, or line by
line to whoever asked for it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from core import logs
from deploy.errors import StackError

LEASH = Path(__file__).with_name("leash.py")

log = logs.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of this machine that a program runs under."""

    user: int
    group: int
    # Whether it needs help to walk down to its files (see `deploy.leash`).
    reach: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run and how it is ended."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    output: Path
    directory: Path = Path("/")
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    # Seconds that an orderly stop may take before the program is killed.
    patience: float = 15.0


@dataclass(slots=True, kw_only=True, eq=False)
class Child(asyncio.SubprocessProtocol):
    """A running program. `on_line` gets each line it prints; then it also has a standard input."""

    program: Program
    on_line: Callable[[bytes], None] | None = None
    on_unexpected_end: Callable[[Child], None] | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: bool = False
    _transport: asyncio.SubprocessTransport | None = None
    _unfinished_line: bytearray = field(default_factory=bytearray)

    @property
    def pid(self) -> int:
        """Return the process id: the leash becomes the program, so it never changes."""
        return self._started().get_pid()

    @property
    def exit_code(self) -> int | None:
        """Return how it ended: negative for a signal, None while it runs."""
        return self._started().get_returncode()

    async def start(self) -> None:
        """Start the program."""
        program = self.program
        account = program.account
        pipe = None if self.on_line is None else asyncio.subprocess.PIPE
        with _append_to(program.output) as output:
            await asyncio.get_running_loop().subprocess_exec(
                lambda: self,
                *(sys.executable, "-I", "-S", str(LEASH)),
                str(os.getpid()),
                str(int(program.death_signal)),
                "-" if account is None else f"{account.user}:{account.group}",
                "reach" if account is not None and account.reach else "-",
                *program.command,
                stdin=pipe if pipe is not None else asyncio.subprocess.DEVNULL,
                stdout=pipe if pipe is not None else output,
                stderr=output,
                cwd=program.directory,
                env=dict(program.environment),
                start_new_session=True,
                umask=0o077,
            )
        log.debug("child_started", child=program.name, pid=self.pid)

    def write(self, line: bytes) -> None:
        """Send a line to the program's standard input."""
        self._input().write(line + b"\n")

    def close_input(self) -> None:
        """Tell the program that nothing more comes."""
        self._input().close()

    async def finish(self, timeout: float) -> None:  # noqa: ASYNC109 -- ends the program, not only the wait
        """Wait for a program that ends by itself; it must end well, and in time."""
        self._stopping = True
        try:
            async with asyncio.timeout(timeout):
                await self.ended.wait()
        except TimeoutError:
            await self.kill()
        except asyncio.CancelledError:
            self._signal(signal.SIGKILL)
            raise
        if self.exit_code != 0:
            raise StackError("{name} failed. Look at {path}.", name=self.program.name, path=str(self.program.output))

    async def stop(self) -> None:
        """End the program in its own way, or by force when it takes too long."""
        self._stopping = True
        self._signal(self.program.stop_signal)
        try:
            async with asyncio.timeout(self.program.patience):
                await self.ended.wait()
        except TimeoutError:
            log.warning("child_killed", child=self.program.name)
            await self.kill()
        except asyncio.CancelledError:
            self._signal(signal.SIGKILL)
            raise

    async def kill(self, with_signal: signal.Signals = signal.SIGKILL) -> None:
        """End the program at once."""
        self._stopping = True
        self._signal(with_signal)
        await self.ended.wait()

    def failure(self) -> StackError:
        """Say that it ended, and where to look."""
        return StackError(
            "{name} ended unexpectedly. Look at {path}.",
            name=self.program.name,
            path=str(self.program.output),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (called by asyncio)."""
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Cut what the program prints into lines (called by asyncio)."""
        if fd != 1 or self.on_line is None:
            return
        self._unfinished_line += data
        *lines, rest = self._unfinished_line.split(b"\n")
        self._unfinished_line = rest
        for line in lines:
            self.on_line(bytes(line))

    def connection_lost(self, exc: Exception | None) -> None:
        """Record the end: the process is gone and all its output was read (called by asyncio)."""
        del exc
        self._started().close()
        self.ended.set()
        if self._stopping:
            log.debug("child_stopped", child=self.program.name, exit_code=self.exit_code)
            return
        log.error("child_ended", child=self.program.name, exit_code=self.exit_code)
        if self.on_unexpected_end is not None:
            self.on_unexpected_end(self)

    def _signal(self, number: signal.Signals) -> None:
        if self.exit_code is not None:
            return
        if number == signal.SIGKILL:
            # Its helpers too, which it can no longer end itself. The program leads a group of its own.
            os.killpg(self.pid, number)
        else:
            self._started().send_signal(number)

    def _input(self) -> asyncio.WriteTransport:
        pipe = self._started().get_pipe_transport(0)
        if self.ended.is_set() or pipe is None:
            raise self.failure()
        return cast("asyncio.WriteTransport", pipe)

    def _started(self) -> asyncio.SubprocessTransport:
        if self._transport is None:
            raise StackError("{name} was not started.", name=self.program.name)
        return self._transport


def _append_to(path: Path) -> BinaryIO:
    """Open a log that only its owner can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")
