"""A proof that a Matrix device leads to a cross-signing master key, for whoever does not ask the homeserver themselves.

It holds the three published objects, each with just the signatures that count: the device's keys, signed by itself and
by the self-signing key; that key, signed by the master key; the master key, signed by the device. So nobody can put an
identity of their own around somebody's true device. Form: deterministic CBOR of `device`, `self_signing` and `master`,
each the text of canonical JSON. Whose the device is, `crypto.device_claim` says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from crypto import canonical_json, cross_signing
from crypto.vault import deterministic
from crypto.vault.failures import Refused

LONGEST = 16 * 1024
_PARTS = ("device", "self_signing", "master")


class ProofBroken(Exception):
    """This proves nothing of this device."""


def packed(answer: Mapping[str, Any], user_id: str, device_id: str) -> bytes:
    """Return the proof that an answer to `/keys/query` holds for a device; raise ProofBroken where it holds none."""
    try:
        device = answer["device_keys"][user_id][device_id]
        self_signing, master = answer["self_signing_keys"][user_id], answer["master_keys"][user_id]
        own = cross_signing.key_in(self_signing, user_id, "self_signing")
        key = cross_signing.key_in(master, user_id, "master")
        parts = {
            "device": _with_signatures(device, user_id, (device_id, own)),
            "self_signing": _with_signatures(self_signing, user_id, (key,)),
            "master": _with_signatures(master, user_id, (device_id,)),
        }
        proof = deterministic.encode({name: canonical_json.encode(each).decode() for name, each in parts.items()})
    except (KeyError, TypeError, ValueError, AttributeError, Refused) as error:
        raise ProofBroken from error
    if len(proof) > LONGEST:
        raise ProofBroken
    return proof


def master_key_of(proof: bytes, *, user_id: str, device_id: str, device_key: bytes) -> bytes:
    """Return the 32 bytes of the master key to which this device leads; raise ProofBroken where it leads to none."""
    device, self_signing, master = _parts(proof)
    own_key = cross_signing.encode_unpadded(device_key)
    signing = cross_signing.self_signing_key(user_id, master, self_signing)
    key = cross_signing.key_in(master, user_id, "master")
    if signing is None or key is None or not isinstance(device, Mapping):
        raise ProofBroken
    if (device.get("user_id"), device.get("device_id")) != (user_id, device_id):
        raise ProofBroken
    keys = device.get("keys")
    shown = keys.get(f"ed25519:{device_id}") if isinstance(keys, Mapping) else None
    if not isinstance(shown, str) or shown.rstrip("=") != own_key:
        raise ProofBroken
    if not (
        cross_signing.is_signed(device, user_id, own_key, key_name=device_id)
        and cross_signing.is_signed(device, user_id, signing)
        and cross_signing.is_signed(master, user_id, own_key, key_name=device_id)
    ):
        raise ProofBroken
    return cross_signing.decode_unpadded(key)


def _parts(proof: bytes) -> list[Any]:
    if len(proof) > LONGEST:
        raise ProofBroken
    try:
        said = deterministic.decode(proof)
        if not isinstance(said, dict) or set(said) != set(_PARTS):
            raise ProofBroken
        return [_document(said[name]) for name in _PARTS]
    except (Refused, ValueError, RecursionError) as error:
        raise ProofBroken from error


def _document(said: object) -> Any:
    if not isinstance(said, str):
        raise ProofBroken
    return json.loads(said)


def _with_signatures(document: Mapping[str, Any], user_id: str, names: Iterable[str | None]) -> dict[str, Any]:
    """Return what is signed, and of the owner's signatures only those by these keys."""
    own = document["signatures"][user_id]
    wanted = {f"ed25519:{name}" for name in names}
    bare = {name: each for name, each in document.items() if name not in {"signatures", "unsigned"}}
    return {**bare, "signatures": {user_id: {name: each for name, each in own.items() if name in wanted}}}
