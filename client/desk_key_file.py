"""The key file of a duty desk: the secret keys that open what was sealed to it, the newest first.

Everybody who sits at the desk has a copy on a machine of their own: whoever is woken can open its cards. Former keys
stay in it, so that a card that was not sealed again yet can still be opened. Whoever holds a copy can open what they
are given, so it is written for its owner's eyes only and refused where others could read it. What is given to whom is
the server's part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import msgspec

from core import private_files
from core.errors import InvalidInput, NotFound
from core.texts import mark
from crypto import desk_key

VERSION = 1
# The newest ones: a card is sealed again long before.
KEPT = 8
NOT_ONE = mark("The file {path} is not a key file of a duty desk.")
OTHER_DESK = mark("The file {path} is the key file of another duty desk. Choose another name.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskKeyFile:
    """What a desk's key file says."""

    desk_id: UUID
    network: str
    secrets: tuple[bytes, ...] = field(repr=False)

    @property
    def key(self) -> bytes:
        """The public half of the newest key."""
        return desk_key.public_key(self.secrets[0])

    def secret_of(self, key: bytes) -> bytes | None:
        """Return the secret half of a public key, if it is here."""
        return next((each for each in self.secrets if desk_key.public_key(each) == key), None)


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    desk: UUID
    network: str
    desk_secrets: list[bytes]


def load(path: Path) -> DeskKeyFile:
    """Read a desk's key file; refuse one that others can read, and one that is not whole."""
    data = private_files.read(path)
    try:
        stored = msgspec.json.decode(data, type=_Stored)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidInput(NOT_ONE, path=str(path)) from None
    secrets = tuple(stored.desk_secrets)
    if stored.version != VERSION or not secrets or any(len(each) != desk_key.KEY_BYTES for each in secrets):
        raise InvalidInput(NOT_ONE, path=str(path))
    return DeskKeyFile(desk_id=stored.desk, network=stored.network, secrets=secrets)


def add_key(path: Path, *, desk_id: UUID, network: str) -> DeskKeyFile:
    """Make a new key on top of those that a desk's file holds, or in a new file; what was there is never lost."""
    try:
        known = load(path)
    except NotFound:
        known = DeskKeyFile(desk_id=desk_id, network=network, secrets=())
    if (known.desk_id, known.network) != (desk_id, network):
        raise InvalidInput(OTHER_DESK, path=str(path))
    secrets = (desk_key.new_secret(), *known.secrets)[:KEPT]
    stored = _Stored(version=VERSION, desk=desk_id, network=network, desk_secrets=list(secrets))
    data = msgspec.json.format(msgspec.json.encode(stored), indent=2) + b"\n"
    if known.secrets:
        private_files.write(path, data)
    else:
        private_files.write_new(path, data)
    return DeskKeyFile(desk_id=desk_id, network=network, secrets=secrets)
