"""Files that only their owner reads, written whole or not at all: seeds, passwords, credentials.

Owns how they are written, moved and destroyed. What returned has reached the disk; what was cut off left either the
old or the new.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import Conflict, InvalidInput, NotFound, Unavailable
from core.texts import mark

MODE = 0o600
LARGEST = 16 * 1024
# Whoever has files to themselves has them for moments: after so long something hangs, and somebody must be told.
WAIT_SECONDS = 10.0
_LOOKED_EVERY_SECONDS = 0.02
# How a file system says that it knows no such locks. NFS makes them of locks on ranges, which a directory cannot have.
_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EBADF, errno.EINVAL})
HELD = mark(
    "Another program has the files in {path} to itself, and does not let go. Nothing was written. See whether one of "
    "yours hangs, end it, and try again."
)
# Which directories this thread has to itself.
_held = threading.local()


def write(path: Path, data: bytes) -> None:
    """Replace a file; what was there before stays until the new one is safely on the disk."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".draft")
    with alone_in(path.parent):
        # Made by us and nobody else: not somebody's open file, not a link to one.
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        keep_names(path.parent)


def write_new(path: Path, data: bytes) -> None:
    """Write a file that only its owner reads; never over another one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)
    except FileExistsError as error:
        raise Conflict(mark("The file {path} exists already. Choose another name."), path=str(path)) from error
    except OSError as error:
        raise InvalidInput(mark("The file {path} cannot be written. Choose another place."), path=str(path)) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, MODE)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        # The disk is full, or gone: half a file is none.
        path.unlink(missing_ok=True)
        raise InvalidInput(mark("The file {path} cannot be written. Choose another place."), path=str(path)) from error
    keep_names(path.parent)


def require_free(path: Path) -> None:
    """Refuse a place where no new file can be written."""
    if path.exists() or path.is_symlink():
        raise Conflict(mark("The file {path} exists already. Choose another name."), path=str(path))
    if not os.access(path.absolute().parent, os.W_OK | os.X_OK):
        raise InvalidInput(mark("The file {path} cannot be written. Choose another place."), path=str(path))


def read(path: Path, *, largest: int = LARGEST) -> bytes:
    """Return what stands in a file that only its owner can read, at most `largest` bytes of it.

    One that others can read is refused.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(largest)
    except FileNotFoundError as error:
        raise NotFound(mark("There is no file {path}. Check the path."), path=str(path)) from error
    except OSError as error:
        raise InvalidInput(mark("The file {path} cannot be read."), path=str(path)) from error
    if stat.S_IMODE(mode) & 0o077:
        raise InvalidInput(
            mark("Others on this machine can read the file {path}. Run: chmod 600 {path}"), path=str(path)
        )
    return data


def move(source: Path, target: Path) -> None:
    """Give a file another name in its directory; what stood under that name is gone."""
    source.replace(target)
    keep_names(target.parent)


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
    keep_names(path.parent)


@contextmanager
def alone(path: Path, *, seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Let one process at a time do something, as long as all of them name the same lock file, which stays empty.

    Raises Unavailable where another holds it for longer than that.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, MODE)
    try:
        _lock(descriptor, path.parent, seconds)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def alone_in(directory: Path, *, seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Let one process, and one thread, at a time write in a directory that is there.

    Two that share a draft could leave half of it in place. Whoever has it already, as `write` inside of this,
    does not wait for themselves. Where a file system knows no such locks, writing goes on without. Raises Unavailable
    where another holds it for longer than `seconds`.
    """
    held: set[Path] = _held.__dict__.setdefault("directories", set())
    place = directory.resolve()
    if place in held:
        yield
        return
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            _lock(opened, directory, seconds)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        held.add(place)
        yield
    finally:
        held.discard(place)
        os.close(opened)


def _lock(descriptor: int, place: Path, seconds: float) -> None:
    """Take a lock, looking again and again: a call that waits in the system itself would wait without end."""
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                raise Unavailable(HELD, path=str(place)) from error
            time.sleep(_LOOKED_EVERY_SECONDS)
        else:
            return


def keep_names(directory: Path) -> None:
    """Bring the names themselves to the disk: a new name is only safe when its directory is."""
    opened = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
