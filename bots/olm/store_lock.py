"""The lock on a device's directory: one process has a device open, and no second one beside it.

Held beside the lease of the network (`bots.account.lease`), which says which of several devices is active.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from core.errors import Conflict
from core.texts import mark

LOCK_NAME = "device.lock"


class StoreInUse(Conflict):
    """Another process has this device open."""


class StoreLock:
    """Held while a process has the device open; the operating system lets go when the process ends."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise StoreInUse(
                mark("Another process is using this Matrix device. Stop it first, or use another directory.")
            ) from error

    def release(self) -> None:
        """Let another process open the device."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
