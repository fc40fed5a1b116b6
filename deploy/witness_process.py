"""The Node process that the witnesses live in: commands and their answers, and what was seen."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from core import logs
from deploy import node
from deploy.errors import StackError
from deploy.process import Child, Program
from deploy.witness_lines import Done, Line, Refused, Seen, Trouble

SCRIPT = Path(__file__).parent / "witness" / "witness.mjs"
COMMAND_TIMEOUT = 60.0

Found = TypeVar("Found")

log = logs.get(__name__)


class WitnessError(StackError):
    """A witness could not do what it was told, or did not see what it should.

    `witness` is who did not see it, where that is known. What it had read instead is never in the sentence, which is
    shown to people who run the demo.
    """

    witness: object = None


class WitnessProcess:
    """Runs while the context is entered. `on_seen` gets what the clients see."""

    def __init__(self, *, log_file: Path, on_seen: Callable[[Seen], None]) -> None:
        self._log_file = log_file
        self._on_seen = on_seen
        self._numbers = itertools.count()
        self._answers: dict[int, asyncio.Future[object]] = {}
        self._changed = asyncio.Event()
        self._decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)

    async def __aenter__(self) -> Self:
        if not (SCRIPT.parent / "node_modules").is_dir():
            raise StackError("The witnesses' packages are not installed. Run `make setup`.")
        program = Program(
            name="witnesses",
            command=(str(node.find().program), str(SCRIPT)),
            environment={"PATH": os.defpath, "HOME": "/"},
            output=self._log_file,
            patience=5.0,
        )
        self._child = Child(program=program, on_line=self._take, on_unexpected_end=self._give_up)
        await self._child.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._child.stop()

    async def tell(self, command: dict[str, object]) -> object:
        """Have a command carried out and return its result."""
        number = next(self._numbers)
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            self._child.write(msgspec.json.encode(command | {"id": number}))
            async with asyncio.timeout(COMMAND_TIMEOUT):
                return await answer
        except TimeoutError:
            raise WitnessError("A witness did not finish in time: {step}.", step=str(command["do"])) from None
        finally:
            del self._answers[number]

    async def until(self, look: Callable[[], Found | None], seconds: float) -> Found:
        """Look now and after everything that is seen, until there is something to return."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    found = look()
                    if found is not None:
                        return found
                    if self._child.ended.is_set():
                        raise self._child.failure()
                    await self._changed.wait()
        except TimeoutError:
            raise WitnessError(
                "A witness did not see within {seconds} seconds what it should.", seconds=round(seconds)
            ) from None

    def _take(self, raw: bytes) -> None:
        line = self._decoder.decode(raw)
        match line:
            case Done():
                self._answer(line.number, result=line.result)
            case Refused():
                self._answer(line.number, error=WitnessError("A witness was refused: {error}.", error=line.error))
            case Trouble():
                log.warning("witness_trouble", error=line.error)
            case _:
                self._on_seen(line)
        self._wake()

    def _answer(self, number: int, *, result: object = None, error: WitnessError | None = None) -> None:
        answer = self._answers.get(number)
        if answer is None or answer.done():
            return
        if error is None:
            answer.set_result(result)
        else:
            answer.set_exception(error)

    def _give_up(self, child: Child) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(child.failure())
        self._wake()

    def _wake(self) -> None:
        """Wake everybody who waits now; who waits later waits for the next line."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
