"""Signed webhooks, as Standard Webhooks 1.0 describes them: HMAC-SHA256 over id, moment and body.

Whoever receives checks the signature over the bytes as they came, refuses a moment more than five minutes off, and does
nothing for an id that was seen before.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from hashlib import sha256

PREFIX = "whsec_"
KEY_BYTES = 32
LEAST_KEY_BYTES = 24
TOLERANCE_SECONDS = 300
_VERSION = "v1"


def new_key() -> str:
    """Return a new key as both sides keep it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def read_key(written: str) -> bytes:
    """Return the bytes of a key; ValueError where it is none, or too short to be secret."""
    try:
        key = base64.b64decode(written.removeprefix(PREFIX), validate=True)
    except ValueError as error:
        raise ValueError("not a key") from error
    if not written.startswith(PREFIX) or len(key) < LEAST_KEY_BYTES:
        raise ValueError("not a key")
    return key


def sign(key: bytes, message_id: str, moment: int, body: bytes) -> str:
    """Return the signature of a body that is sent at a moment, in seconds since 1970."""
    signed = f"{message_id}.{moment}.".encode() + body
    return f"{_VERSION},{base64.b64encode(hmac.digest(key, signed, sha256)).decode()}"


def is_signed(key: bytes, message_id: str, moment: int, body: bytes, signatures: str, now: int) -> bool:
    """Tell whether one of the signatures, which blanks separate, is the key's and the moment is near."""
    if abs(now - moment) > TOLERANCE_SECONDS:
        return False
    try:
        right = sign(key, message_id, moment, body).encode()
        return any(hmac.compare_digest(each.encode(), right) for each in signatures.split(" "))
    except UnicodeEncodeError:
        # Bytes that are no text came where a text belongs.
        return False
