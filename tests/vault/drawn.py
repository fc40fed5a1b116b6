"""What the vault's vectors are made of: ids, keys and hashes that are the same each time."""

from __future__ import annotations

import hashlib

from crypto.vault import sealed_box


def drawn(name: str, length: int = 32) -> bytes:
    """Return bytes that are the same each time."""
    return hashlib.blake2b(name.encode(), digest_size=length, person=b"streha-vectors").digest()


NETWORK, OTHER_NETWORK = drawn("network"), drawn("another network")
COMPARTMENT, RECORD_ID, VERSION, PERSON = (drawn(each, 16) for each in ("compartment", "record", "version", "person"))
SEED, SECRET, KEY = drawn("seed"), drawn("secret"), drawn("key")
BOX_KEY = sealed_box.public_key(SECRET)
