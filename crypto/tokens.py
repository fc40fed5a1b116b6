"""Random tokens, and the hash under which a server keeps them."""

from __future__ import annotations

import hashlib

from nacl.utils import random

TOKEN_BYTES = 32


def new_token() -> bytes:
    """Return 32 random bytes from libsodium."""
    return random(TOKEN_BYTES)


def token_hash(token: bytes) -> bytes:
    """Return what is stored instead of the token: a stolen table signs nobody in."""
    return hashlib.blake2b(token, digest_size=32, person=b"streha-token-1").digest()
