"""The live stream: what changes, as it happens."""

from __future__ import annotations

from typing import Any

from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire.stream import FollowStream
from server.live.place import Place
from server.live.subscription import Subscription


async def follow_stream(call: Call[FollowStream]) -> Subscription:
    """Tell what changes of everything that the actor may know of, from a place on."""
    after = None if call.asked.after is None else Place.read(call.asked.after)
    return await call.services.feed.follow(call.actor.id, call.token, after)


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="GET",
        path="/api/stream",
        summary="What changes, as it happens",
        call=follow_stream,
        access=Access.STAFF,
        takes=FollowStream,
        live=True,
    ),
)
