"""Files that only their owner reads, written whole or not at all: seeds, passwords, credentials.

Owns how they are written, moved and destroyed. What returned has reached the disk; what was cut off left either the
old or the new.
"""

from __future__ import annotations

import os
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Replace a file; what was there before stays until the new one is safely on the disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".draft")
    # Made by us and nobody else: not somebody's open file, not a link to one.
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _keep_names(path.parent)


def move(source: Path, target: Path) -> None:
    """Give a file another name in its directory; what stood under that name is gone."""
    source.replace(target)
    _keep_names(target.parent)


def destroy(path: Path) -> None:
    """Overwrite a file and remove it, with what a killed `write` may have left beside it.

    A file system that keeps copies, and a disk that spreads its writes, may hold the old bytes nevertheless.
    """
    for each in (path.with_name(path.name + ".draft"), path):
        if each.is_file() and not each.is_symlink():
            descriptor = os.open(each, os.O_WRONLY | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "wb") as file:
                file.write(bytes(os.fstat(file.fileno()).st_size))
                file.flush()
                os.fsync(file.fileno())
        each.unlink(missing_ok=True)
    _keep_names(path.parent)


def _keep_names(directory: Path) -> None:
    """Bring the names themselves to the disk: a new name is only safe when its directory is."""
    opened = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
