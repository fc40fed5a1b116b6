"""An authenticator in software, as a person's device has one: it makes passkeys and signs with them, for any host.

What a browser adds (which page asked) is given by the test, so that it can be another's.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from crypto.tokens import new_token

PRESENT, VERIFIED, SYNCABLE, MADE = 0x01, 0x04, 0x08, 0x40


def client_data(kind: str, challenge: bytes, origin: str, **more: object) -> bytes:
    """Return what a browser says of the page that asked; `kind` is `create` or `get`."""
    said = {
        "type": f"webauthn.{kind}",
        "challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "origin": origin,
        "crossOrigin": False,
        **more,
    }
    return json.dumps(said).encode()


@dataclass(slots=True, kw_only=True)
class Authenticator:
    """One passkey for one host. `signatures` counts on with each use, but where it does not count (`counts`)."""

    host: str
    handle: bytes = field(default_factory=new_token)
    credential: bytes = field(default_factory=new_token)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    flags: int = PRESENT | VERIFIED
    counts: bool = True
    signatures: int = 0

    @property
    def public_key(self) -> bytes:
        """The public key as COSE writes it."""
        numbers = self.key.public_key().public_numbers()
        x, y = (each.to_bytes(32, "big") for each in (numbers.x, numbers.y))
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def make(self, *, form: str = "none", statement: dict[str, Any] | None = None) -> bytes:
        """Return the attestation of the passkey."""
        made = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + self.public_key
        return cbor2.dumps({"fmt": form, "attStmt": statement or {}, "authData": self._data(MADE) + made})

    def sign(self, said: bytes) -> tuple[bytes, bytes]:
        """Return the authenticator's data and its signature for what a browser says."""
        self.signatures += self.counts
        data = self._data(0)
        return data, self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))

    def answer(self, challenge: bytes, origin: str, **more: object) -> dict[str, object]:
        """Return the whole answer to a challenge as the API takes it."""
        said = client_data("get", challenge, origin, **more)
        data, signature = self.sign(said)
        return {
            "credential": self.credential, "client_data": said, "authenticator_data": data, "signature": signature,
            "handle": self.handle,
        }  # fmt: skip

    def _data(self, flags: int) -> bytes:
        host = hashlib.sha256(self.host.encode()).digest()
        return host + bytes([self.flags | flags]) + self.signatures.to_bytes(4, "big")
