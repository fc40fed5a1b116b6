"""Keys that stay open on a machine until a moment: in memory-backed storage of the person alone, and nowhere else.

Owns the files below `$XDG_RUNTIME_DIR/streha/keys`, which systemd makes for each person who is signed in and removes
when they sign out. They are refused on any disk, and where another could reach them. What is in memory may still be
written to swap, and whoever takes the running machine has it: that is what unlocking means.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from client.key_file import LockedKeyFile
from client.vault.unlocking import Opened, with_keys
from core import private_files
from core.errors import InvalidInput, StrehaError
from core.texts import mark
from crypto.vault import bundle
from crypto.vault.bundle import Keys

RUNTIME = "XDG_RUNTIME_DIR"
IN_MEMORY = frozenset({"tmpfs", "ramfs"})
NO_PLACE = mark(
    "This machine has no place in memory where opened keys could be kept. Every command asks for the passphrase "
    "instead."
)


class _Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    until: int
    seed: bytes
    secret: bytes


def keep(locked: LockedKeyFile, opened: Opened, until: datetime, environment: Mapping[str, str]) -> None:
    """Keep keys open until a moment; raise InvalidInput where there is no place for it."""
    keys = opened.unlocked.keys
    stored = _Kept(until=int(until.timestamp()), seed=keys.seed, secret=keys.secret)
    private_files.write(_place(environment) / _name(locked), msgspec.json.encode(stored))


def require_place(environment: Mapping[str, str]) -> None:
    """Raise InvalidInput where keys could not be kept open on this machine."""
    _place(environment)


def found(locked: LockedKeyFile, now: datetime, environment: Mapping[str, str]) -> Opened | None:
    """Return the keys of a key file if they are kept open; those whose moment has passed are destroyed."""
    kept = _found(locked, now, environment)
    return None if kept is None else with_keys(locked, _keys(kept))


def until(locked: LockedKeyFile, now: datetime, environment: Mapping[str, str]) -> datetime | None:
    """Return until when the keys of a key file are kept open; nothing where they are not."""
    kept = _found(locked, now, environment)
    return None if kept is None else datetime.fromtimestamp(kept.until, UTC)


def forget_all(environment: Mapping[str, str]) -> int:
    """Destroy everything that is kept open on this machine for this person; return how much it was."""
    try:
        place = _place(environment)
    except InvalidInput:
        return 0
    files = [each for each in place.iterdir() if each.suffix != ".draft"]
    for each in place.iterdir():
        private_files.destroy(each)
    return len(files)


def _found(locked: LockedKeyFile, now: datetime, environment: Mapping[str, str]) -> _Kept | None:
    try:
        path = _place(environment) / _name(locked)
        if not path.exists():
            return None
        kept = msgspec.json.decode(private_files.read(path), type=_Kept)
    except (StrehaError, OSError, msgspec.DecodeError, UnicodeDecodeError):
        # Whatever is wrong there: the passphrase still opens.
        return None
    whole = (len(kept.seed), len(kept.secret)) == (bundle.SECRET_BYTES, bundle.SECRET_BYTES)
    right = whole and bundle.owner(_keys(kept), network=locked.genesis, person=locked.person_id.bytes) == locked.owner
    if kept.until <= now.timestamp() or not right:
        private_files.destroy(path)
        return None
    return kept


def _keys(kept: _Kept) -> Keys:
    return Keys(seed=kept.seed, secret=kept.secret)


def _name(locked: LockedKeyFile) -> str:
    """Return a name that tells nobody whose keys these are; other keys or another passphrase have another one."""
    return hashlib.blake2b(locked.bundle, digest_size=16, person=b"streha-kept").hexdigest()


def _place(environment: Mapping[str, str]) -> Path:
    runtime = environment.get(RUNTIME, "")
    if not runtime or not Path(runtime).is_absolute() or _file_system(Path(runtime)) not in IN_MEMORY:
        raise InvalidInput(NO_PLACE)
    place = Path(runtime)
    try:
        for each in ("streha", "keys"):
            _require_own(place)
            place /= each
            place.mkdir(mode=0o700, exist_ok=True)
        _require_own(place)
    except OSError as error:
        raise InvalidInput(NO_PLACE) from error
    return place


def _require_own(place: Path) -> None:
    found_ = place.lstat()
    if not stat.S_ISDIR(found_.st_mode) or found_.st_uid != os.geteuid() or stat.S_IMODE(found_.st_mode) & 0o077:
        raise InvalidInput(NO_PLACE)


def _file_system(place: Path) -> str:
    """Return of which kind the file system is that a folder lies on (proc_pid_mountinfo(5)); empty where unknown."""
    try:
        real = place.resolve(strict=True)
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    kinds: dict[Path, str] = {}
    for line in mounts:
        before, _, after = line.partition(" - ")
        point = before.split()[4].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        # What was mounted later at the same place covers what was there.
        kinds[Path(point)] = after.split()[0]
    return next((kinds[each] for each in (real, *real.parents) if each in kinds), "")
