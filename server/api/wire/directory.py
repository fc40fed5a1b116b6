"""Signing in, and the staff directory, over the wire."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from typing import Annotated, Self

import msgspec

from agencies.model import Agency, AgencyId, AgencyKind, Person, PersonId, Role
from agencies.sign_in import Session
from crypto.sign_in import NONCE_BYTES
from crypto.signing import NETWORK_BYTES, SIGNATURE_BYTES
from server.api.wire import Language, Moment, NameOfAgency, NameOfPerson, Wire


def exactly(length: int) -> msgspec.Meta:
    """Describe so many bytes as JSON holds them."""
    characters = math.ceil(length * 8 / 6)
    pattern = f"^[A-Za-z0-9+/]{{{characters}}}={{{-characters % 4}}}$"
    return msgspec.Meta(
        min_length=length,
        max_length=length,
        description="Base64.",
        examples=[base64.b64encode(bytes(each % 256 for each in range(length))).decode()],
        extra_json_schema={"pattern": pattern},
    )


def at_most(length: int) -> msgspec.Meta:
    """Describe one byte up to so many as JSON holds them."""
    return msgspec.Meta(
        min_length=1, max_length=length, description="Base64.",
        examples=[base64.b64encode(bytes(range(24))).decode()],
    )  # fmt: skip


Nonce = Annotated[bytes, exactly(NONCE_BYTES)]
Signature = Annotated[bytes, exactly(SIGNATURE_BYTES)]
MatrixUser = Annotated[str, msgspec.Meta(examples=["@ana:streha.example"])]


class ChallengeRequest(Wire, frozen=True, kw_only=True):
    """Who wants to sign in."""

    person: PersonId


class ChallengeAnswer(Wire, frozen=True, kw_only=True):
    """What is to be signed with the person's key, within two minutes, and for which network: its name's 32 bytes.

    Programs that know the network by name need only the nonce; a browser has no hash that could make the rest of it.
    """

    nonce: Nonce
    network: Annotated[bytes, exactly(NETWORK_BYTES)]


class SessionRequest(Wire, frozen=True, kw_only=True):
    """A signed challenge."""

    person: PersonId
    nonce: Nonce
    signature: Signature


class SessionAnswer(Wire, frozen=True, kw_only=True):
    """A session: send `Authorization: Bearer <token>` until it expires."""

    token: Annotated[str, msgspec.Meta(examples=["AbC3eF6hIj9lMn2pQr5tUv8xYz1-_4bCd7fGh0jKlMn"])]
    expires_at: Moment

    @classmethod
    def of(cls, session: Session) -> Self:
        """Return a session as it is sent."""
        return cls(token=token_text(session.token), expires_at=session.expires_at)


class PersonAnswer(Wire, frozen=True, kw_only=True):
    """A member of an agency's staff."""

    id: PersonId
    agency: AgencyId
    name: NameOfPerson
    role: Annotated[Role, msgspec.Meta(examples=["practitioner"])]
    matrix_user: MatrixUser

    @classmethod
    def of(cls, person: Person) -> Self:
        """Return a person as it is sent."""
        return cls(
            id=person.id,
            agency=person.agency_id,
            name=person.name,
            role=person.role,
            matrix_user=person.matrix_user,
        )


class PeopleAnswer(Wire, frozen=True, kw_only=True):
    """The people one works with."""

    people: list[PersonAnswer]

    @classmethod
    def of(cls, people: Iterable[Person]) -> Self:
        """Return people as they are sent."""
        return cls(people=[PersonAnswer.of(each) for each in people])


class AgencyAnswer(Wire, frozen=True, kw_only=True):
    """An agency of the network."""

    id: AgencyId
    name: NameOfAgency
    kind: Annotated[AgencyKind, msgspec.Meta(examples=["shelter"])]
    country: Annotated[str, msgspec.Meta(examples=["RS"])]
    language: Language

    @classmethod
    def of(cls, agency: Agency) -> Self:
        """Return an agency as it is sent."""
        return cls(
            id=agency.id,
            name=agency.name,
            kind=agency.kind,
            country=agency.country,
            language=agency.language,
        )


class AgenciesAnswer(Wire, frozen=True, kw_only=True):
    """All agencies of the network."""

    agencies: list[AgencyAnswer]

    @classmethod
    def of(cls, agencies: Iterable[Agency]) -> Self:
        """Return agencies as they are sent."""
        return cls(agencies=[AgencyAnswer.of(each) for each in agencies])


def token_text(token: bytes) -> str:
    """Return a session's token as it stands in a header."""
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode("ascii")


def token_bytes(text: str) -> bytes:
    """Return the token of a header; empty where it cannot be one."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
