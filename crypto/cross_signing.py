"""Matrix cross-signing: a master key signs a self-signing key, which signs its owner's devices.

Owns the key objects of the client-server specification (section *Cross-signing*), their signatures and
the check of the whole chain. Pure functions over seeds and JSON objects: `bots.account.identity` decides when
keys are made and where seeds rest, `bots.keys.key_directory` whose keys are believed. Key identifiers are
unpadded base64. Nothing here raises on what a homeserver says: a bad object is simply not signed.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import nacl.bindings
import nacl.exceptions
import nacl.signing
import nacl.utils

from crypto import canonical_json

SEED_BYTES = 32
SIGNATURE_BYTES = 64

type_of_usage = Literal["master", "self_signing", "user_signing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningSeeds:
    """The three secrets of one identity."""

    master: bytes
    self_signing: bytes
    user_signing: bytes

    def __repr__(self) -> str:
        return "SigningSeeds(hidden)"


def new_seeds() -> SigningSeeds:
    """Make the secrets of a new identity."""
    return SigningSeeds(master=new_seed(), self_signing=new_seed(), user_signing=new_seed())


def new_seed() -> bytes:
    """Make one secret."""
    return nacl.utils.random(SEED_BYTES)


def public_key(seed: bytes) -> str:
    """Return the public key of a seed, as unpadded base64."""
    return encode_unpadded(bytes(_signing_key(seed).verify_key))


def key_object(user_id: str, usage: type_of_usage, key: str) -> dict[str, Any]:
    """Return the unsigned object in which a cross-signing key is published."""
    return {"user_id": user_id, "usage": [usage], "keys": {f"ed25519:{key}": key}}


def published_keys(user_id: str, seeds: SigningSeeds) -> dict[str, dict[str, Any]]:
    """Return the body of the upload that publishes an identity; the master key signs the other two."""
    master = public_key(seeds.master)
    self_signing = key_object(user_id, "self_signing", public_key(seeds.self_signing))
    user_signing = key_object(user_id, "user_signing", public_key(seeds.user_signing))
    return {
        "master_key": key_object(user_id, "master", master),
        "self_signing_key": signed(self_signing, user_id, seeds.master),
        "user_signing_key": signed(user_signing, user_id, seeds.master),
    }


def signed(document: Mapping[str, Any], user_id: str, seed: bytes) -> dict[str, Any]:
    """Return the object with the signature of a cross-signing key added."""
    signature = _signing_key(seed).sign(signing_bytes(document)).signature
    return with_signature(document, user_id, public_key(seed), encode_unpadded(signature))


def with_signature(document: Mapping[str, Any], user_id: str, key_name: str, signature: str) -> dict[str, Any]:
    """Return the object with a signature made elsewhere added, such as a device's on the master key."""
    signatures = {owner: dict(held) for owner, held in document.get("signatures", {}).items()}
    signatures.setdefault(user_id, {})[f"ed25519:{key_name}"] = signature
    return {**document, "signatures": signatures}


def signing_bytes(document: Mapping[str, Any]) -> bytes:
    """Return what a signature of this object covers: all but `signatures` and `unsigned`."""
    return canonical_json.encode(
        {name: value for name, value in document.items() if name not in {"signatures", "unsigned"}}
    )


def is_signed(document: Any, user_id: str, key: str, *, key_name: str | None = None) -> bool:
    """Tell whether the object carries this user's valid signature by the public key."""
    if not isinstance(document, Mapping):
        return False
    try:
        signature = document["signatures"][user_id][f"ed25519:{key_name or key}"]
        nacl.bindings.crypto_sign_open(
            _decoded(signature, SIGNATURE_BYTES) + signing_bytes(document), _decoded(key, SEED_BYTES)
        )
    except (KeyError, TypeError, ValueError, nacl.exceptions.CryptoError):
        return False
    return True


def key_in(document: Any, user_id: str, usage: type_of_usage) -> str | None:
    """Return the public key of a published cross-signing key, or nothing when the object is not one."""
    if not isinstance(document, Mapping) or document.get("user_id") != user_id:
        return None
    usages, keys = document.get("usage"), document.get("keys")
    if not isinstance(usages, list) or usage not in usages or not isinstance(keys, Mapping) or len(keys) != 1:
        return None
    ((name, key),) = keys.items()
    try:
        _decoded(key, SEED_BYTES)
    except ValueError:
        return None
    return key if isinstance(key, str) and name == f"ed25519:{key}" else None


def self_signing_key(user_id: str, master: Any, self_signing: Any) -> str | None:
    """Return the user's self-signing key when the published master key has signed it."""
    master_key = key_in(master, user_id, "master")
    key = key_in(self_signing, user_id, "self_signing")
    if master_key is None or key is None or not is_signed(self_signing, user_id, master_key):
        return None
    return key


def encode_unpadded(data: bytes) -> str:
    """Return base64 without padding, as every key and signature in Matrix is written."""
    return base64.b64encode(data).decode("ascii").rstrip("=")


def decode_unpadded(text: str) -> bytes:
    """Return the bytes of base64 that may lack its padding; raise ValueError when it is not base64."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _decoded(text: Any, length: int) -> bytes:
    if not isinstance(text, str):
        raise ValueError("not a string")  # noqa: TRY004 (callers catch one exception)
    data = decode_unpadded(text)
    if len(data) != length:
        raise ValueError("wrong length")
    return data


def _signing_key(seed: bytes) -> nacl.signing.SigningKey:
    if len(seed) != SEED_BYTES:
        raise ValueError("a seed has 32 bytes")
    return nacl.signing.SigningKey(seed)
