"""What an administrator does with invitations: makes them from a directory that was just verified, and reads offers.

What the server says of an offer is nothing: who it is from is what the code says that two people compare by voice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from agencies.model import AgencyKind, Role
from agencies.trust import offers
from agencies.trust.deeds import Join
from agencies.trust.network import Network
from agencies.trust.offers import Offered
from client.vault.attesting import AGREED_WITHIN_SECONDS
from client.vault.invitations_api import InvitationsApi, KeptInvitation
from core.errors import InvalidInput
from core.texts import mark
from crypto.tokens import token_hash
from crypto.vault import invitation
from crypto.vault.failures import Refused
from crypto.vault.invitation import Invitation

NOT_OFFERED = mark("Nothing was offered under this invitation yet.")
NOT_READABLE = mark(
    "What was offered under this invitation is no offer for this network. Take the invitation back and make another."
)
NOT_OF_AGENCY = mark("What was offered is for another agency than the invitation. Take it back and make another.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An invitation as it goes on paper, and as the server keeps it."""

    paper: Invitation
    kept: KeptInvitation


async def invite(
    api: InvitationsApi, network: Network, address: str, *, name: str, role: Role, hours: int, agency: UUID | None
) -> Made:
    """Make an invitation: the server is told the hash of its token, and the paper names what this machine verified."""
    paper = Invitation(
        role=role, genesis=network.id, head=network.head.hash, token=invitation.new_token(),
        address=address,
    )  # fmt: skip
    kept = await api.invite(token_hash(paper.token), name=name, role=role, hours=hours, agency=agency)
    return Made(paper=paper, kept=kept)


def offered(kept: KeptInvitation, network: bytes) -> Offered:
    """Return what was offered under an invitation, its signature checked; raise InvalidInput."""
    if kept.offer is None:
        raise InvalidInput(NOT_OFFERED)
    try:
        found = offers.read(kept.offer, network)
    except Refused as refused:
        raise InvalidInput(NOT_READABLE, outcome=refused.outcome) from refused
    if found.offer.agency != kept.agency.bytes:
        raise InvalidInput(NOT_OF_AGENCY)
    return found


def joining(agency: UUID, name: str, kind: AgencyKind, people: Sequence[Offered], at: int) -> Join:
    """Return the proposal that an agency join, with its first people as they offered themselves."""
    return Join(
        agency=agency.bytes, name=name, kind=kind, people=[each.attested() for each in people],
        until=at + AGREED_WITHIN_SECONDS,
    )  # fmt: skip
