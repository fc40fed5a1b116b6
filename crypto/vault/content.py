r"""What stands in one version of a record, sealed with a key of its own.

    content  version 0x01 | nonce (24) | XChaCha20-Poly1305 of the padded text
    place    "streha/content/v1\0" | network (32) | compartment (16) | record (16) | version (16)
    hash     BLAKE2b-256 of "streha/content-hash/v1\0" | content
    promise  BLAKE2b-256 of "streha/content-promise/v1\0" | place | key (32)

Hash and promise stand in the signed entry: the hash, so that nobody can put other bytes there; the promise, because
XChaCha20-Poly1305 can be opened with two keys by whoever made it so, and two readers would read different things.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from crypto.vault import aead, padding
from crypto.vault.failures import KeyNotPromised, NotWhole, SealBroken, UnknownVersion
from crypto.vault.hashing import hashed
from crypto.vault.labels import CONTENT_HASH, CONTENT_PLACE, CONTENT_PROMISE

VERSION = b"\x01"
ID_BYTES = 16
LONGEST = len(VERSION) + aead.ADDED_BYTES + padding.padded_length(padding.LENGTH_BYTES + padding.LONGEST_TEXT)
SHORTEST = len(VERSION) + aead.ADDED_BYTES + padding.SHORTEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a version stands: the network's 32 bytes, and ids of 16."""

    network: bytes
    compartment: bytes
    record: bytes
    version: bytes

    def __post_init__(self) -> None:
        if len(self.network) != 2 * ID_BYTES or {
            len(self.compartment), len(self.record), len(self.version)
        } != {ID_BYTES}:  # fmt: skip
            raise ValueError("a network has 32 bytes and an id 16")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A sealed text, and what its author signs of it."""

    content: bytes
    hash: bytes
    promise: bytes


def seal(key: bytes, place: Place, text: bytes) -> Sealed:
    """Seal a text (at most 1 MiB) with a fresh key that is used for nothing else."""
    content = VERSION + aead.seal(key, _place(place), padding.padded(text))
    return Sealed(content=content, hash=hash_of(content), promise=promise(key, place))


def open_(key: bytes, place: Place, sealed: Sealed) -> bytes:
    """Return the text, if content, hash and promise are those that were signed; raise Refused otherwise."""
    if sealed.content[: len(VERSION)] != VERSION:
        raise UnknownVersion if sealed.content else NotWhole
    if not SHORTEST <= len(sealed.content) <= LONGEST:
        raise NotWhole
    if not hmac.compare_digest(hash_of(sealed.content), sealed.hash):
        raise SealBroken
    if not hmac.compare_digest(promise(key, place), sealed.promise):
        raise KeyNotPromised
    return padding.unpadded(aead.open_(key, _place(place), sealed.content[len(VERSION) :]))


def hash_of(content: bytes) -> bytes:
    """Return the hash that an author signs."""
    return hashed(CONTENT_HASH, content)


def promise(key: bytes, place: Place) -> bytes:
    """Return what binds a version to one key."""
    return hashed(CONTENT_PROMISE, _place(place) + key)


def _place(place: Place) -> bytes:
    return CONTENT_PLACE + place.network + place.compartment + place.record + place.version
