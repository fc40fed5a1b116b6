"""What the ledger says of a compartment's vault, for those who lead it."""

from __future__ import annotations

from typing import Any

from cases.model import CompartmentId
from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire import Nothing
from server.api.wire.vault_acts import ActsAnswer, ActsQuery


async def show_vault_acts(call: Call[ActsQuery]) -> ActsAnswer:
    """Return who fetched what, exports, refusals and entries, as the ledger has them."""
    asked = call.asked
    found = await call.services.inquiring.acts(call.actor, _compartment(call), after=asked.after, history=asked.history)
    return ActsAnswer.of(found, call.language)


async def tell_acts_export(call: Call[Nothing]) -> Nothing:
    """Write down that one takes the answer out."""
    await call.services.inquiring.tell_export(call.actor, _compartment(call))
    return Nothing()


def _compartment(call: Call[Any]) -> CompartmentId:
    return CompartmentId(call.ids["compartment"])


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="GET",
        path="/api/vault/compartments/{compartment}/known",
        summary="Who fetched what of a compartment, as the ledger has it",
        call=show_vault_acts,
        access=Access.LEADS_IN_VAULT,
        takes=ActsQuery,
        gives=ActsAnswer,
    ),
    Route(
        method="POST",
        path="/api/vault/compartments/{compartment}/known/exports",
        summary="Write down that one takes out who knew and who fetched",
        call=tell_acts_export,
        access=Access.LEADS_IN_VAULT,
        takes=Nothing,
        status=204,
    ),
)
