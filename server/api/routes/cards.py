"""Emergency cards: put by those who lead, given to whoever accepted; and the keys of the desks they are sealed to."""

from __future__ import annotations

from typing import Any

from agencies.model import DeskId
from alerts.cards.service import NOT_SEALED
from alerts.model import AlertId
from cases.model import CompartmentId
from core.errors import Conflict, InvalidInput
from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire import Nothing
from server.api.wire.cards import CardAnswer, DeskKeyAnswer, DeskKeysAnswer, GivenAnswer, PutCard, PutDeskKey


async def list_desk_keys(call: Call[Nothing]) -> DeskKeysAnswer:
    """Return the duty desks that the actor belongs to, each with its key."""
    return DeskKeysAnswer.of(await call.services.desk_keys.mine(call.actor))


async def put_desk_key(call: Call[PutDeskKey]) -> DeskKeyAnswer:
    """Give a duty desk its key. What is sealed to its former one has to be sealed again."""
    asked, desk_id = call.asked, DeskId(call.ids["desk"])
    return DeskKeyAnswer.of(
        await call.services.desk_keys.put(call.actor, desk_id, asked.key, asked.signed_at, asked.signature)
    )


async def show_card(call: Call[Nothing]) -> CardAnswer:
    """Return how it stands with the card of a compartment, and the keys of the desks that it is for."""
    return CardAnswer.of(await call.services.cards.see(call.actor, CompartmentId(call.ids["compartment"])))


async def put_card(call: Call[PutCard]) -> CardAnswer:
    """Store the next card of a compartment; the last one is not kept. Where another came first, nothing is stored."""
    asked = call.asked
    sealed = {each.desk: each.sealed for each in asked.sealed}
    if len(sealed) != len(asked.sealed):
        raise InvalidInput(NOT_SEALED)
    compartment_id = CompartmentId(call.ids["compartment"])
    return CardAnswer.of(await call.services.cards.put(call.actor, compartment_id, asked.number, sealed))


async def give_card(call: Call[Nothing]) -> GivenAnswer:
    """Return the sealed card of an alert that the actor has accepted; every time is in the ledger."""
    return GivenAnswer.of(await call.services.cards.give(call.actor, AlertId(call.ids["alert"])))


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="GET",
        path="/api/desk-keys",
        summary="The duty desks one belongs to, and their keys",
        call=list_desk_keys,
        access=Access.STAFF,
        takes=Nothing,
        gives=DeskKeysAnswer,
    ),
    Route(
        method="PUT",
        path="/api/desk-keys/{desk}",
        summary="Give a duty desk its key",
        call=put_desk_key,
        access=Access.OF_DESK,
        takes=PutDeskKey,
        gives=DeskKeyAnswer,
    ),
    Route(
        method="GET",
        path="/api/compartments/{compartment}/card",
        summary="How it stands with a compartment's emergency card",
        call=show_card,
        access=Access.LEADS_COMPARTMENT,
        takes=Nothing,
        gives=CardAnswer,
        refuses=(Conflict,),
    ),
    Route(
        method="PUT",
        path="/api/compartments/{compartment}/card",
        summary="Put a compartment's emergency card",
        call=put_card,
        access=Access.LEADS_COMPARTMENT,
        takes=PutCard,
        gives=CardAnswer,
    ),
    Route(
        method="POST",
        path="/api/alerts/{alert}/card",
        summary="Get the sealed emergency card of an alert that one has accepted",
        call=give_card,
        access=Access.GIVEN_CARD,
        takes=Nothing,
        gives=GivenAnswer,
    ),
)
