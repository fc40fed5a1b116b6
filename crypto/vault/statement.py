r"""A statement: what somebody has decided, in bytes that travel as they were signed.

    statement  version 0x01 | author's Ed25519 key (32) | signature (64) | body
    signature  over "streha/<purpose>/v1\0" | network (32) | body
    hash       BLAKE2b-256 of "streha/statement-hash/v1\0" | statement

The body is deterministic CBOR, made by whoever signs. It is read after its signature was checked, never before. Whose
key it is, and whether they may say so, is for the rules of the log that it stands in. The network is the hash of its
genesis; a genesis itself is signed for 32 zero bytes.
"""

from __future__ import annotations

import msgspec

from crypto import signing
from crypto.vault import deterministic
from crypto.vault.deterministic import Value
from crypto.vault.failures import NotAsWritten, NotWhole, SignatureWrong, UnknownVersion
from crypto.vault.hashing import hashed
from crypto.vault.labels import PURPOSES, STATEMENT_HASH

VERSION = b"\x01"
NETWORK_BYTES = 32
NO_NETWORK = bytes(NETWORK_BYTES)
_SIGNATURE_AT = len(VERSION) + signing.PUBLIC_KEY_BYTES
_BODY_AT = _SIGNATURE_AT + signing.SIGNATURE_BYTES
LONGEST_BODY = 65_536
LONGEST = _BODY_AT + LONGEST_BODY


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What was signed and by which key, once the signature was found to fit."""

    key: bytes
    body: dict[str, Value]
    hash: bytes


def make(seed: bytes, purpose: str, network: bytes, body: dict[str, Value]) -> bytes:
    """Return a statement signed with a seed (32 bytes)."""
    encoded = deterministic.encode(body)
    if len(encoded) > LONGEST_BODY:
        raise NotWhole
    key, signature = signing.signed_for(seed, _known(purpose), _of_network(network), encoded)
    return VERSION + key + signature + encoded


def verified(data: bytes, purpose: str, network: bytes) -> Statement:
    """Return what a statement says; raise Refused where it was not signed for this purpose and network."""
    _require_whole(data)
    key, body = data[len(VERSION) : _SIGNATURE_AT], data[_BODY_AT:]
    try:
        signing.verify_for(key, _known(purpose), _of_network(network), body, data[_SIGNATURE_AT:_BODY_AT])
    except signing.SignatureInvalid as error:
        raise SignatureWrong from error
    return remembered(data)


def remembered(data: bytes) -> Statement:
    """Return what a statement says that was `verified` before, on this machine, and kept where nobody else writes."""
    _require_whole(data)
    key, body = data[len(VERSION) : _SIGNATURE_AT], data[_BODY_AT:]
    said = deterministic.decode(body)
    if not isinstance(said, dict):
        raise NotAsWritten
    return Statement(key=key, body=said, hash=hash_of(data))


def hash_of(data: bytes) -> bytes:
    """Return the 32 bytes by which others name a statement."""
    return hashed(STATEMENT_HASH, data)


def _require_whole(data: bytes) -> None:
    if data[: len(VERSION)] != VERSION:
        raise UnknownVersion if data else NotWhole
    if not _BODY_AT < len(data) <= _BODY_AT + LONGEST_BODY:
        raise NotWhole


def _known(purpose: str) -> str:
    if purpose not in PURPOSES:
        raise ValueError("a statement has a purpose of the list")
    return purpose


def _of_network(network: bytes) -> bytes:
    if len(network) != NETWORK_BYTES:
        raise ValueError("a network is named by 32 bytes")
    return network
