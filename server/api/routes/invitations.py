"""How somebody new comes in: administrators invite on paper, newcomers offer their keys under its token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.errors import Conflict, NotFound
from server.api.access import Access
from server.api.route import Call, Limit, Route
from server.api.routes.vault_logs import LONGEST_ENTRY
from server.api.wire import Nothing
from server.api.wire.invitations import (
    InvitationAnswer,
    InvitationsAnswer,
    OpenedAnswer,
    OpenInvitation,
    PutInvitation,
    PutOffer,
)


async def invite(call: Call[PutInvitation]) -> InvitationAnswer:
    """Keep an invitation; its token stays on the paper."""
    asked = call.asked
    made = await call.services.invitations.invite(
        call.actor, asked.token_hash, name=asked.name, role=asked.role, agency_id=asked.agency,
        lasts=timedelta(hours=asked.hours),
    )  # fmt: skip
    return InvitationAnswer.of(made)


async def list_invitations(call: Call[Nothing]) -> InvitationsAnswer:
    """Return what one's agency has open, with what was offered."""
    return InvitationsAnswer.of(await call.services.invitations.waiting(call.actor))


async def take_back_invitation(call: Call[Nothing]) -> Nothing:
    """Destroy an invitation and what was offered under it."""
    await call.services.invitations.take_back(call.actor, call.ids["invitation"])
    return Nothing()


async def open_invitation(call: Call[OpenInvitation]) -> OpenedAnswer:
    """Return which agency an invitation is for, to whoever has its token."""
    return OpenedAnswer.of(await call.services.invitations.open(call.asked.token))


async def offer_keys(call: Call[PutOffer]) -> Nothing:
    """Keep what somebody new offers, once for each token."""
    await call.services.invitations.offer(call.asked.token, call.asked.offer)
    return Nothing()


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="POST",
        path="/api/vault/invitations",
        summary="Invite somebody to offer their keys",
        call=invite,
        access=Access.ADMINISTRATOR,
        takes=PutInvitation,
        gives=InvitationAnswer,
        status=201,
        refuses=(Conflict, NotFound),
    ),
    Route(
        method="GET",
        path="/api/vault/invitations",
        summary="The invitations of one's agency, and what was offered under them",
        call=list_invitations,
        access=Access.ADMINISTRATOR,
        takes=Nothing,
        gives=InvitationsAnswer,
        refuses=(Conflict,),
    ),
    Route(
        method="DELETE",
        path="/api/vault/invitations/{invitation}",
        summary="Take an invitation of one's agency back, with what was offered under it",
        call=take_back_invitation,
        access=Access.ADMINISTERS,
        takes=Nothing,
        status=204,
    ),
    Route(
        method="POST",
        path="/api/vault/invitations/opened",
        summary="What an invitation is for, by the token on its paper",
        call=open_invitation,
        access=Access.ANYBODY,
        takes=OpenInvitation,
        gives=OpenedAnswer,
        limit=Limit.CHALLENGE,
        refuses=(NotFound,),
    ),
    Route(
        method="POST",
        path="/api/vault/invitations/offers",
        summary="Offer one's keys, once, by the token on the paper",
        call=offer_keys,
        access=Access.ANYBODY,
        takes=PutOffer,
        status=204,
        limit=Limit.CHALLENGE,
        longest_body=LONGEST_ENTRY,
        refuses=(NotFound,),
    ),
)
