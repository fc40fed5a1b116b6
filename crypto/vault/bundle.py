r"""A person's keys, locked with what they know and what one of their devices holds.

    bundle     version 0x01 | kind (1) | passes (4) | memory in KiB (4) | salt (16) | nonce (24)
               | XChaCha20-Poly1305 of signing seed (32) | X25519 secret (32)
    place      "streha/bundle/v1\0" | network (32) | person (16) | Ed25519 key (32) | X25519 key (32)
               | the first 26 bytes of the bundle
    stretched  Argon2id of the passphrase, of 32 bytes
    key        derived from stretched | the device's secret (32) with "streha-bundle-k1" (`hashing`)

The kind says what the device's secret is: 0x01 random and kept on the device, 0x02 what a passkey gives (WebAuthn,
PRF). The passphrase is its words in NFC, with single spaces (of tab, line feed, carriage return, space and no-break
space) and none around them. Parameters come with the bundle, from a server that may wish them weak or endless, so a
client has bounds of its own. Neither passphrase nor secret alone opens it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import IntEnum

import nacl.bindings
import nacl.utils

from crypto import signing
from crypto.vault import aead, sealed_box
from crypto.vault.content import ID_BYTES
from crypto.vault.failures import NotWhole, OfAnotherPlace, TooEasyToGuess, TooHardToOpen, UnknownVersion
from crypto.vault.hashing import derived
from crypto.vault.labels import BUNDLE_KEY, BUNDLE_PLACE

VERSION = b"\x01"
SALT_BYTES = 16
SECRET_BYTES = 32
_SPACES = re.compile("[\t\n\r \u00a0]+")
_HEAD_BYTES = len(VERSION) + 1 + 4 + 4 + SALT_BYTES
BUNDLE_BYTES = _HEAD_BYTES + aead.ADDED_BYTES + 64
# What is asked of a new bundle, and the least and most of one that a server returns.
PASSES, FEWEST_PASSES, MOST_PASSES = 3, 3, 10
MEMORY_KIB, LEAST_MEMORY_KIB, MOST_MEMORY_KIB = 131_072, 131_072, 1_048_576


class Kind(IntEnum):
    """What the device adds to the passphrase."""

    DEVICE = 1
    PASSKEY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose bundle it is: the network's 32 bytes, the person's id, and their public keys."""

    network: bytes
    person: bytes
    signing_key: bytes
    box_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Keys:
    """The secret halves: the seed of an Ed25519 key and an X25519 secret, 32 bytes each."""

    seed: bytes
    secret: bytes


def new_keys() -> Keys:
    """Return fresh keys, from libsodium's randomness."""
    return Keys(seed=signing.new_seed(), secret=nacl.utils.random(SECRET_BYTES))


def owner(keys: Keys, *, network: bytes, person: bytes) -> Owner:
    """Return whose keys these are."""
    return Owner(
        network=network,
        person=person,
        signing_key=signing.public_key(keys.seed),
        box_key=sealed_box.public_key(keys.secret),
    )


def lock(keys: Keys, whose: Owner, *, kind: Kind, passphrase: str, device_secret: bytes) -> bytes:
    """Return the bundle that one device opens."""
    salt = nacl.utils.random(SALT_BYTES)
    head = VERSION + bytes([kind]) + PASSES.to_bytes(4) + MEMORY_KIB.to_bytes(4) + salt
    key = _key(passphrase, device_secret, salt, PASSES, MEMORY_KIB)
    return head + aead.seal(key, _place(whose, head), keys.seed + keys.secret)


def unlock(bundle: bytes, whose: Owner, *, kind: Kind, passphrase: str, device_secret: bytes) -> Keys:
    """Return the keys; raise SealBroken where passphrase or secret is wrong, or the bundle is somebody else's."""
    if bundle[: len(VERSION)] != VERSION:
        raise UnknownVersion if bundle else NotWhole
    if len(bundle) != BUNDLE_BYTES:
        raise NotWhole
    if bundle[1] != kind:
        raise OfAnotherPlace
    head, sealed = bundle[:_HEAD_BYTES], bundle[_HEAD_BYTES:]
    passes, memory = int.from_bytes(head[2:6]), int.from_bytes(head[6:10])
    if passes < FEWEST_PASSES or memory < LEAST_MEMORY_KIB:
        raise TooEasyToGuess
    if passes > MOST_PASSES or memory > MOST_MEMORY_KIB:
        raise TooHardToOpen
    opened = aead.open_(_key(passphrase, device_secret, head[10:], passes, memory), _place(whose, head), sealed)
    keys = Keys(seed=opened[:32], secret=opened[32:])
    if owner(keys, network=whose.network, person=whose.person) != whose:
        raise OfAnotherPlace
    return keys


def normal(passphrase: str) -> bytes:
    """Return the bytes of a passphrase, however its spaces and accents were typed."""
    return " ".join(filter(None, _SPACES.split(unicodedata.normalize("NFC", passphrase)))).encode()


def _key(passphrase: str, device_secret: bytes, salt: bytes, passes: int, memory_kib: int) -> bytes:
    if len(device_secret) != SECRET_BYTES:
        raise ValueError("a device's secret has 32 bytes")
    stretched = nacl.bindings.crypto_pwhash_alg(
        32, normal(passphrase), salt, passes, memory_kib * 1024, nacl.bindings.crypto_pwhash_ALG_ARGON2ID13
    )
    return derived(BUNDLE_KEY, stretched + device_secret)


def _place(whose: Owner, head: bytes) -> bytes:
    if len(whose.network) != 2 * ID_BYTES or len(whose.person) != ID_BYTES:
        raise ValueError("a network has 32 bytes and an id 16")
    return BUNDLE_PLACE + whose.network + whose.person + whose.signing_key + whose.box_key + head
