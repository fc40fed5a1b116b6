"""An offer: the public halves of keys that somebody made on their own machine, for an administrator to attest.

A statement with the purpose `key-offer`, signed with the offered key: whoever offers it holds its secret half. It
proves nothing of who that is; for that two people compare its code, by voice, before an administrator attests. Its
body is what the person says of themselves; what is attested is what the administrator says.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec

from agencies.model import Role
from agencies.trust.deeds import Attested, Name
from crypto.paper import ALPHABET
from crypto.vault import deeds, statement
from crypto.vault.deeds import Id, Key, Moment
from crypto.vault.hashing import hashed
from crypto.vault.labels import OFFER, OFFER_CODE

# 100 bits: nobody makes other keys with the same letters.
CODE_LETTERS = 20
_GROUP = 5
_LOOKALIKES = str.maketrans("OIL", "011")


class Offer(deeds.Deed, frozen=True, kw_only=True):
    """Who offers keys, and for what they are meant to be attested."""

    person: Id
    agency: Id
    name: Name
    role: Role
    matrix_user: Annotated[str, msgspec.Meta(max_length=255)]
    box_key: Key
    at: Moment


_DEEDS: Mapping[str, type[Offer]] = {"offer": Offer}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An offer whose signature was checked, with the key that signed it and the code that people compare."""

    offer: Offer
    signing_key: bytes
    code: str

    def attested(self, matrix_master: bytes = b"") -> Attested:
        """Return what an administrator attests of it."""
        said = self.offer
        return Attested(
            person=said.person, agency=said.agency, name=said.name, role=said.role, signing_key=self.signing_key,
            box_key=said.box_key, matrix_user=said.matrix_user, matrix_master=matrix_master,
        )  # fmt: skip


def make(seed: bytes, network: bytes, offer: Offer) -> bytes:
    """Return an offer for a network (32 bytes, zeros where it is to be founded)."""
    _do, body = deeds.written(_DEEDS, offer)
    return statement.make(seed, OFFER, network, body)


def read(data: bytes, network: bytes) -> Offered:
    """Return what is offered to a network; raise Refused."""
    said = statement.verified(data, OFFER, network)
    offer = deeds.read(_DEEDS, "offer", said.body)
    return Offered(offer=offer, signing_key=said.key, code=_code(data))


def same_code(offered: Offered, typed: str) -> bool:
    """Whether what was read aloud is the code of an offer, whatever its spaces, dashes and letter case."""
    letters = "".join(typed.upper().replace("-", " ").split()).translate(_LOOKALIKES)
    return hmac.compare_digest(letters.encode(), offered.code.replace(" ", "").encode())


def _code(data: bytes) -> str:
    number = int.from_bytes(hashed(OFFER_CODE, data)) >> (256 - 5 * CODE_LETTERS)
    letters = "".join(ALPHABET[number >> shift & 31] for shift in range(5 * CODE_LETTERS - 5, -5, -5))
    return " ".join(letters[place : place + _GROUP] for place in range(0, CODE_LETTERS, _GROUP))
