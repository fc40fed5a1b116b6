"""Tokens of a place on a day: equal where two people mean the same, and a guess costs whoever has the secret its time.

A place is stretched by Argon2id (RFC 9106) with a salt made of the secret, so that no table serves two circles; the
token is BLAKE2b keyed with the secret, of that and the day. Without the secret nothing can be guessed at all.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import date

import nacl.bindings

SECRET_BYTES = 32
TOKEN_BYTES = 32
# Whoever has the secret and guesses pays this for each place.
_PASSES, _MEMORY = 3, 256 * 1024 * 1024
_SALT_LABEL, _TOKEN_LABEL = b"streha-place-sal", b"streha-place-tok"
_LATIN = "a b v g d dj e z z i j k l m n o p r s t c u f h c c s g k z"
_CYRILLIC = dict(zip("абвгдђежзијклмнопрстћуфхцчшѓќѕ", _LATIN.split(" "), strict=True))
_CYRILLIC |= {"љ": "lj", "њ": "nj", "џ": "dz"}
# What some write and others leave out, in the languages of the network and in English.
_SERBIAN, _ALBANIAN = "ul ulica ulice bul bulevar trg br broj bb", "rruga rr nr bulevardi sheshi"
_LEFT_OUT = frozenset(f"{_SERBIAN} {_ALBANIAN} street st road rd no number".split(" "))
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


def named(place: str) -> str:
    """Return a place as tokens know it: script, accents, case, order and what some leave out make no difference."""
    text = "".join(_CYRILLIC.get(letter, letter) for letter in place.casefold().replace("đ", "dj"))
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(sorted({each for each in _NOT_A_WORD.split(plain) if each and each not in _LEFT_OUT}))


def token(secret: bytes, place: str, day: date) -> bytes:
    """Return the token of a place on a day, 32 bytes."""
    if len(secret) != SECRET_BYTES:
        raise ValueError("a secret has 32 bytes")
    salt = hashlib.blake2b(key=secret, digest_size=16, person=_SALT_LABEL).digest()
    stretched = nacl.bindings.crypto_pwhash_alg(
        32, named(place).encode(), salt, _PASSES, _MEMORY, nacl.bindings.crypto_pwhash_ALG_ARGON2ID13
    )
    made = hashlib.blake2b(key=secret, digest_size=TOKEN_BYTES, person=_TOKEN_LABEL)
    made.update(stretched + day.isoformat().encode())
    return made.digest()
