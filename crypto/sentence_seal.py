"""Sealing a person's own sentences to the bot: a libsodium sealed box (X25519, XSalsa20-Poly1305) of fixed length.

Only who holds the bot's private half opens it. It names whose sentences they are, so that they cannot be put in
somebody else's place unnoticed; its length tells nothing of theirs. Who sealed it is shown by their session.
"""

from __future__ import annotations

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

LABEL = b"streha own sentences 1\0"
KEY_BYTES = 32
ID_BYTES = 16
PLAIN_BYTES = 1024
SEALED_BYTES = PLAIN_BYTES + 48
_LENGTH_BYTES = 2


class SealBroken(Exception):
    """It was not sealed to this key for this person."""


def public_key(private: bytes) -> bytes:
    """Return the half of a key that others seal to."""
    return bytes(PrivateKey(private).public_key)


def seal(public: bytes, person: bytes, all_clear: str, duress: str) -> bytes:
    """Return the sealed sentences of a person."""
    if len(person) != ID_BYTES:
        raise ValueError("ids have 16 bytes")
    plain = LABEL + person
    for each in (all_clear.encode(), duress.encode()):
        plain += len(each).to_bytes(_LENGTH_BYTES, "big") + each
    if len(plain) > PLAIN_BYTES:
        raise ValueError("the sentences are too long")
    return SealedBox(PublicKey(public)).encrypt(plain.ljust(PLAIN_BYTES, b"\0"))


def unseal(private: bytes, person: bytes, sealed: bytes) -> tuple[str, str]:
    """Return the all-clear and the sentence for duress; raise SealBroken where they are not this person's."""
    try:
        plain = SealedBox(PrivateKey(private)).decrypt(sealed)
    except CryptoError:
        raise SealBroken from None
    head = LABEL + person
    if len(plain) != PLAIN_BYTES or not plain.startswith(head):
        raise SealBroken
    found, rest = [], plain[len(head) :]
    for _ in range(2):
        length = int.from_bytes(rest[:_LENGTH_BYTES], "big")
        found.append(rest[_LENGTH_BYTES:][:length])
        rest = rest[_LENGTH_BYTES + length :]
    try:
        all_clear, duress = (each.decode() for each in found)
    except UnicodeDecodeError:
        raise SealBroken from None
    return all_clear, duress
