r"""Ed25519 signatures over one purpose, one network and one body.

The signed bytes are `"streha/<purpose>/v1\0"`, 32 bytes that name the network, and the body, so that
a signature made for one purpose or network is worth nothing for another. Bodies are deterministic CBOR
(RFC 8949, section 4.2) built by whoever signs; the verifier builds the same bytes from what it expects
and never parses what it has not verified.
"""

from __future__ import annotations

import hashlib

import nacl.bindings
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

SEED_BYTES = 32
PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64
NETWORK_BYTES = 32


class SignatureInvalid(Exception):
    """The signature does not fit the key, the purpose, the network or the body."""


def new_seed() -> bytes:
    """Return a fresh seed of a signing key, from libsodium's randomness."""
    return bytes(SigningKey.generate())


def public_key(seed: bytes) -> bytes:
    """Return the public key of a seed."""
    return bytes(SigningKey(seed).verify_key)


def sign(seed: bytes, purpose: str, network: str, body: bytes) -> bytes:
    """Return the detached signature of a body for a purpose in a network."""
    return sign_for(seed, purpose, network_fingerprint(network), body)


def sign_for(seed: bytes, purpose: str, network: bytes, body: bytes) -> bytes:
    """Return the same for a network that is named by 32 bytes."""
    return signed_for(seed, purpose, network, body)[1]


def signed_for(seed: bytes, purpose: str, network: bytes, body: bytes) -> tuple[bytes, bytes]:
    """Return the public key too, for whoever sends both; it is made from the seed once."""
    key, secret = nacl.bindings.crypto_sign_seed_keypair(seed)
    return key, nacl.bindings.crypto_sign(_message(purpose, network, body), secret)[:SIGNATURE_BYTES]


def verify(key: bytes, purpose: str, network: str, body: bytes, signature: bytes) -> None:
    """Return if the signature fits; raise `SignatureInvalid` otherwise, whatever was wrong."""
    verify_for(key, purpose, network_fingerprint(network), body, signature)


def verify_for(key: bytes, purpose: str, network: bytes, body: bytes, signature: bytes) -> None:
    """Do the same for a network that is named by 32 bytes."""
    if len(key) != PUBLIC_KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        raise SignatureInvalid
    try:
        nacl.bindings.crypto_sign_open(signature + _message(purpose, network, body), key)
    except BadSignatureError as error:
        raise SignatureInvalid from error


def _message(purpose: str, network: bytes, body: bytes) -> bytes:
    return b"streha/" + purpose.encode("ascii") + b"/v1\0" + network + body


def network_fingerprint(network: str) -> bytes:
    """Return the 32 bytes that stand for a network's name in everything that is signed."""
    return hashlib.blake2b(network.encode(), digest_size=NETWORK_BYTES, person=b"streha-network").digest()
