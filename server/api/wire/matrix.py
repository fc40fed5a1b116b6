"""Linking people to Matrix identities over the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

import msgspec

from agencies.attestation import DEVICE_KEY_BYTES, EndReason, LinkState
from agencies.linking import PersonLink, ProvenLink, Waiting
from agencies.model import AgencyId, PersonId
from crypto import identity_proof
from server.api.wire import Moment, NameOfPerson, Wire
from server.api.wire.directory import MatrixUser, Signature, exactly

DEVICE_LENGTH = 255
# Longer than any code with its spaces; what is none is refused in words that say what one is.
CODE_LENGTH = 100

DeviceId = Annotated[str, msgspec.Meta(min_length=1, max_length=DEVICE_LENGTH, examples=["GHTYAJCE"])]
DeviceKey = Annotated[bytes, exactly(DEVICE_KEY_BYTES)]


class ClaimDevice(Wire, frozen=True, kw_only=True):
    """What the asker says of a device: its id, its Ed25519 key, and the signature by the asker's own key.

    The signature has the purpose `matrix-device`; what it covers is the asker's id and Matrix user, the device, its key
    and the moment in whole seconds.
    """

    device: DeviceId
    key: DeviceKey
    signed_at: Moment
    signature: Signature


class ConfirmDevice(Wire, frozen=True, kw_only=True):
    """The first 16 characters of the session key, as the person read them aloud."""

    code: Annotated[str, msgspec.Meta(max_length=CODE_LENGTH, examples=["AbCd EfGh IjKl MnOp"])]


class EndLink(Wire, frozen=True, kw_only=True):
    """Why a link ends."""

    reason: EndReason


class ClaimAnswer(Wire, frozen=True, kw_only=True):
    """A device that waits to be confirmed. Its key is not told: the code comes from the person."""

    person: PersonId
    agency: AgencyId
    name: NameOfPerson
    matrix_user: MatrixUser
    device: DeviceId
    made_at: Moment

    @classmethod
    def of(cls, waiting: Waiting) -> Self:
        """Return a claim as it is sent."""
        return cls(
            person=waiting.person.id,
            agency=waiting.person.agency_id,
            name=waiting.person.name,
            matrix_user=waiting.person.matrix_user,
            device=waiting.device_id,
            made_at=waiting.made_at,
        )


class ClaimsAnswer(Wire, frozen=True, kw_only=True):
    """What the asker may confirm, the oldest first."""

    claims: list[ClaimAnswer]

    @classmethod
    def of(cls, waiting: Iterable[Waiting]) -> Self:
        """Return claims as they are sent."""
        return cls(claims=[ClaimAnswer.of(each) for each in waiting])


class MatrixLinkAnswer(Wire, frozen=True, kw_only=True):
    """How far a person is linked. `claimed_at` is there while another device waits to be confirmed."""

    person: PersonId
    name: NameOfPerson
    matrix_user: MatrixUser
    state: LinkState
    device: DeviceId | None
    claimed_at: Moment | None

    @classmethod
    def of(cls, link: PersonLink) -> Self:
        """Return a link as it is sent."""
        return cls(
            person=link.person.id,
            name=link.person.name,
            matrix_user=link.person.matrix_user,
            state=link.state,
            device=link.device_id,
            claimed_at=link.claimed_at,
        )


class MatrixLinksAnswer(Wire, frozen=True, kw_only=True):
    """How far people are linked: an administrator's whole agency, everybody else alone."""

    links: list[MatrixLinkAnswer]

    @classmethod
    def of(cls, links: Iterable[PersonLink]) -> Self:
        """Return links as they are sent."""
        return cls(links=[MatrixLinkAnswer.of(each) for each in links])


class ProvenLinkAnswer(Wire, frozen=True, kw_only=True):
    """What a person signed of their device, and the published objects by which it leads to a master key."""

    person: PersonId
    matrix_user: MatrixUser
    device: DeviceId
    key: DeviceKey
    signed_at: Moment
    signature: Signature
    proof: Annotated[
        bytes, msgspec.Meta(max_length=identity_proof.LONGEST, description="Base64.", examples=["o2ZkZXZpY2V4Ag=="])
    ]

    @classmethod
    def of(cls, link: ProvenLink) -> Self:
        """Return a proven link as it is sent."""
        return cls(
            person=link.person_id, matrix_user=link.matrix_user, device=link.device_id, key=link.device_key,
            signed_at=link.signed_at, signature=link.signature, proof=link.proof,
        )  # fmt: skip


class ProvenLinksAnswer(Wire, frozen=True, kw_only=True):
    """The proven links of an administrator's agency; of nobody for everybody else."""

    links: list[ProvenLinkAnswer]

    @classmethod
    def of(cls, links: Iterable[ProvenLink]) -> Self:
        """Return proven links as they are sent."""
        return cls(links=[ProvenLinkAnswer.of(each) for each in links])
