"""Sealing of what one process keeps on its own disk: XChaCha20-Poly1305 under a derived key.

Every purpose has a key of its own, derived from the installation's secret by a purpose string, and every
sealed value is bound to a name (a file, a row), so that two values cannot be exchanged unnoticed.
"""

from __future__ import annotations

import hashlib

import nacl.bindings
import nacl.exceptions
import nacl.utils

LABEL = b"streha local seal v1"
KEY_BYTES = 32
NONCE_BYTES = 24
VERSION = b"\x01"


class SealBroken(Exception):
    """The value was not sealed with this key under this name, or was altered since."""


def derive(secret: bytes, purpose: str) -> bytes:
    """Return the key of one purpose; the secret has at least 32 bytes."""
    if len(secret) < KEY_BYTES:
        raise ValueError("a secret has at least 32 bytes")
    root = hashlib.blake2b(secret, digest_size=64, person=b"streha-local").digest()
    return hashlib.blake2b(LABEL + b"\0" + purpose.encode(), digest_size=KEY_BYTES, key=root).digest()


def seal(key: bytes, name: str, plaintext: bytes) -> bytes:
    """Return the sealed value."""
    nonce = nacl.utils.random(NONCE_BYTES)
    return (
        VERSION
        + nonce
        + nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, _bound(name), nonce, _key(key))
    )


def unseal(key: bytes, name: str, sealed: bytes) -> bytes:
    """Return what was sealed under this name; raise SealBroken otherwise."""
    start = len(VERSION) + NONCE_BYTES
    if sealed[: len(VERSION)] != VERSION or len(sealed) < start:
        raise SealBroken
    try:
        return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed[start:], _bound(name), sealed[len(VERSION) : start], _key(key)
        )
    except nacl.exceptions.CryptoError as error:
        raise SealBroken from error


def _bound(name: str) -> bytes:
    return LABEL + b"\0" + name.encode()


def _key(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return key
