"""XChaCha20-Poly1305 as the vault uses it: a fresh nonce before the ciphertext, the place as associated data.

It does not bind a ciphertext to its key; wherever somebody else could have chosen the key, a promise does
(`content`, `epoch`).
"""

from __future__ import annotations

import nacl.bindings
import nacl.exceptions
import nacl.utils

from crypto.vault.failures import NotWhole, SealBroken

KEY_BYTES = 32
NONCE_BYTES = 24
TAG_BYTES = 16
ADDED_BYTES = NONCE_BYTES + TAG_BYTES


def new_key() -> bytes:
    """Return a fresh key, from libsodium's randomness."""
    return nacl.utils.random(KEY_BYTES)


def seal(key: bytes, place: bytes, plaintext: bytes) -> bytes:
    """Return nonce and ciphertext."""
    nonce = nacl.utils.random(NONCE_BYTES)
    return nonce + nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, place, nonce, _key(key))


def open_(key: bytes, place: bytes, sealed: bytes) -> bytes:
    """Return the plaintext; raise SealBroken where it was not sealed with this key for this place."""
    if len(sealed) < ADDED_BYTES:
        raise NotWhole
    try:
        return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed[NONCE_BYTES:], place, sealed[:NONCE_BYTES], _key(key)
        )
    except nacl.exceptions.CryptoError as error:
        raise SealBroken from error


def _key(key: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return key
