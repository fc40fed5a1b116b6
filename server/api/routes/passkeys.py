"""Passkeys: signing a browser in with one, and keeping one's own."""

from __future__ import annotations

from typing import Any

from agencies.model import PasskeyId
from core.errors import Conflict, InvalidInput, NotAuthenticated
from server.api.access import Access
from server.api.route import Call, Limit, Route, WithCookie
from server.api.wire import Nothing
from server.api.wire.passkeys import (
    AddPasskey,
    NewPasskeyAnswer,
    PasskeyAnswer,
    PasskeyChallengeAnswer,
    PasskeysAnswer,
    PasskeySessionAnswer,
    PasskeySignInRequest,
)


async def ask_passkey_challenge(call: Call[Nothing]) -> PasskeyChallengeAnswer:
    """Give whoever asks something for a passkey to sign, once, within two minutes."""
    return PasskeyChallengeAnswer.of(await call.services.passkey_sign_in.challenge())


async def begin_passkey_session(call: Call[PasskeySignInRequest]) -> WithCookie:
    """Begin a browser's session for a passkey's answer; whatever does not fit is refused in the same words."""
    session, passkey = await call.services.passkey_sign_in.sign_in(call.asked.shown())
    return WithCookie(answer=PasskeySessionAnswer.of(session, passkey), session=session)


async def ask_new_passkey(call: Call[Nothing]) -> NewPasskeyAnswer:
    """Give the asker what an authenticator needs for a new passkey; only within ten minutes of signing in."""
    return NewPasskeyAnswer.of(await call.services.passkeys.ask(call.actor, call.token))


async def add_passkey(call: Call[AddPasskey]) -> PasskeyAnswer:
    """Add the passkey that an authenticator made. The asker is told so in their room."""
    asked = call.asked
    return PasskeyAnswer.of(await call.services.passkeys.add(call.actor, asked.client_data, asked.attestation))


async def list_passkeys(call: Call[Nothing]) -> PasskeysAnswer:
    """Return the asker's own passkeys."""
    return PasskeysAnswer.of(await call.services.passkeys.mine(call.actor, call.token))


async def remove_passkey(call: Call[Nothing]) -> Nothing:
    """Remove a passkey of the asker's: its sessions end with it. The asker is told so in their room."""
    await call.services.passkeys.remove(call.actor, PasskeyId(call.ids["passkey"]))
    return Nothing()


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="POST",
        path="/api/sign-in/passkey-challenges",
        summary="Ask for a challenge for a passkey",
        call=ask_passkey_challenge,
        access=Access.ANYBODY,
        takes=Nothing,
        gives=PasskeyChallengeAnswer,
        status=201,
        limit=Limit.CHALLENGE,
    ),
    Route(
        method="POST",
        path="/api/sign-in/passkey",
        summary="Sign a browser in with a passkey",
        call=begin_passkey_session,
        access=Access.ANYBODY,
        takes=PasskeySignInRequest,
        gives=PasskeySessionAnswer,
        sets_cookie=True,
        limit=Limit.CHALLENGE,
        refuses=(NotAuthenticated,),
    ),
    Route(
        method="POST",
        path="/api/passkeys/challenges",
        summary="Ask for what a new passkey needs",
        call=ask_new_passkey,
        access=Access.STAFF,
        takes=Nothing,
        gives=NewPasskeyAnswer,
        status=201,
        refuses=(Conflict,),
    ),
    Route(
        method="POST",
        path="/api/passkeys",
        summary="Add a passkey",
        call=add_passkey,
        access=Access.STAFF,
        takes=AddPasskey,
        gives=PasskeyAnswer,
        status=201,
        refuses=(InvalidInput, Conflict),
    ),
    Route(
        method="GET",
        path="/api/passkeys",
        summary="List one's own passkeys",
        call=list_passkeys,
        access=Access.STAFF,
        takes=Nothing,
        gives=PasskeysAnswer,
    ),
    Route(
        method="DELETE",
        path="/api/passkeys/{passkey}",
        summary="Remove a passkey",
        call=remove_passkey,
        access=Access.OWNS_PASSKEY,
        takes=Nothing,
        status=204,
    ),
)
