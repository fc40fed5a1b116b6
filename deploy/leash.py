"""Starts one program that cannot outlive the process which asked for it.

Run as a script by `deploy.process`, never imported by it: the kernel's parent-death signal, the change of
account and the one capability all belong to the process that then becomes the program.

    leash.py PARENT SIGNAL ACCOUNT REACH PROGRAM [ARGUMENT ...]

PARENT is the process that must still be there, SIGNAL what the program gets when PARENT dies. ACCOUNT is
`-`, or `UID:GID` to change to (only root can). REACH is `reach` where that account could not otherwise walk
down to the program or its files, because a directory above them is private to root: the program then keeps
the one capability to walk through closed directories. It uses nothing but the standard library, so that it
starts in a few milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

# From the kernel's prctl.h, securebits.h and capability.h.
SET_PARENT_DEATH_SIGNAL = 1
SET_SECURE_BITS = 28
NO_CHANGE_WITH_ACCOUNT = 1 << 2
AMBIENT = 47
AMBIENT_RAISE = 2
CAPABILITY_VERSION = 0x20080522
OVERRIDE_PERMISSIONS = 1
READ_AND_SEARCH = 2


def main(arguments: list[str]) -> None:
    """Put on the leash and become the program."""
    parent, signal_number, account, reach, *command = arguments
    if account != "-":
        user, group = (int(part) for part in account.split(":"))
        _become(user, group, reach=reach == "reach")
    # The order matters: a change of account clears the parent-death signal.
    _control(SET_PARENT_DEATH_SIGNAL, int(signal_number))
    if os.getppid() != int(parent):
        sys.exit("The process that asked for this program is gone.")
    os.execv(command[0], command)  # noqa: S606 -- becoming the given program is what a leash is for


def _become(user: int, group: int, *, reach: bool) -> None:
    capability = _capability_to_walk() if reach else None
    if capability is not None:
        # Capabilities then stay as set below, also where a program asks `access` whether it may use a file.
        _control(SET_SECURE_BITS, NO_CHANGE_WITH_ACCOUNT)
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    if capability is not None:
        _keep_only(capability)


def _capability_to_walk() -> int | None:
    """Return the smaller capability that this process holds; containers often lack the smallest."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 -- pathlib costs start-up time
        held = next(int(line.split()[1], 16) for line in status if line.startswith("CapPrm:"))
    return next((bit for bit in (READ_AND_SEARCH, OVERRIDE_PERMISSIONS) if held >> bit & 1), None)


def _keep_only(capability: int) -> None:
    mask = 1 << capability
    header = struct.pack("=Ii", CAPABILITY_VERSION, 0)
    # Effective, permitted and inheritable, for the low and the high half of the capability numbers.
    sets = struct.pack("=6I", mask, mask, mask, 0, 0, 0)
    if _libc.capset(header, sets) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    _control(AMBIENT, AMBIENT_RAISE, capability)


def _control(option: int, *values: int) -> None:
    words = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    if _libc.prctl(option, *words) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


_libc = ctypes.CDLL(None, use_errno=True)

if __name__ == "__main__":
    main(sys.argv[1:])
