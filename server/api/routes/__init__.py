"""The one table of routes. Each module holds a domain's rows and the few lines behind each."""

from __future__ import annotations

from typing import Any

from server.api.route import Route
from server.api.routes import (
    alerts,
    board,
    cards,
    cases,
    clocks,
    devices,
    directory,
    incidents,
    invitations,
    matrix,
    operations,
    passkeys,
    reviews,
    rung,
    safe_calls,
    sentences,
    sign_in,
    stream,
    telephone,
    vault_acts,
    vault_contents,
    vault_keys,
    vault_logs,
)

ROUTES: tuple[Route[Any], ...] = (
    *sign_in.ROUTES,
    *passkeys.ROUTES,
    *directory.ROUTES,
    *matrix.ROUTES,
    *cases.ROUTES,
    *reviews.ROUTES,
    *clocks.ROUTES,
    *operations.ROUTES,
    *safe_calls.ROUTES,
    *alerts.ROUTES,
    *devices.ROUTES,
    *incidents.ROUTES,
    *cards.ROUTES,
    *sentences.ROUTES,
    *telephone.ROUTES,
    *rung.ROUTES,
    *board.ROUTES,
    *stream.ROUTES,
    *vault_logs.ROUTES,
    *vault_contents.ROUTES,
    *vault_acts.ROUTES,
    *vault_keys.ROUTES,
    *invitations.ROUTES,
)
