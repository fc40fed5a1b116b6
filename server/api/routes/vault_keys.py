"""People's locked keys: kept for each of their devices, and given to whoever knows a bundle's id."""

from __future__ import annotations

from typing import Any

from core.errors import NotFound
from server.api.access import Access
from server.api.route import Call, Limit, Route
from server.api.wire import Nothing
from server.api.wire.vault_keys import BundleAnswer, BundlesAnswer, PutBundle


async def list_bundles(call: Call[Nothing]) -> BundlesAnswer:
    """Return which locked keys the actor keeps here."""
    return BundlesAnswer.of(await call.services.bundles.mine(call.actor))


async def put_bundle(call: Call[PutBundle]) -> Nothing:
    """Keep locked keys, or others in their place."""
    await call.services.bundles.put(call.actor, call.ids["bundle"], call.asked.kind, call.asked.bundle)
    return Nothing()


async def take_bundle(call: Call[Nothing]) -> Nothing:
    """Destroy locked keys."""
    await call.services.bundles.take_away(call.actor, call.ids["bundle"])
    return Nothing()


async def fetch_bundle(call: Call[Nothing]) -> BundleAnswer:
    """Return locked keys to the device that knows their id."""
    return BundleAnswer.of(await call.services.bundles.fetch(call.ids["bundle"]))


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="GET",
        path="/api/vault/bundles",
        summary="Which locked keys one keeps here",
        call=list_bundles,
        access=Access.STAFF,
        takes=Nothing,
        gives=BundlesAnswer,
    ),
    Route(
        method="PUT",
        path="/api/vault/bundles/{bundle}",
        summary="Keep locked keys of one's own",
        call=put_bundle,
        access=Access.STAFF,
        takes=PutBundle,
        status=204,
    ),
    Route(
        method="DELETE",
        path="/api/vault/bundles/{bundle}",
        summary="Destroy locked keys of one's own",
        call=take_bundle,
        access=Access.STAFF,
        takes=Nothing,
        status=204,
    ),
    Route(
        method="GET",
        path="/api/vault/bundles/{bundle}",
        summary="Locked keys, for the device that knows their id",
        call=fetch_bundle,
        access=Access.ANYBODY,
        takes=Nothing,
        gives=BundleAnswer,
        limit=Limit.CHALLENGE,
        refuses=(NotFound,),
    ),
)
