"""libsodium's sealed box (X25519, XSalsa20-Poly1305), and which keys one may seal to."""

from __future__ import annotations

import nacl.bindings
import nacl.exceptions

from crypto import desk_key
from crypto.vault.failures import KeyUnusable, NotWhole, SealBroken

KEY_BYTES = nacl.bindings.crypto_box_PUBLICKEYBYTES
ADDED_BYTES = nacl.bindings.crypto_box_SEALBYTES


def public_key(secret: bytes) -> bytes:
    """Return the public half of a pair."""
    return desk_key.public_key(secret)


def seal(key: bytes, page: bytes) -> bytes:
    """Seal to a public key; raise KeyUnusable for the few whose secret everybody knows."""
    if len(key) != KEY_BYTES:
        raise KeyUnusable
    try:
        return nacl.bindings.crypto_box_seal(page, key)
    except RuntimeError as error:
        # libsodium multiplies with the key and refuses what comes to nothing.
        raise KeyUnusable from error


def open_(secret: bytes, sealed: bytes) -> bytes:
    """Return the page; raise SealBroken where it was not sealed to this pair."""
    if len(sealed) < ADDED_BYTES:
        raise NotWhole
    try:
        return nacl.bindings.crypto_box_seal_open(sealed, public_key(secret), secret)
    except nacl.exceptions.CryptoError as error:
        raise SealBroken from error
