r"""A wrap: the key of one version, for whoever holds the key of an epoch.

    wrap      version 0x01 | epoch (8) | nonce (24) | XChaCha20-Poly1305 of the content key (32)
    key       derived from the epoch's key (32) with "streha-wrap-key1" (`hashing`)
    place     "streha/wrap/v1\0" | network (32) | compartment (16) | record (16) | version (16) | epoch (8)

Numbers are big-endian. Re-keying makes wraps anew and touches neither content nor signature; a wrong content key is
found out by the promise in the entry. Without any wrap a version is erased.
"""

from __future__ import annotations

from crypto.vault import aead
from crypto.vault.content import Place
from crypto.vault.failures import NotWhole, OfAnotherPlace, UnknownVersion
from crypto.vault.hashing import derived
from crypto.vault.labels import WRAP_KEY, WRAP_PLACE

VERSION = b"\x01"
EPOCH_BYTES = 8
_SEALED_AT = len(VERSION) + EPOCH_BYTES
WRAP_BYTES = _SEALED_AT + aead.ADDED_BYTES + aead.KEY_BYTES


def key_for_wraps(epoch_key: bytes) -> bytes:
    """Return the key under which the wraps of an epoch are made."""
    return derived(WRAP_KEY, epoch_key)


def wrap(wrap_key: bytes, epoch: int, place: Place, content_key: bytes) -> bytes:
    """Return the wrap of a content key for an epoch."""
    if len(content_key) != aead.KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return VERSION + epoch.to_bytes(EPOCH_BYTES) + aead.seal(wrap_key, _place(place, epoch), content_key)


def unwrap(wrap_key: bytes, epoch: int, place: Place, wrapped: bytes) -> bytes:
    """Return the content key; raise Refused where it was not wrapped for this epoch and place."""
    if wrapped[: len(VERSION)] != VERSION:
        raise UnknownVersion if wrapped else NotWhole
    if len(wrapped) != WRAP_BYTES:
        raise NotWhole
    if epoch_of(wrapped) != epoch:
        raise OfAnotherPlace
    return aead.open_(wrap_key, _place(place, epoch), wrapped[_SEALED_AT:])


def epoch_of(wrapped: bytes) -> int:
    """Return the epoch that a wrap says it is for."""
    return int.from_bytes(wrapped[len(VERSION) : _SEALED_AT])


def _place(place: Place, epoch: int) -> bytes:
    return (
        WRAP_PLACE
        + place.network + place.compartment + place.record + place.version
        + epoch.to_bytes(EPOCH_BYTES)
    )  # fmt: skip
