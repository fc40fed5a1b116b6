"""What a machine remembers, written by a process that is really killed: before each of its steps, one after another.

`python -m tests.killed_memory FOLDER` lets a child process add to what is remembered and kills it (SIGKILL) before its
first call into the system, another before its second, and so on until one comes through. After each of them the memory
is opened again, and one line says what was found: how many entries of either log, and whether more can be added. What
was written and not yet on the disk when the power fails is not tried so; what was begun in the middle of a row stands
in `tests/unit/test_vault_memory.py`.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from client.vault import memory as vault_memory
from client.vault.memory import LogName, Memory, Proof
from core import private_files
from crypto.vault.log import Kind

NETWORK, COMPARTMENT = bytes([9]) * 32, bytes([1]) * 16
DIRECTORY, MEMBERS = LogName(Kind.DIRECTORY, bytes(16)), LogName(Kind.MEMBERSHIP, COMPARTMENT)
WATCHED = {vault_memory.__file__, private_files.__file__}
ACTS = ("remember", "keep", "forget")


def act(memory: Memory, what: str) -> None:
    """Do one of the acts that change what is remembered."""
    match what:
        case "remember":
            added = {DIRECTORY: (1, [b"second", b"third" * 200]), MEMBERS: (0, [b"opened"])}
            memory.remember(added, compartment=COMPARTMENT, at=20)
        case "keep":
            memory.keep(Proof(name=MEMBERS, number=0, ours=b"one", theirs=b"other"))
        case "forget":
            memory.forget(DIRECTORY, MEMBERS)


def killed_before(step: int, folder: Path, what: str) -> bool:
    """Let a child act, and be killed before one of its calls into the system; whether it was."""
    child = os.fork()
    if child == 0:
        left = [step]

        def count(frame: FrameType, event: str, called: Any) -> None:
            code: CodeType = frame.f_code
            if event == "c_call" and code.co_filename in WATCHED and _is_of_the_system(called):
                left[0] -= 1
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)
        act(Memory(folder, NETWORK), what)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    if os.WEXITSTATUS(status):
        raise SystemExit("what was to be killed has failed")
    return False


def _is_of_the_system(called: Any) -> bool:
    owner = getattr(called, "__module__", None) or type(getattr(called, "__self__", None)).__module__
    return owner in {"posix", "fcntl", "_io"}


def main(where: Path) -> None:
    """Kill at every step of every act, and tell what is found after each."""
    for what in ACTS:
        step, killed = 0, True
        while killed:
            step += 1
            folder = where / f"{what}{step}"
            before = Memory(folder, NETWORK)
            before.remember({DIRECTORY: (0, [b"first"])}, compartment=COMPARTMENT, at=10)
            killed = killed_before(step, folder, what)
            found = Memory(folder, NETWORK)
            entries, members = found.entries(DIRECTORY), found.entries(MEMBERS)
            proofs = len(found.proofs(MEMBERS))
            found.remember({DIRECTORY: (len(entries), [b"after"])}, compartment=COMPARTMENT, at=30)
            goes_on = Memory(folder, NETWORK).entries(DIRECTORY) == [*entries, b"after"]
            sys.stdout.write(f"{what} {len(entries)} {len(members)} {proofs} {goes_on} {killed}\n")
            shutil.rmtree(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
