"""A person's key file: who one is, where Streha is, and the seed of one's signing key, in clear or locked.

Version 1 holds the seed in clear: whoever holds the file is the person. Version 2 holds a bundle
(`crypto.vault.bundle`) that the passphrase opens, with the secret of this one device beside it: whoever holds the file
still needs the passphrase. Either is written for its owner's eyes only and refused where others could read it.
Opening a bundle is `client.vault.unlocking`'s.
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
from crypto.signing import PUBLIC_KEY_BYTES, SEED_BYTES
from crypto.vault.bundle import BUNDLE_BYTES, SECRET_BYTES, Owner
from crypto.vault.statement import NETWORK_BYTES, NO_NETWORK

VERSION = 1
LOCKED_VERSION = 2
LOCKED = mark("The keys in {path} are locked with a passphrase.")
_NOT_ONE = mark("The file {path} is not a key file of Streha.")
_OF_ANOTHER_VERSION = mark("The key file {path} is of another version of Streha.")
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


class Joining(msgspec.Struct, frozen=True, kw_only=True):
    """With what somebody waits to be attested: their invitation's text (`crypto.vault.invitation`), and their offer."""

    invitation: str
    offer: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedKeyFile:
    """What a key file says whose keys are locked.

    `genesis` names the network of the vault that the person trusts (32 bytes, zeros before there is one); `words` the
    list from which the passphrase was drawn, empty where it is one's own. `joining` is what a newcomer waits with,
    until the network was verified.
    """

    person_id: UUID
    network: str
    api_url: str
    signing_key: bytes
    box_key: bytes
    bundle_id: UUID
    device_secret: bytes = field(repr=False)
    bundle: bytes = field(repr=False)
    genesis: bytes = NO_NETWORK
    words: str = ""
    police_number: str = "192"
    joining: Joining | None = field(default=None, repr=False)

    @property
    def owner(self) -> Owner:
        """Whose the locked keys must turn out to be."""
        return Owner(
            network=self.genesis, person=self.person_id.bytes, signing_key=self.signing_key, box_key=self.box_key
        )


class _Version(msgspec.Struct, frozen=True, kw_only=True):
    version: int


class _StoredLocked(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    person: UUID
    network: str
    api_url: str
    signing_key: bytes
    box_key: bytes
    bundle_id: UUID
    device_secret: bytes
    bundle: bytes
    genesis: bytes
    words: str = ""
    police_number: str = "192"
    joining: Joining | None = None


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


def write_locked(path: Path, key: LockedKeyFile, *, new: bool = False) -> None:
    """Write locked keys, whole or not at all: to a new file, never over another, or in the place of one's own."""
    _checked_locked(key, path)
    stored = _StoredLocked(
        version=LOCKED_VERSION, person=key.person_id, network=key.network, api_url=key.api_url,
        signing_key=key.signing_key, box_key=key.box_key, bundle_id=key.bundle_id, device_secret=key.device_secret,
        bundle=key.bundle, genesis=key.genesis, words=key.words, police_number=key.police_number, joining=key.joining,
    )  # fmt: skip
    data = msgspec.json.format(msgspec.json.encode(stored), indent=2) + b"\n"
    (private_files.write_new if new else private_files.write)(path, data)


def load(path: Path) -> KeyFile:
    """Read a key file whose seed is in clear; refuse one that others can read, is not whole, or is locked."""
    found = read(path)
    if isinstance(found, LockedKeyFile):
        raise InvalidInput(LOCKED, path=str(path))
    return found


def read(path: Path) -> KeyFile | LockedKeyFile:
    """Read a key file of either version; refuse one that others can read, and one that is not whole."""
    data = private_files.read(path)
    try:
        match msgspec.json.decode(data, type=_Version).version:
            case 1:
                return _in_clear(msgspec.json.decode(data, type=_Stored), path)
            case 2:
                return _locked(msgspec.json.decode(data, type=_StoredLocked), path)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidInput(_NOT_ONE, path=str(path)) from None
    raise InvalidInput(_OF_ANOTHER_VERSION, path=str(path))


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


def _in_clear(stored: _Stored, path: Path) -> KeyFile:
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


def _locked(stored: _StoredLocked, path: Path) -> LockedKeyFile:
    return _checked_locked(
        LockedKeyFile(
            person_id=stored.person, network=stored.network, api_url=stored.api_url, signing_key=stored.signing_key,
            box_key=stored.box_key, bundle_id=stored.bundle_id, device_secret=stored.device_secret,
            bundle=stored.bundle, genesis=stored.genesis, words=stored.words, police_number=stored.police_number,
            joining=stored.joining,
        ),
        path,
    )  # fmt: skip


def _checked(key: KeyFile, path: Path) -> KeyFile:
    if len(key.seed) != SEED_BYTES:
        raise InvalidInput(_NOT_ONE, path=str(path))
    checked_address(key.api_url)
    return key


def _checked_locked(key: LockedKeyFile, path: Path) -> LockedKeyFile:
    lengths = (len(key.signing_key), len(key.box_key), len(key.device_secret), len(key.bundle), len(key.genesis))
    if lengths != (PUBLIC_KEY_BYTES, PUBLIC_KEY_BYTES, SECRET_BYTES, BUNDLE_BYTES, NETWORK_BYTES):
        raise InvalidInput(_NOT_ONE, path=str(path))
    checked_address(key.api_url)
    return key
