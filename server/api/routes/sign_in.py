"""Signing in and out."""

from __future__ import annotations

from typing import Any

from core.errors import NotAuthenticated
from server.api.access import Access
from server.api.route import Call, Limit, Route, WithCookie
from server.api.wire import Nothing
from server.api.wire.browser import BrowserSessionAnswer, BrowserSessionRequest, LinkAnswer
from server.api.wire.directory import ChallengeAnswer, ChallengeRequest, SessionAnswer, SessionRequest, token_bytes


async def ask_challenge(call: Call[ChallengeRequest]) -> ChallengeAnswer:
    """Give whoever asks something to sign."""
    service = call.services.sign_in
    return ChallengeAnswer(nonce=await service.challenge(call.asked.person), network=service.network)


async def begin_session(call: Call[SessionRequest]) -> SessionAnswer:
    """Begin a session for a rightly signed challenge."""
    asked = call.asked
    return SessionAnswer.of(await call.services.sign_in.sign_in(asked.person, asked.nonce, asked.signature))


async def make_link(call: Call[Nothing]) -> LinkAnswer:
    """Make a link that signs one browser in as the actor, once, within two minutes; only a key's session may."""
    return LinkAnswer.of(await call.services.browser_sign_in.link(call.actor, call.token))


async def begin_browser_session(call: Call[BrowserSessionRequest]) -> WithCookie:
    """Begin a browser's session for the code of a link; the browser keeps it where no script can see it.

    It takes the place of the one that the browser had.
    """
    session = await call.services.browser_sign_in.sign_in(token_bytes(call.asked.code), before=call.token)
    call.services.feed.sign_out(call.token)
    return WithCookie(answer=BrowserSessionAnswer.of(session), session=session)


async def end_session(call: Call[Nothing]) -> WithCookie:
    """End the session that the request came with; a browser forgets it."""
    await call.services.sign_in.sign_out(call.token)
    call.services.feed.sign_out(call.token)
    return WithCookie(answer=Nothing())


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
        refuses=(NotAuthenticated,),
    ),
    Route(
        method="POST",
        path="/api/sign-in/links",
        summary="Make a link that signs a browser in",
        call=make_link,
        access=Access.STAFF_WITH_KEY,
        takes=Nothing,
        gives=LinkAnswer,
        status=201,
    ),
    Route(
        method="POST",
        path="/api/sign-in/browser",
        summary="Sign a browser in with the code of a link",
        call=begin_browser_session,
        access=Access.ANYBODY,
        takes=BrowserSessionRequest,
        gives=BrowserSessionAnswer,
        sets_cookie=True,
        limit=Limit.CHALLENGE,
        refuses=(NotAuthenticated,),
    ),
    Route(
        method="DELETE",
        path="/api/sign-in/sessions/current",
        summary="Sign out",
        call=end_session,
        access=Access.STAFF,
        takes=Nothing,
        status=204,
        lapsed=True,
        sets_cookie=True,
    ),
)
