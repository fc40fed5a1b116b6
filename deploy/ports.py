"""Which loopback ports the stack listens on.

A port asked for by name must be free. Otherwise the port of the last start is used again while it is free, so
that printed addresses stay true. New ones are taken below the range that the kernel gives to outgoing
connections, which would otherwise sit on a remembered port now and then.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Collection

from deploy.errors import StackError

LOOPBACK = "127.0.0.1"
FIRST = 20_000
LAST = 32_000


def choose(*, requested: int | None, remembered: int | None, promised: Collection[int] = ()) -> int:
    """Return a free port that is not promised to another, or say that the requested one is taken."""
    if requested is not None:
        if not is_free(requested):
            raise StackError("Port {port} is in use. Stop what listens there, or choose another.", port=requested)
        return requested
    if remembered is not None and remembered not in promised and is_free(remembered):
        return remembered
    while True:
        candidate = FIRST + secrets.randbelow(LAST - FIRST)
        if candidate not in promised and is_free(candidate):
            return candidate


def is_free(port: int) -> bool:
    """Return whether a server could listen on the loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are still closing counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError):
            return False
    return True
