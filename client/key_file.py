"""A person's key file: who one is, where Streha is, and the seed of one's signing key.

Whoever holds the file is the person, so it is written for its owner's eyes only and refused where others
could read it. The seed never leaves the machine; only signatures do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import msgspec
from yarl import URL

from core import private_files
from core.errors import InvalidInput
from core.texts import mark
from crypto.signing import SEED_BYTES

VERSION = 1
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFile:
    """What a key file says. `police_number` is there for the moment when nothing answers."""

    person_id: UUID
    network: str
    api_url: str
    seed: bytes = field(repr=False)
    police_number: str = "192"

    @property
    def origin(self) -> str:
        """The origin that every signature is made for: of the address this person trusts."""
        return str(URL(self.api_url).origin())


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    person: UUID
    network: str
    api_url: str
    signing_seed: bytes
    police_number: str = "192"


def create(
    path: Path, *, person_id: UUID, network: str, api_url: str, seed: bytes, police_number: str = "192"
) -> KeyFile:
    """Write a new key file, readable by its owner only; never over another file."""
    key = _checked(
        KeyFile(person_id=person_id, network=network, api_url=api_url, seed=seed, police_number=police_number), path
    )
    stored = _Stored(
        version=VERSION,
        person=key.person_id,
        network=key.network,
        api_url=key.api_url,
        signing_seed=key.seed,
        police_number=key.police_number,
    )
    data = msgspec.json.format(msgspec.json.encode(stored), indent=2) + b"\n"
    private_files.write_new(path, data)
    return key


def load(path: Path) -> KeyFile:
    """Read a key file; refuse one that others can read, and one that is not whole."""
    data = private_files.read(path)
    try:
        stored = msgspec.json.decode(data, type=_Stored)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidInput(mark("The file {path} is not a key file of Streha."), path=str(path)) from None
    if stored.version != VERSION:
        raise InvalidInput(mark("The key file {path} is of another version of Streha."), path=str(path))
    return _checked(
        KeyFile(
            person_id=stored.person,
            network=stored.network,
            api_url=stored.api_url,
            seed=stored.signing_seed,
            police_number=stored.police_number,
        ),
        path,
    )


def checked_address(address: str) -> str:
    """Return the address of an API; refuse one that would send a session over the network in clear."""
    try:
        url = URL(address)
        whole = bool(url.host) and not url.query_string and not url.fragment and url.user is None
    except ValueError:
        whole = False
    if not whole or url.scheme not in ("https", "http"):
        raise InvalidInput(mark("The address of Streha looks like https://streha.example."))
    if url.scheme == "http" and url.host not in LOOPBACK:
        raise InvalidInput(mark("The address of Streha must begin with https, except on this machine itself."))
    return str(url).rstrip("/")


def _checked(key: KeyFile, path: Path) -> KeyFile:
    if len(key.seed) != SEED_BYTES:
        raise InvalidInput(mark("The file {path} is not a key file of Streha."), path=str(path))
    checked_address(key.api_url)
    return key
