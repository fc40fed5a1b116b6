r"""The key of an epoch, promised in the compartment's log and granted to each member alone.

    promise  BLAKE2b-256 of "streha/epoch-promise/v1\0" | network (32) | compartment (16) | epoch (8) | key (32)
    page     "streha/epoch-grant/v1\0" | network (32) | compartment (16) | epoch (8) | member (16)
             | member's X25519 key (32) | key of the epoch (32)
    sealed   libsodium's sealed box of the page, to the member's key

A sealed box says nothing of who made it: it travels inside a statement with the purpose `epoch-grant`, and the promise
stands in an entry of the log. So whoever hands different members different keys is found out by each of them.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from crypto.vault import sealed_box
from crypto.vault.aead import KEY_BYTES
from crypto.vault.content import ID_BYTES
from crypto.vault.failures import KeyNotPromised, NotWhole, OfAnotherPlace
from crypto.vault.hashing import hashed
from crypto.vault.labels import EPOCH_PROMISE, GRANT_PLACE

EPOCH_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """Which epoch: the network's 32 bytes, the compartment's id, and a number that grows by one."""

    network: bytes
    compartment: bytes
    number: int

    def __post_init__(self) -> None:
        if len(self.network) != 2 * ID_BYTES or len(self.compartment) != ID_BYTES:
            raise ValueError("a network has 32 bytes and an id 16")

    @property
    def name(self) -> bytes:
        """The bytes that stand for it."""
        return self.network + self.compartment + self.number.to_bytes(EPOCH_BYTES)


def promise(epoch: Epoch, key: bytes) -> bytes:
    """Return what binds an epoch to one key."""
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return hashed(EPOCH_PROMISE, epoch.name + key)


def grant(epoch: Epoch, key: bytes, *, member: bytes, member_key: bytes) -> bytes:
    """Return the key of an epoch, sealed to one member."""
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return sealed_box.seal(member_key, _place(epoch, member, member_key) + key)


def accept(secret: bytes, sealed: bytes, epoch: Epoch, *, member: bytes, promised: bytes) -> bytes:
    """Return the key that was granted to this member, if it is the one that was promised."""
    page = sealed_box.open_(secret, sealed)
    place = _place(epoch, member, sealed_box.public_key(secret))
    if len(page) != len(place) + KEY_BYTES:
        raise NotWhole
    if not hmac.compare_digest(page[: len(place)], place):
        raise OfAnotherPlace
    key = page[len(place) :]
    if not hmac.compare_digest(promise(epoch, key), promised):
        raise KeyNotPromised
    return key


def _place(epoch: Epoch, member: bytes, member_key: bytes) -> bytes:
    if len(member) != ID_BYTES:
        raise ValueError("an id has 16 bytes")
    return GRANT_PLACE + epoch.name + member + member_key
