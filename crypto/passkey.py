"""Passkeys (WebAuthn Level 3): what an authenticator answers, held against what it was asked, for one host.

Owns the rules of sections 7.1 and 7.2 that are ours to decide: a person was there and was verified, the answer was
made on our own page and in no frame of another, and no certificate is read, because nobody's make of device is asked.
Signatures are verified by the package `webauthn`, which is imported here alone. Nothing is stored here, and no
challenge is used up.

Whatever is wrong ends in one refusal: what was sent stays out of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import cbor2
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import bytes_to_base64url, parse_attestation_object, parse_authenticator_data
from webauthn.helpers import parse_client_data_json as read_client_data
from webauthn.helpers.cose import COSEAlgorithmIdentifier as Algorithm
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    RegistrationCredential,
)

CREDENTIAL_BYTES = range(16, 1024)
# What every authenticator can do one of. Platforms without elliptic curves are left with RSA.
ALGORITHMS = (
    Algorithm.EDDSA,
    Algorithm.ECDSA_SHA_256,
    Algorithm.RSASSA_PKCS1_v1_5_SHA_256,
)


class PasskeyRefused(Exception):
    """An answer does not fit what was asked, or is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where passkeys are for: the console's origin, and the host in it (the RP ID)."""

    origin: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A new passkey: its id as the authenticator gives it, its public key in COSE, and how often it has signed.

    `synced` tells that its owner's other devices can have it too.
    """

    credential: bytes
    public_key: bytes
    signatures: int
    synced: bool


def challenge_in(client_data: bytes) -> bytes:
    """Return the challenge that an answer says it is for."""
    with _refusing():
        return read_client_data(client_data).challenge


def registered(client_data: bytes, attestation: bytes, *, challenge: bytes, place: Place) -> Registered:
    """Return the passkey that was made for a challenge."""
    with _refusing():
        _require_no_frame(client_data)
        _require_one_value(attestation)
        shown = parse_attestation_object(attestation)
        _require_no_certificate(shown.fmt, shown.att_stmt.x5c)
        data = shown.auth_data.attested_credential_data
        credential = b"" if data is None else data.credential_id
        verified = verify_registration_response(
            credential=RegistrationCredential(
                id=bytes_to_base64url(credential),
                raw_id=credential,
                response=AuthenticatorAttestationResponse(client_data_json=client_data, attestation_object=attestation),
            ),
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            require_user_verification=True,
            supported_pub_key_algs=list(ALGORITHMS),
        )
        if len(verified.credential_id) not in CREDENTIAL_BYTES:
            raise PasskeyRefused
        return Registered(
            credential=verified.credential_id,
            public_key=verified.credential_public_key,
            signatures=verified.sign_count,
            synced=shown.auth_data.flags.be,
        )


def signatures_shown(
    credential: bytes,
    public_key: bytes,
    client_data: bytes,
    authenticator_data: bytes,
    signature: bytes,
    *,
    challenge: bytes,
    place: Place,
) -> int:
    """Return how often a passkey has signed, as it says with a right answer to a challenge; 0 where it does not count.

    Whether that number went back is for whoever remembers the last one.
    """
    with _refusing():
        _require_no_frame(client_data)
        verify_authentication_response(
            credential=AuthenticationCredential(
                id=bytes_to_base64url(credential),
                raw_id=credential,
                response=AuthenticatorAssertionResponse(
                    client_data_json=client_data, authenticator_data=authenticator_data, signature=signature
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
        return parse_authenticator_data(authenticator_data).sign_count


def _require_no_frame(client_data: bytes) -> None:
    read = json.loads(client_data)
    if read.get("crossOrigin", False) is not False or "topOrigin" in read:
        raise PasskeyRefused


def _require_one_value(attestation: bytes) -> None:
    stream = BytesIO(attestation)
    cbor2.load(stream)
    if stream.tell() != len(attestation):
        raise PasskeyRefused


def _require_no_certificate(form: str, certificates: list[bytes] | None) -> None:
    """Refuse what was not asked for: a browser leaves it out, and reading certificates is where readers go wrong."""
    if form not in (AttestationFormat.NONE, AttestationFormat.PACKED) or certificates:
        raise PasskeyRefused


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except PasskeyRefused:
        raise
    except Exception as error:
        # The package tells in many ways, some of them Python's own, that bytes are not what they should be.
        raise PasskeyRefused from error
