"""Which Matrix device is whose: said by the person, confirmed by an administrator, ended by either."""

from __future__ import annotations

from typing import Any

from agencies.linking import Waiting
from agencies.model import PersonId
from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire import Nothing
from server.api.wire.matrix import (
    ClaimAnswer,
    ClaimDevice,
    ClaimsAnswer,
    ConfirmDevice,
    EndLink,
    MatrixLinksAnswer,
    ProvenLinksAnswer,
)


async def claim_device(call: Call[ClaimDevice]) -> ClaimAnswer:
    """Take the actor's word for a device, in the place of one that waits."""
    asked = call.asked
    claim = await call.services.linking.claim(call.actor, asked.device, asked.key, asked.signed_at, asked.signature)
    return ClaimAnswer.of(Waiting(person=call.actor, device_id=claim.device_id, made_at=claim.made_at))


async def list_claims(call: Call[Nothing]) -> ClaimsAnswer:
    """Return the devices that the actor may confirm."""
    return ClaimsAnswer.of(await call.services.linking.pending(call.actor))


async def confirm_device(call: Call[ConfirmDevice]) -> Nothing:
    """Confirm a person's device by the code that the person reads aloud. Five wrong codes end the claim."""
    await call.services.linking.confirm(call.actor, _person(call), call.asked.code)
    return Nothing()


async def refuse_device(call: Call[Nothing]) -> Nothing:
    """Refuse a person's device; a link that stands goes on."""
    await call.services.linking.refuse(call.actor, _person(call))
    return Nothing()


async def list_links(call: Call[Nothing]) -> MatrixLinksAnswer:
    """Return how far people are linked."""
    return MatrixLinksAnswer.of(await call.services.linking.states(call.actor))


async def list_proofs(call: Call[Nothing]) -> ProvenLinksAnswer:
    """Return how people's devices lead to their identities, for an administrator's program to follow."""
    return ProvenLinksAnswer.of(await call.services.linking.proofs(call.actor))


async def end_link(call: Call[EndLink]) -> Nothing:
    """End a person's link, and whatever of theirs waits to be confirmed."""
    await call.services.linking.end(call.actor, _person(call), call.asked.reason)
    return Nothing()


def _person(call: Call[Any]) -> PersonId:
    return PersonId(call.ids["person"])


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="POST",
        path="/api/matrix/claims",
        summary="Say which Matrix device is one's own",
        call=claim_device,
        access=Access.STAFF,
        takes=ClaimDevice,
        gives=ClaimAnswer,
        status=201,
    ),
    Route(
        method="GET",
        path="/api/matrix/claims",
        summary="The devices one may confirm",
        call=list_claims,
        access=Access.STAFF,
        takes=Nothing,
        gives=ClaimsAnswer,
    ),
    Route(
        method="POST",
        path="/api/matrix/claims/{person}/confirmation",
        summary="Confirm a person's device by its code",
        call=confirm_device,
        access=Access.CONFIRMS_DEVICE,
        takes=ConfirmDevice,
        status=204,
    ),
    Route(
        method="POST",
        path="/api/matrix/claims/{person}/refusal",
        summary="Refuse a person's device",
        call=refuse_device,
        access=Access.CONFIRMS_DEVICE,
        takes=Nothing,
        status=204,
    ),
    Route(
        method="GET",
        path="/api/matrix/links",
        summary="How far people are linked to their Matrix identity",
        call=list_links,
        access=Access.STAFF,
        takes=Nothing,
        gives=MatrixLinksAnswer,
    ),
    Route(
        method="GET",
        path="/api/matrix/proofs",
        summary="How the devices of one's agency lead to their identities",
        call=list_proofs,
        access=Access.STAFF,
        takes=Nothing,
        gives=ProvenLinksAnswer,
    ),
    Route(
        method="POST",
        path="/api/matrix/links/{person}/end",
        summary="End a person's link",
        call=end_link,
        access=Access.ENDS_LINK,
        takes=EndLink,
        status=204,
    ),
)
