"""What of the bot's identity rests on the machine's disk, and the steps between its states.

In one directory: `identity.sealed` (the published keys and, until it is taken offline, the self-signing seed),
`identity.master-seed` (until it is taken offline; not sealed, so that it outlives the store key), and, while something
new is being published, the first time too, the same two with `.next`. Each step is one file, written or renamed whole:
what was killed between two steps is finished or repeated, and a seed that may be published is never overwritten.
Whatever changes these files holds the directory's lock for that moment. What is published, and when,
`bots.account.identity` decides.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from core import private_files
from core.errors import Conflict
from core.texts import mark
from crypto import cross_signing, local_seal

SEALED_FILE = "identity.sealed"
MASTER_SEED_FILE = "identity.master-seed"
NEXT = ".next"
UNPUBLISHED = ".unpublished"
_NAME = "identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An identity as it is kept: the published objects, and the seed that signs devices while it rests here."""

    published: Mapping[str, Any]
    self_signing: bytes | None
    # When the seeds were taken offline.
    offline_at: datetime | None = None

    def __repr__(self) -> str:
        return "Kept(hidden)"

    @property
    def master(self) -> str | None:
        """The public master key."""
        return self._public("master")

    @property
    def signing(self) -> str | None:
        """The public self-signing key."""
        return self._public("self_signing")

    @property
    def below_master(self) -> dict[str, Any]:
        """What is published under the master key, without it: whoever is sent this alone keeps the master key."""
        return {name: key for name, key in self.published.items() if name != "master_key"}

    def _public(self, usage: cross_signing.type_of_usage) -> str | None:
        key = self.published[f"{usage}_key"]
        return cross_signing.key_in(key, key["user_id"], usage)


def made(user_id: str, seeds: cross_signing.SigningSeeds) -> Kept:
    """Return what is to be kept of new keys. The user-signing seed is not: the bot verifies nobody."""
    return Kept(published=cross_signing.published_keys(user_id, seeds), self_signing=seeds.self_signing)


class IdentityFiles:
    """The files of one identity in one directory."""

    def __init__(self, directory: Path, secret: bytes) -> None:
        self._directory = directory
        self._sealed = directory / SEALED_FILE
        self._next = directory / f"{SEALED_FILE}{NEXT}"
        self.master_seed_file = directory / MASTER_SEED_FILE
        self._next_master_seed = directory / f"{MASTER_SEED_FILE}{NEXT}"
        self._key = local_seal.derive(secret, "matrix identity")

    def kept(self) -> Kept | None:
        """Return the identity that rests here, or nothing."""
        return self._read(self._sealed)

    def master_seed(self) -> bytes | None:
        """Return the master seed while it is on this machine."""
        return _seed_in(self.master_seed_file)

    @property
    def master_seed_is_unreadable(self) -> bool:
        """Whether something else than a seed stands in its file; what was overwritten to be destroyed is nothing."""
        if self.master_seed() is not None or not self.master_seed_file.exists():
            return False
        return bool(self.master_seed_file.read_bytes().strip(b"\0"))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other process change these files meanwhile; for a moment only, and not one within the other."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with private_files.alone_in(self._directory):
            yield

    def take_offline(self, at: datetime) -> None:
        """Remove every seed from this machine, for whoever is `alone` with them.

        The master seed goes last: killed before, it is still asked for.
        """
        kept = self.kept()
        if kept is not None:
            private_files.write(self._sealed, self._to_bytes(replace(kept, self_signing=None, offline_at=at)))
        left_over = [*self._sealed.parent.glob(f"{SEALED_FILE}.*"), *self.master_seed_files()]
        for path in sorted(left_over, key=lambda path: path == self.master_seed_file):
            private_files.destroy(path)

    def master_seed_files(self) -> list[Path]:
        """Return the files that hold, or may hold, the master seed of this identity or of one never published."""
        return sorted(self._sealed.parent.glob(f"{MASTER_SEED_FILE}*"))

    # What is being published --------------------------------------------------------------------------

    @property
    def is_unfinished(self) -> bool:
        """Whether something new was to be published and the end of it was never seen."""
        return self._next.exists()

    def next(self) -> tuple[Kept, bytes | None] | None:
        """Return what is being published, with the seed of a new master key; nothing where it cannot be read."""
        try:
            kept = self._read(self._next)
        except Conflict:
            # Begun under a store key that is lost; it is begun anew.
            return None
        return None if kept is None else (kept, _seed_in(self._next_master_seed))

    def prepare(self, kept: Kept, new_master_seed: bytes | None = None) -> None:
        """Keep what is about to be published beside what is; what was prepared in vain before goes aside."""
        with self.alone():
            self._give_up()
            if new_master_seed is not None:
                private_files.write(self._next_master_seed, base64.b64encode(new_master_seed) + b"\n")
            private_files.write(self._next, self._to_bytes(kept))

    def promote(self) -> None:
        """Let what has been published take the place of what was kept. The sealed file goes last."""
        with self.alone():
            if self._next_master_seed.exists():
                self._set_aside(self.master_seed_file, ".before")
                private_files.move(self._next_master_seed, self.master_seed_file)
            private_files.move(self._next, self._sealed)

    def give_up(self) -> None:
        """Move what was prepared in vain out of the way; nothing secret is destroyed."""
        with self.alone():
            self._give_up()

    def _give_up(self) -> None:
        for path in (self._next, self._next_master_seed):
            self._set_aside(path, UNPUBLISHED)

    def _set_aside(self, path: Path, ending: str) -> None:
        if path.exists():
            places = (path.with_name(f"{path.name}{ending}{number or ''}") for number in count())
            private_files.move(path, next(place for place in places if not place.exists()))

    def _read(self, path: Path) -> Kept | None:
        try:
            sealed = path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            record = json.loads(local_seal.unseal(self._key, _NAME, sealed))
        except local_seal.SealBroken as error:
            raise Conflict(
                mark("The Matrix identity's directory was made with another store key. Use that key again.")
            ) from error
        seed, at = record["self_signing"], record.get("offline_at")
        return Kept(
            published=record["published"],
            self_signing=None if seed is None else base64.b64decode(seed),
            offline_at=None if at is None else datetime.fromisoformat(at),
        )

    def _to_bytes(self, kept: Kept) -> bytes:
        record = {
            "published": kept.published,
            "self_signing": None if kept.self_signing is None else base64.b64encode(kept.self_signing).decode(),
            "offline_at": None if kept.offline_at is None else kept.offline_at.isoformat(),
        }
        return local_seal.seal(self._key, _NAME, json.dumps(record).encode())


def _seed_in(path: Path) -> bytes | None:
    try:
        seed = base64.b64decode(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return seed if len(seed) == cross_signing.SEED_BYTES else None
