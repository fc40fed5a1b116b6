"""Invitations to the vault's network, and what is offered under them, over the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self
from uuid import UUID

import msgspec

from agencies.model import AgencyId, PersonId, Role
from agencies.vault.invitations import LASTS, LONGEST, MOST, Invitation, Opened
from crypto.vault.invitation import TOKEN_BYTES
from crypto.vault.statement import NETWORK_BYTES
from server.api.wire import Moment, NameOfPerson, Wire
from server.api.wire.directory import exactly
from server.api.wire.vault_logs import Statement

HOUR = 3600
Token = Annotated[bytes, exactly(TOKEN_BYTES)]
Hash = Annotated[bytes, exactly(NETWORK_BYTES)]
Hours = Annotated[int, msgspec.Meta(ge=1, le=int(LONGEST.total_seconds()) // HOUR, examples=[72])]


class PutInvitation(Wire, frozen=True, kw_only=True):
    """Whom one invites, to one's own agency or to one that is to join; of the token on the paper the hash."""

    token_hash: Hash
    name: NameOfPerson
    role: Role = Role.PRACTITIONER
    agency: AgencyId | None = None
    hours: Hours = int(LASTS.total_seconds()) // HOUR


class InvitationAnswer(Wire, frozen=True, kw_only=True):
    """An invitation, and what was offered under it: nothing of that is attested."""

    invitation: UUID
    agency: AgencyId
    name: NameOfPerson
    role: Role
    made_by: PersonId
    expires_at: Moment
    offer: Statement | None
    offered_at: Moment | None

    @classmethod
    def of(cls, made: Invitation) -> Self:
        """Return it as it is sent."""
        return cls(
            invitation=made.id, agency=made.agency_id, name=made.name, role=made.role, made_by=made.made_by,
            expires_at=made.expires_at, offer=made.offer, offered_at=made.offered_at,
        )  # fmt: skip


class InvitationsAnswer(Wire, frozen=True, kw_only=True):
    """What the administrators of one's agency have made and is not over."""

    invitations: Annotated[list[InvitationAnswer], msgspec.Meta(max_length=MOST)]

    @classmethod
    def of(cls, made: Iterable[Invitation]) -> Self:
        """Return them as they are sent."""
        return cls(invitations=[InvitationAnswer.of(each) for each in made])


class OpenInvitation(Wire, frozen=True, kw_only=True):
    """The token of a paper."""

    token: Token


class OpenedAnswer(Wire, frozen=True, kw_only=True):
    """Which agency the invitation is for, and which network the server says this is: held against the paper."""

    network: Hash
    agency: AgencyId
    expires_at: Moment
    service: Annotated[str, msgspec.Meta(examples=["streha.example"])]
    police_number: Annotated[str, msgspec.Meta(examples=["192"])]

    @classmethod
    def of(cls, opened: Opened) -> Self:
        """Return it as it is sent."""
        return cls(
            network=opened.network, agency=opened.agency_id, expires_at=opened.expires_at, service=opened.service,
            police_number=opened.police_number,
        )  # fmt: skip


class PutOffer(Wire, frozen=True, kw_only=True):
    """The token of a paper, and one's keys in a statement with the purpose `key-offer`."""

    token: Token
    offer: Statement
