"""Where a process can be killed: the crossings it comes to, by name, and which of them are tried.

A run that is not killed writes down every crossing (`tests/acceptance/killable.py`). A test tries those that tell most
and one of every other kind; with EVERY_CROSSING=1 in the environment it tries all, which takes many minutes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

KILLABLE = Path(__file__).with_name("killable.py")
NONE = "-"
EVERY = bool(os.environ.get("EVERY_CROSSING"))
# Whoever is killed at these, between a panic and its delivery, has done the one half of what must be whole.
TELLING_OF_ALERT = (
    "after disk take_in", "before commit raise_", "after commit raise_", "after commit _store",
    "after http PUT rooms/send/m.room.encrypted",
)  # fmt: skip


def trapped(crossing: str, mark: Path, what: str) -> tuple[str, ...]:
    """Return the command of a process that dies at a crossing once the mark exists."""
    return sys.executable, str(KILLABLE), crossing, str(mark), what


def crossed(mark: Path) -> list[str]:
    """Return the crossings that a process came to, in their order."""
    written = mark.with_name(f"{mark.name}.crossed")
    return written.read_text().splitlines() if written.exists() else []


def chosen(names: Sequence[str], telling: Iterable[str]) -> list[str]:
    """Return which crossings are tried: all when asked, else those that tell most, and one of every other kind."""
    if EVERY:
        return list(names)
    some = [name for name in telling if name in names]
    kinds = {kind_of(name) for name in some}
    for name in [*names[len(names) // 3 :], *names]:
        if kind_of(name) not in kinds:
            kinds.add(kind_of(name))
            some.append(name)
    return sorted(some, key=names.index)


def kind_of(name: str) -> str:
    """Return what kind of crossing this is: at a statement, a commit, a request, the device's store, or a file."""
    return name.split()[1]
