"""The board."""

from __future__ import annotations

from typing import Any

from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire import Nothing
from server.api.wire.board import BoardAnswer


async def show_board(call: Call[Nothing]) -> BoardAnswer:
    """Return the actor's board."""
    return BoardAnswer.of(await call.services.board.see(call.actor), call.services.settings, call.language)


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="GET",
        path="/api/board",
        summary="Everything a duty officer must see at once",
        call=show_board,
        access=Access.STAFF,
        takes=Nothing,
        gives=BoardAnswer,
    ),
)
