"""Signing in and out."""

from __future__ import annotations

from typing import Any

from server.api.access import Access
from server.api.route import Call, Limit, Route
from server.api.wire import Nothing
from server.api.wire.directory import ChallengeAnswer, ChallengeRequest, SessionAnswer, SessionRequest


async def ask_challenge(call: Call[ChallengeRequest]) -> ChallengeAnswer:
    """Give whoever asks something to sign."""
    return ChallengeAnswer(nonce=await call.services.sign_in.challenge(call.asked.person))


async def begin_session(call: Call[SessionRequest]) -> SessionAnswer:
    """Begin a session for a rightly signed challenge."""
    asked = call.asked
    return SessionAnswer.of(await call.services.sign_in.sign_in(asked.person, asked.nonce, asked.signature))


async def end_session(call: Call[Nothing]) -> Nothing:
    """End the session that the request came with."""
    await call.services.sign_in.sign_out(call.token)
    return Nothing()


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="POST",
        path="/api/sign-in/challenges",
        summary="Ask for a challenge to sign",
        call=ask_challenge,
        access=Access.ANYBODY,
        takes=ChallengeRequest,
        gives=ChallengeAnswer,
        status=201,
        limit=Limit.CHALLENGE,
    ),
    Route(
        method="POST",
        path="/api/sign-in/sessions",
        summary="Sign in with a signed challenge",
        call=begin_session,
        access=Access.ANYBODY,
        takes=SessionRequest,
        gives=SessionAnswer,
        status=201,
    ),
    Route(
        method="DELETE",
        path="/api/sign-in/sessions/current",
        summary="Sign out",
        call=end_session,
        access=Access.STAFF,
        takes=Nothing,
        status=204,
    ),
)
