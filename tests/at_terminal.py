"""A command at a real terminal, and a person who reads it and types."""

from __future__ import annotations

import codecs
import os
import pty
import select
import signal
import sys
from subprocess import Popen

PATIENCE_SECONDS = 60


class Terminal:
    """A person at a terminal, with a command that runs in it."""

    def __init__(self, *arguments: str, environment: dict[str, str]) -> None:
        self._person, command = pty.openpty()
        # What is read may end in the middle of a letter.
        self._letters = codecs.getincrementaldecoder("utf-8")()
        self.said = ""
        self.process = Popen(
            [sys.executable, "-m", "streha", *arguments],
            stdin=command, stdout=command, stderr=command, env={**os.environ, **environment, "COLUMNS": "200"},
        )  # fmt: skip
        os.close(command)

    def sees(self, words: str) -> str:
        """Wait until these words are shown; return what was shown up to them since the last."""
        while words not in self.said:
            if not select.select([self._person], [], [], PATIENCE_SECONDS)[0]:
                raise AssertionError(f"never said {words!r}: {self.said!r}")
            try:
                self.said += self._letters.decode(os.read(self._person, 65536))
            except OSError:
                raise AssertionError(f"ended without {words!r}: {self.said!r}") from None
        seen, _, self.said = self.said.partition(words)
        return seen

    def rest(self) -> str:
        """Wait until it has ended; return what was shown since the last."""
        while select.select([self._person], [], [], PATIENCE_SECONDS)[0]:
            try:
                more = self._letters.decode(os.read(self._person, 65536))
            except OSError:
                break
            if not more:
                break
            self.said += more
        else:
            raise AssertionError(f"never ended: {self.said!r}")
        seen, self.said = self.said, ""
        return seen

    def types(self, text: str) -> None:
        """Type a line."""
        os.write(self._person, text.encode() + b"\n")

    def close(self) -> None:
        """Leave."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self._person)
